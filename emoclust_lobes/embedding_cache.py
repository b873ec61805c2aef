"""The file that keeps the embeddings of an encoder.

``<embedding_folder>/<encoder>.npz`` serves all folds and seeds of a corpus: it
only grows. While a run computes, it saves what it has in ``<encoder>.parts/``
beside it; the end of the run, or the start of the next one after a kill, moves
the parts into the cache. One process at a time does so: others wait.
"""

import contextlib
import json
import os
import pathlib
import shutil
import uuid
from typing import NamedTuple

import numpy as np
import pandas
from emoclust_lobes.files import replacing
from emoclust_lobes.locks import locked


class EmbeddingError(ValueError):
    """Embeddings cannot be computed or are missing; says which and why."""


class Embeddings(NamedTuple):
    """Vectors of utterances with what is needed to know if they are current.

    Arguments
    ---------
    identity : dict
        The encoder's, see ``emoclust_lobes.speaker_encoders``.
    ids : numpy.ndarray
        Utterance IDs, shape [n], each once.
    signatures : numpy.ndarray
        Size and modification time (ns) of the audio file, first sample and
        the one after the last (-1 where empty): int64, shape [n, 4].
    vectors : numpy.ndarray
        As the encoder gives them: L2-normalised, but for ``egemaps`` and
        ``ssl``; float32, shape [n, dim].
    """

    identity: dict
    ids: np.ndarray
    signatures: np.ndarray
    vectors: np.ndarray

    def positions(self, ids):
        """Row of each of the IDs, -1 where there is none, shape [len(ids)]."""
        return pandas.Index(self.ids).get_indexer(ids)

    def select(self, ids):
        """Vectors of these utterances, in their order, shape [n, dim].

        Raises ``EmbeddingError`` where some are missing.
        """
        ids = list(ids)
        rows = self.positions(ids)
        missing = [x for x, row in zip(ids, rows, strict=True) if row < 0]
        if missing:
            raise EmbeddingError(
                f"{len(missing)} of {len(ids)} utterances have no "
                f"{self.identity['name']} embedding, among them "
                f"{', '.join(missing[:5])}: embed the utterances first"
            )
        return self.vectors[rows]

    def updated(self, newer):
        """Return these rows and the newer ones, which win."""
        kept = newer.positions(self.ids) < 0
        rows = [
            np.concatenate([mine[kept], theirs])
            for mine, theirs in zip(self[1:], newer[1:], strict=True)
        ]
        return Embeddings(self.identity, *rows)

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


def cache_path(embedding_folder, encoder):
    """Path of an encoder's cache.

    Example
    -------
    >>> cache_path("embeddings", "ecapa").as_posix()
    'embeddings/ecapa.npz'
    """
    return pathlib.Path(embedding_folder) / f"{encoder}.npz"


def read_cache(embedding_folder, encoder):
    """Read the whole cache of an encoder.

    Arguments
    ---------
    embedding_folder : str or pathlib.Path
        Where the cache lies.
    encoder : str
        Name of the speaker encoder.

    Returns
    -------
    Embeddings

    Raises
    ------
    EmbeddingError
        When nothing was embedded yet.

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> read_cache(folder, "stats")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    emoclust_lobes.embedding_cache.EmbeddingError: no embeddings at \
...stats.npz: embed the utterances first
    """
    path = cache_path(embedding_folder, encoder)
    if not path.exists():
        raise EmbeddingError(
            f"no embeddings at {path}: embed the utterances first"
        )
    return Embeddings.load(path)


def merge_parts(embedding_folder, encoder):
    """Move finished parts into the cache, once nobody else writes any.

    A part that comes from another encoder than the rows before it is newer
    than they are and starts the cache afresh.

    Arguments
    ---------
    embedding_folder : str or pathlib.Path
        Where the cache lies.
    encoder : str
        Name of the speaker encoder.

    Returns
    -------
    Embeddings or None
        The cache, ``None`` where there is none.

    Example
    -------
    >>> merge_parts(getfixture("tmp_path"), "stats")
    """
    path = cache_path(embedding_folder, encoder)
    folder = path.with_suffix(".parts")
    with locked(embedding_folder, wait=True):
        parts = sorted(folder.glob("*.npz"), key=os.path.getmtime)
        cache = Embeddings.load(path) if path.exists() else None
        if not parts:
            return cache
        for part in map(Embeddings.load, parts):
            same = cache is not None and cache.identity == part.identity
            cache = cache.updated(part) if same else part
        cache.save(path)
        shutil.rmtree(folder)  # with what kills have left half written
    return cache


class PartWriter:
    """Saves finished rows every so often and at the end, come what may.

    From its start to its end, no other process writes into the folder.

    Arguments
    ---------
    embedding_folder : str or pathlib.Path
        Where the cache lies.
    identity : dict
        The encoder's.
    ids, signatures : numpy.ndarray
        Of all the utterances that will be embedded, as in ``Embeddings``.
    save_every : int
        Number of finished rows that are saved together.

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> ids, signatures = np.array(["a", "b"]), np.zeros((2, 4), dtype="int64")
    >>> with PartWriter(folder, {"name": "stats"}, ids, signatures, 1) as parts:
    ...     parts.add([1], np.ones((1, 3), dtype="float32"))
    >>> merge_parts(folder, "stats").ids.tolist()
    ['b']
    """

    def __init__(self, embedding_folder, identity, ids, signatures, save_every):
        path = cache_path(embedding_folder, identity["name"])
        self.folder = path.with_suffix(".parts")
        self.identity = identity
        self.ids = ids
        self.signatures = signatures
        self.save_every = save_every
        self.finished = []  # pairs of rows and vectors: a signal parts none
        self.lock = contextlib.ExitStack()
        self.embedding_folder = embedding_folder

    def __enter__(self):
        self.lock.enter_context(locked(self.embedding_folder, wait=True))
        return self

    def __exit__(self, *error):
        with self.lock:
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
        part.save(self.folder / f"{uuid.uuid4().hex}.npz")
        self.finished = []
