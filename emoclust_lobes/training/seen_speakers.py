"""Whom weights have seen: a file beside them, read before they are tested.

Speakers are named ``CORPUS/SPEAKER``, since two corpora may have a speaker
1001 each; an external pool is the corpus of its speakers.
"""

import pathlib

from data_prep.errors import EmoclustError, name_some
from data_prep.manifests.summary import read_summary
from data_prep.storage.files import replacing

from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)

SPEAKERS = "speakers.txt"
HEADER = "# CORPUS/SPEAKER"
# The corpus of those in files that do not tell it
UNKNOWN = "?"


def speakers_in(sources):
    """Map ``CORPUS/SPEAKER`` to the manifest's name of all in its CSVs."""
    found: dict[str, str] = {}
    for source in sources:
        path = pathlib.Path(source.csv)
        summary = read_summary(path.parent)
        corpus = f"{summary['corpus']}/"
        for counts in summary["counts"][path.stem].values():
            # A pool's name stands in front of its speakers already
            found.update(
                (corpus + name.removeprefix(corpus), name) for name in counts
            )
    return found


def write_seen_speakers(folder, speakers):
    """Write those whom weights were trained on or chosen by."""
    with replacing(pathlib.Path(folder) / SPEAKERS) as stream:
        lines = [HEADER, *sorted(set(speakers))]
        stream.writelines(f"{line}\n" for line in lines)


def read_seen_speakers(folder):
    """Read the speakers that weights in a folder have seen.

    None, where it does not tell; a hub's name is no folder, and tells nothing.
    """
    path = pathlib.Path(folder).expanduser() / SPEAKERS
    if not path.is_file():
        return set()
    lines = path.read_text(encoding="utf-8").splitlines()
    if lines[:1] == [HEADER]:
        return set(lines[1:])
    return {f"{UNKNOWN}/{name}" for name in lines}


def seen_among(folder, speakers):
    """Which of some speakers weights have seen: for certain, and perhaps.

    The speakers are as ``speakers_in`` gives them. Perhaps, where the weights
    do not tell the corpus of a speaker of that name.
    """
    seen = read_seen_speakers(folder)
    certain = [name for name in speakers if name in seen]
    perhaps = [
        name
        for name, bare in speakers.items()
        if f"{UNKNOWN}/{bare}" in seen and name not in seen
    ]
    return certain, perhaps


def refuse_seen_speakers(folder, test_speakers):
    """Stop when weights have seen a speaker whom they are tested on."""
    certain, perhaps = seen_among(folder, test_speakers)
    if certain:
        raise EmoclustError(
            f"{folder} has seen {len(certain)} of the test speakers "
            f"({name_some(sorted(certain), 5)}): give weights that have not, "
            "those of this fold"
        )
    if perhaps:
        logger.warning(
            f"{folder} has seen speakers of the same names as {len(perhaps)} "
            f"of the test speakers ({name_some(sorted(perhaps), 5)}), and its "
            f"{SPEAKERS} does not tell of which corpus. If it is this one, "
            "the result is worth nothing. If not, write the corpus in front "
            f"of each name there, and {HEADER!r} above them"
        )
