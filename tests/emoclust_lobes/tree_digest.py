"""What is in a folder, file by file."""

import hashlib


def digest(folder):
    """What is in a tree: the hash of each file."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
