"""What a run has embedded so far, and how it gets into the cache.

A run saves what it has in ``parts/`` of the cache's folder; its end, or the start
of the next after a kill, appends them to the cache. A kill at any moment loses the
rows that were not saved yet and no more: parts are removed after the index that has
them was written, and what was appended without one is cut off by the next.
"""

import contextlib
import json
import os
import time
import uuid
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np
from data_prep.storage.files import replacing
from data_prep.storage.locks import locked
from emoclust_lobes.embeddings.cache import (
    cache_path,
    encoded,
    index_type,
    vectors_path,
    whole_cache,
)

from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)


class Embeddings(NamedTuple):
    """Vectors float32 [n, dim] of one encoder, and whose they are.

    The IDs have shape [n], the signatures (of ``sign_utterances``) [n, 4].
    """

    identity: dict
    ids: np.ndarray
    signatures: np.ndarray
    vectors: np.ndarray

    def save(self, path):
        """Write one file, whole or not at all."""
        arrays = {**self._asdict(), "identity": json.dumps(self.identity)}
        with replacing(path, "wb") as stream:
            np.savez(stream, **arrays)

    @classmethod
    def load(cls, path):
        """Read a file that ``save`` wrote."""
        with np.load(path) as arrays:
            part = cls(**arrays)
        return part._replace(identity=json.loads(str(part.identity)))


class PartWriter(contextlib.AbstractContextManager):
    """Saves finished rows every so often and at the end, come what may."""

    def __init__(self, embedding_folder, identity, ids, signatures, save_every):
        self.folder = _parts_folder(embedding_folder, identity["name"])
        self.identity = identity
        self.ids = ids
        self.signatures = signatures
        self.save_every = save_every
        self.finished = []  # pairs of rows and vectors: a signal parts none

    def __exit__(self, *error):
        self.save()

    def add(self, rows, vectors):
        """Take vectors [n, dim] of the utterances at these n positions."""
        self.finished.append((rows, vectors))
        if sum(len(rows) for rows, _ in self.finished) >= self.save_every:
            self.save()

    def save(self):
        """Save what was added since the last time."""
        if not any(len(rows) for rows, _ in self.finished):
            return
        rows, vectors = map(np.concatenate, zip(*self.finished, strict=True))
        part = Embeddings(
            self.identity, self.ids[rows], self.signatures[rows], vectors
        )
        # Sorted by name, the newest is last.
        name = f"{time.time_ns()}-{uuid.uuid4().hex[:8]}"
        part.save(self.folder / f"{name}.npz")
        self.finished = []


def merge_parts(embedding_folder, encoder):
    """Append finished parts to the cache, one after the other.

    Another process that merges is waited for. The newest part says which
    encoder the cache is of: rows of another one are left behind.
    """
    folder = cache_path(embedding_folder, encoder)
    with locked(folder, wait=True):
        parts = _parts_folder(embedding_folder, encoder)
        paths = sorted(parts.glob("*.npz"))
        whole = [path for path in paths if _is_whole(path)]
        if whole:
            identity = Embeddings.load(whole[-1]).identity
            _append(folder, identity, map(Embeddings.load, whole))
        # And what kills have left half written
        for path in [*paths, *folder.rglob(".*.tmp")]:
            path.unlink()
        with contextlib.suppress(OSError):  # none, or one more part came
            parts.rmdir()


def _is_whole(path):
    """Say whether a part can be read; what it held is embedded again."""
    try:
        Embeddings.load(path)
    # numpy and zipfile have no error in common
    except (OSError, EOFError, KeyError, TypeError, ValueError, BadZipFile):
        logger.warning(f"{path} is damaged: it is removed, and made anew")
        return False
    return True


def _parts_folder(embedding_folder, encoder):
    return cache_path(embedding_folder, encoder) / "parts"


def _append(folder, identity, parts):
    """Append the parts of one encoder to the vectors; then, to the index."""
    ids, signatures, rows, end, held = [], [], [], 0, 0
    path = vectors_path(folder, identity)
    cache = whole_cache(folder)
    if cache is not None and cache.identity == identity:
        ids = [cache.index["id"]]
        signatures = [cache.index["signature"]]
        rows = [cache.index["row"]]
        end, held = len(cache.vectors), cache.vectors.nbytes
    else:
        path.unlink(missing_ok=True)  # of an encoder that was here before
    try:
        with open(path, "ab") as stream:
            stream.truncate(held)  # cut off what a kill has left
            for part in parts:
                if part.identity != identity:
                    continue
                stream.write(part.vectors.astype("<f4").tobytes())
                ids.append(encoded(part.ids))
                signatures.append(part.signatures)
                rows.append(end + np.arange(len(part.ids)))
                end += len(part.ids)
                dim = part.vectors.shape[1]
            stream.flush()
            os.fsync(stream.fileno())  # before an index speaks of them
    except OSError as error:
        # A full disk does not say which file
        raise OSError(error.errno, error.strerror, str(path)) from error
    columns = map(np.concatenate, (ids, signatures, rows))
    write_index(folder, identity, dim, *columns)
    for other in folder.glob("vectors-*"):
        if other != path:
            other.unlink()


def write_index(folder, identity, dim, ids, signatures, rows):
    """Say which rows of the vectors count, whole or not at all.

    IDs (from ``encoded``) [n], signatures [n, 4] and rows [n] are one utterance
    each; of a repeated ID the last counts.
    """
    # The first of the reversed is the last.
    names, last = np.unique(ids[::-1], return_index=True)
    index = np.empty(len(names), index_type(names.itemsize))
    index["id"] = names
    index["signature"] = signatures[::-1][last]
    index["row"] = rows[::-1][last]
    header = {
        "identity": identity,
        "dim": dim,
        "rows": int(rows.max()) + 1,
        "id_bytes": names.itemsize,
    }
    with replacing(folder / "index", "wb") as stream:
        stream.write(json.dumps(header).encode() + b"\n")
        stream.write(index.tobytes())
