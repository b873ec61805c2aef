"""What several annotators say of an utterance: votes, dimensions."""
