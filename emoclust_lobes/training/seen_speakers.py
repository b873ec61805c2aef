"""Whom weights have seen: a file beside them, read before they are tested."""

import pathlib

from data_prep.errors import EmoclustError
from data_prep.storage.files import replacing

SPEAKERS = "speakers.txt"


def write_seen_speakers(folder, speakers):
    """Write the names of those whom weights were trained on or chosen by."""
    with replacing(pathlib.Path(folder) / SPEAKERS) as stream:
        stream.writelines(f"{name}\n" for name in sorted(set(speakers)))


def read_seen_speakers(folder):
    """Read the speakers that weights in a folder have seen.

    None, where it does not tell; a hub's name is no folder, and tells nothing.
    """
    path = pathlib.Path(folder).expanduser() / SPEAKERS
    if not path.is_file():
        return set()
    return set(path.read_text(encoding="utf-8").splitlines())


def refuse_seen_speakers(folder, test_speakers):
    """Stop when weights have seen a speaker whom they are tested on."""
    seen = sorted(read_seen_speakers(folder) & set(test_speakers))
    if seen:
        raise EmoclustError(
            f"{folder} has seen {len(seen)} of the test speakers "
            f"({', '.join(seen[:5])}): give weights that have not, those of "
            "this fold"
        )
