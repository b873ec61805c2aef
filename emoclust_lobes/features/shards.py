"""Files of a feature cache: shards of frames, and whose they are.

A shard is a float16 array in a ``.npy``, which is opened as a memory map, and a
CSV of the same name beside it. Both are written aside and renamed, the CSV
last, and never change afterwards: an utterance that is computed again is in a
newer shard, which wins.
"""

import contextlib
import time
import uuid

import numpy as np
import pandas
from data_prep.storage.files import replacing

SIGNATURE = ["size", "mtime_ns", "start", "stop"]
_COLUMNS = ["ID", "first", "frames", *SIGNATURE]


def read_index(folder):
    """Tell where each utterance's features are, and what they were made of.

    The columns are ``ID``, ``shard`` (path of the array), ``first`` and
    ``frames`` (where in it), and those of ``SIGNATURE``.
    """
    tables = [pandas.DataFrame(columns=[*_COLUMNS, "shard"])]
    for path in sorted(folder.glob("*.csv")):
        shard = path.with_suffix(".npy")
        if shard.exists():
            table = pandas.read_csv(
                path, dtype={"ID": str}, keep_default_na=False
            )
            tables.append(table.assign(shard=str(shard)))
    # Without the empty table, whose columns have no type, where there are more
    index = pandas.concat(tables[1:] or tables, ignore_index=True)
    return index.drop_duplicates("ID", keep="last", ignore_index=True)


class ShardWriter(contextlib.AbstractContextManager):
    """Saves finished features every so often and at the end, come what may."""

    def __init__(self, folder, ids, signatures, megabytes):
        self.folder = folder
        self.ids = ids.to_numpy()
        self.signatures = signatures
        self.bytes = megabytes * 2**20
        self.finished = []  # pairs of row and features: a signal parts none

    def __exit__(self, *error):
        self.save()

    def add(self, row, features):
        """Take the float16 [frames, dim] of the utterance at this position."""
        self.finished.append((row, features))
        if sum(each.nbytes for _, each in self.finished) >= self.bytes:
            self.save()

    def save(self):
        """Write what was added since the last time as one shard."""
        if not self.finished:
            return
        rows, features = map(list, zip(*self.finished, strict=True))
        # Sorted by name, the newest is last.
        name = f"{time.time_ns()}-{uuid.uuid4().hex[:8]}"
        with replacing(self.folder / f"{name}.npy", "wb") as stream:
            np.save(stream, np.concatenate(features))
        index = pandas.DataFrame(self.signatures[rows], columns=SIGNATURE)
        index["ID"] = self.ids[rows]
        index["frames"] = [len(each) for each in features]
        index["first"] = index["frames"].cumsum() - index["frames"]
        with replacing(self.folder / f"{name}.csv") as stream:
            index.to_csv(stream, columns=_COLUMNS, index=False)
        self.finished = []
