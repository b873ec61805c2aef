"""What a run has embedded so far, and how it gets into the cache.

While a run computes, it saves what it has in ``parts/`` of the cache's folder;
the end of the run, or the start of the next one after a kill, appends the
parts to the cache. A kill at any moment loses the rows that were not saved yet
and no more: parts are removed after the index that has them was written, and
what was appended without one is cut off by the next to append.
"""

import contextlib
import json
import os
import time
import uuid
from typing import NamedTuple

import numpy as np
from data_prep.storage.files import replacing
from data_prep.storage.locks import locked
from emoclust_lobes.embeddings.cache import cache_path, find_cache
from emoclust_lobes.embeddings.index import encoded, vectors_path, write_index


class Embeddings(NamedTuple):
    """Vectors of utterances with what is needed to know if they are current.

    Arguments
    ---------
    identity : dict
        The encoder's, see ``emoclust_lobes.encoders.speaker_encoders``.
    ids : numpy.ndarray
        Utterance IDs, shape [n].
    signatures : numpy.ndarray
        As for ``EmbeddingCache.is_current``: int64, shape [n, 4].
    vectors : numpy.ndarray
        float32, shape [n, dim].

    Example
    -------
    >>> path = getfixture("tmp_path") / "part.npz"
    >>> ids, signatures = np.array(["a"]), np.zeros((1, 4), dtype="int64")
    >>> part = Embeddings({"name": "stats"}, ids, signatures, np.ones((1, 2)))
    >>> part.save(path)
    >>> Embeddings.load(path).vectors.tolist()
    [[1.0, 1.0]]
    """

    identity: dict
    ids: np.ndarray
    signatures: np.ndarray
    vectors: np.ndarray

    def save(self, path):
        """Write one file, whole or not at all."""
        with replacing(path, "wb") as stream:
            np.savez(
                stream,
                identity=json.dumps(self.identity),
                ids=self.ids,
                signatures=self.signatures,
                vectors=self.vectors,
            )

    @classmethod
    def load(cls, path):
        """Read a file that ``save`` wrote."""
        with np.load(path) as arrays:
            return cls(
                json.loads(str(arrays["identity"])),
                arrays["ids"],
                arrays["signatures"],
                arrays["vectors"],
            )


class PartWriter:
    """Saves finished rows every so often and at the end, come what may.

    Several processes may write parts of one cache; none may merge them in the
    meantime, see ``embed_utterances``.

    Arguments
    ---------
    embedding_folder : str or pathlib.Path
        Where the caches lie.
    identity : dict
        The encoder's.
    ids, signatures : numpy.ndarray
        Of all the utterances that will be embedded, as in ``Embeddings``.
    save_every : int
        Number of finished rows that are saved together.

    Example
    -------
    >>> from emoclust_lobes.embeddings.cache import read_cache
    >>> folder = getfixture("tmp_path")
    >>> ids, signatures = np.array(["a", "b"]), np.zeros((2, 4), dtype="int64")
    >>> with PartWriter(folder, {"name": "stats"}, ids, signatures, 1) as parts:
    ...     parts.add([1], np.ones((1, 3), dtype="float32"))
    >>> merge_parts(folder, "stats")
    >>> read_cache(folder, "stats").positions(ids).tolist()
    [-1, 0]
    """

    def __init__(self, embedding_folder, identity, ids, signatures, save_every):
        self.folder = _parts_folder(embedding_folder, identity["name"])
        self.identity = identity
        self.ids = ids
        self.signatures = signatures
        self.save_every = save_every
        self.finished = []  # pairs of rows and vectors: a signal parts none

    def __enter__(self):
        return self

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

    Arguments
    ---------
    embedding_folder : str or pathlib.Path
        Where the caches lie.
    encoder : str
        Name of the speaker encoder.

    Raises
    ------
    OSError
        When the cache cannot grow, as on a full disk; names the file. The
        parts stay.

    Example
    -------
    >>> merge_parts(getfixture("tmp_path"), "stats")
    """
    folder = cache_path(embedding_folder, encoder)
    with locked(folder, wait=True):
        parts = _parts_folder(embedding_folder, encoder)
        paths = sorted(parts.glob("*.npz"))
        if paths:
            identity = Embeddings.load(paths[-1]).identity
            _append(folder, identity, map(Embeddings.load, paths))
        # And what kills have left half written
        for path in [*paths, *folder.rglob(".*.tmp")]:
            path.unlink()
        with contextlib.suppress(OSError):  # none, or one more part came
            parts.rmdir()


def _parts_folder(embedding_folder, encoder):
    return cache_path(embedding_folder, encoder) / "parts"


def _append(folder, identity, parts):
    """Append the parts of one encoder to the vectors; then, to the index."""
    ids, signatures, rows, end, held = [], [], [], 0, 0
    path = vectors_path(folder, identity)
    cache = find_cache(folder)
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
            os.fsync(stream.fileno())
    except OSError as error:
        # A full disk does not say which file
        raise OSError(error.errno, error.strerror, str(path)) from error
    columns = map(np.concatenate, (ids, signatures, rows))
    write_index(folder, identity, dim, *columns)
    for other in folder.glob("vectors-*"):
        if other != path:
            other.unlink()
