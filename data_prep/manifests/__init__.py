"""The CSV files that everything else reads: written, read, split, validated."""
