"""Work that is shared between processes and threads."""
