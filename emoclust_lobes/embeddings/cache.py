"""The vectors of a speaker encoder on disk, read through a memory map.

``<embedding_folder>/<encoder>/`` serves all folds and seeds of a corpus. It
holds two files:

* ``vectors-<identity>.f32``: raw float32, a row per vector, only appended to;
* ``index``: a line of JSON (identity, dimensions and number of rows), then a
  record per utterance, sorted by ID: its signature and its row.

The index is written whole or not at all and says which rows count. An
utterance that was embedded again has a new row, and its old one is not read
any more. Memory maps that were opened before see what they saw.
"""

import json
import pathlib

import numpy as np
from data_prep.errors import EmoclustError
from emoclust_lobes.embeddings.index import encoded, index_type, vectors_path
from emoclust_lobes.embeddings.joined import JoinedCaches, split_encoders


class EmbeddingError(EmoclustError):
    """Embeddings cannot be computed or are missing; says which and why."""


def cache_path(embedding_folder, encoder):
    """Folder of an encoder's cache.

    Arguments
    ---------
    embedding_folder : str or pathlib.Path
        Where the caches lie.
    encoder : str
        Name of the speaker encoder.

    Returns
    -------
    pathlib.Path

    Example
    -------
    >>> cache_path("embeddings", "ecapa").as_posix()
    'embeddings/ecapa'
    """
    return pathlib.Path(embedding_folder) / encoder


class EmbeddingCache:
    """Looks up vectors without reading the others.

    Arguments
    ---------
    folder : pathlib.Path
        Where the cache lies, see ``cache_path``.

    Attributes
    ----------
    identity : dict
        The encoder's, see ``emoclust_lobes.encoders.speaker_encoders``.
    dim : int
        Size of the vectors.
    index : numpy.ndarray
        Records ``id`` (UTF-8), ``signature`` and ``row``, sorted by ID.
    vectors : numpy.ndarray
        float32, shape [rows, dim]: as the encoder gives them, which is
        L2-normalized but for ``egemaps`` and ``ssl``.

    Raises
    ------
    EmbeddingError
        When its files are incomplete or do not fit together.

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> _ = (folder / "index").write_text("{}")
    >>> EmbeddingCache(folder)
    Traceback (most recent call last):
    ...
    emoclust_lobes.embeddings.cache.EmbeddingError: the embeddings at ...
    """

    def __init__(self, folder):
        try:
            with open(folder / "index", "rb") as stream:
                header = json.loads(stream.readline())
                self.index = _mapped(
                    stream,
                    index_type(header["id_bytes"]),
                    offset=stream.tell(),
                )
            self.identity = header["identity"]
            self.dim = header["dim"]
            self.vectors = _mapped(
                vectors_path(folder, self.identity),
                np.dtype("<f4"),
                shape=(header["rows"], self.dim),
            )
        except (FileNotFoundError, KeyError, ValueError) as error:
            raise EmbeddingError(
                f"the embeddings at {folder} are damaged ({error}): remove "
                "this folder and embed the utterances again"
            ) from error

    def __len__(self):
        """Number of utterances."""
        return len(self.index)

    def positions(self, ids):
        """Place of each ID in the index, -1 where it has none, shape [n]."""
        names = encoded(ids)
        known = self.index["id"]
        # A longer name is cut to fit, and then is not the one that is found.
        places = np.searchsorted(known, names.astype(known.dtype))
        places = places.clip(max=len(known) - 1)
        return np.where(known[places] == names, places, -1)

    def is_current(self, ids, signatures):
        """Tell which utterances have a vector of the file as it is now.

        Arguments
        ---------
        ids : iterable of str
            IDs of n utterances.
        signatures : numpy.ndarray
            Size of the audio file (in a tar, where the recording ends) and
            its modification time (ns), first sample and the one after the last
            (-1 where empty): int64, shape [n, 4].

        Returns
        -------
        numpy.ndarray
            bool, shape [n].
        """
        places = self.positions(ids)
        same = self.index["signature"][places] == signatures
        return (places >= 0) & same.all(axis=1)

    def select(self, ids):
        """Read the vectors of some utterances, in their order.

        Arguments
        ---------
        ids : iterable of str
            IDs of n utterances.

        Returns
        -------
        numpy.ndarray
            float32, shape [n, dim].

        Raises
        ------
        EmbeddingError
            When some are missing.
        """
        ids = list(ids)
        places = self.positions(ids)
        missing = [ids[n] for n in np.flatnonzero(places < 0)]
        if missing:
            raise EmbeddingError(
                f"{len(missing)} of {len(ids)} utterances have no "
                f"{self.identity['name']} embedding, among them "
                f"{', '.join(missing[:5])}: embed the utterances first"
            )
        return self.vectors[self.index["row"][places]]


def read_cache(embedding_folder, encoder):
    """Open the cache of an encoder.

    Arguments
    ---------
    embedding_folder : str or pathlib.Path
        Where the caches lie.
    encoder : str
        Name of the speaker encoder, or of several (``"campplus+ge2e"``).

    Returns
    -------
    EmbeddingCache or JoinedCaches

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
    emoclust_lobes.embeddings.cache.EmbeddingError: no embeddings at \
...stats: embed the utterances first
    """
    names = split_encoders(encoder)
    if len(names) > 1:
        return JoinedCaches([read_cache(embedding_folder, x) for x in names])
    folder = cache_path(embedding_folder, encoder)
    cache = find_cache(folder)
    if cache is None:
        raise EmbeddingError(
            f"no embeddings at {folder}: embed the utterances first"
        )
    return cache


def find_cache(folder) -> EmbeddingCache | None:
    """Open the cache in a folder, or return ``None`` where there is none.

    Arguments
    ---------
    folder : pathlib.Path
        From ``cache_path``.

    Returns
    -------
    EmbeddingCache or None

    Example
    -------
    >>> find_cache(getfixture("tmp_path")) is None
    True
    """
    return EmbeddingCache(folder) if (folder / "index").exists() else None


def _mapped(file, dtype, **options):
    """Map a file to memory, to be read."""
    return np.asarray(np.memmap(file, dtype, mode="r", **options))
