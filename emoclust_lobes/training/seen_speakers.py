"""Whom weights have heard: a file beside them, read before they are tested."""

import pathlib

from data_prep.storage.files import replacing

SPEAKERS = "speakers.txt"


def write_seen_speakers(folder, speakers):
    """Write the names of the speakers that weights have heard.

    Arguments
    ---------
    folder : str or pathlib.Path
        Where the weights lie.
    speakers : iterable of str
        Names of those whom they were trained on or chosen by, in any order.

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> write_seen_speakers(folder, ["bob", "ann", "bob"])
    >>> (folder / "speakers.txt").read_text().split()
    ['ann', 'bob']
    """
    with replacing(pathlib.Path(folder) / SPEAKERS) as stream:
        stream.writelines(f"{name}\n" for name in sorted(set(speakers)))


def read_seen_speakers(folder):
    """Read the names of the speakers that weights have heard.

    Arguments
    ---------
    folder : str or pathlib.Path
        Where the weights lie; or a hub's name, of which nothing is known.

    Returns
    -------
    set of str
        Empty where the folder does not tell.

    Example
    -------
    >>> read_seen_speakers("facebook/wav2vec2-base")
    set()
    """
    path = pathlib.Path(folder).expanduser() / SPEAKERS
    if not path.is_file():
        return set()
    return set(path.read_text(encoding="utf-8").splitlines())


def refuse_seen_speakers(folder, test_speakers):
    """Stop when weights have heard those whom they are tested on.

    Arguments
    ---------
    folder : str or pathlib.Path
        As for ``read_seen_speakers``.
    test_speakers : iterable of str
        Speakers of the test split.

    Raises
    ------
    ValueError
        Names them.

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> write_seen_speakers(folder, ["ann"])
    >>> refuse_seen_speakers(folder, ["bob"])
    >>> refuse_seen_speakers(folder, ["ann", "bob"])
    Traceback (most recent call last):
    ...
    ValueError: ... has heard 1 of the test speakers (ann): give weights that \
have not, those of this fold
    """
    heard = sorted(read_seen_speakers(folder) & set(test_speakers))
    if heard:
        raise ValueError(
            f"{folder} has heard {len(heard)} of the test speakers "
            f"({', '.join(heard[:5])}): give weights that have not, those of "
            "this fold"
        )
