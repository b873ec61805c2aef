"""Stage 2: emotions, with the speakers beside them."""
