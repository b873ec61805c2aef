"""One module for each corpus: scan its folder, and describe its utterances."""
