"""A tree of recordings packed in tars, as pools of this size are moved."""

import pathlib
import tarfile

from data_prep.recordings.audio_files import find_files


def pack_tars(folder, target, n_tars=2, **kwargs):
    """Deal the recordings of a tree out to tars in a folder; return their paths.

    They are ``shard-000.tar`` and so on; ``kwargs`` are of ``tarfile.open``.
    """
    names = find_files(folder)
    pathlib.Path(target).mkdir(parents=True, exist_ok=True)
    tars = []
    for number in range(n_tars):
        tars.append(pathlib.Path(target, f"shard-{number:03d}.tar"))
        with tarfile.open(tars[-1], "w", **kwargs) as tar:
            for name in names[number::n_tars]:
                tar.add(pathlib.Path(folder, name), name)
    return tars
