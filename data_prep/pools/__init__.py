"""Speech without emotion labels: what stage 1 learns from."""
