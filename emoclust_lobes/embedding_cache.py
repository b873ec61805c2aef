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
from emoclust_lobes.files import fingerprint, replacing


class EmbeddingError(ValueError):
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
        The encoder's, see ``emoclust_lobes.speaker_encoders``.
    dim : int
        Size of the vectors.
    index : numpy.ndarray
        Records ``id`` (UTF-8), ``signature`` and ``row``, sorted by ID.
    vectors : numpy.ndarray
        float32, shape [rows, dim]: as the encoder gives them, which is
        L2-normalised but for ``egemaps`` and ``ssl``.

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
    emoclust_lobes.embedding_cache.EmbeddingError: the embeddings at ...
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

    @property
    def ids(self):
        """IDs of all utterances, sorted, shape [n]."""
        return np.char.decode(self.index["id"], "utf-8")

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
        Name of the speaker encoder.

    Returns
    -------
    EmbeddingCache

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
...stats: embed the utterances first
    """
    folder = cache_path(embedding_folder, encoder)
    cache = find_cache(folder)
    if cache is None:
        raise EmbeddingError(
            f"no embeddings at {folder}: embed the utterances first"
        )
    return cache


def find_cache(folder):
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


def write_index(folder, identity, dim, ids, signatures, rows):
    """Say which rows of the vectors count, whole or not at all.

    Arguments
    ---------
    folder : pathlib.Path
        Where the cache lies.
    identity : dict
        The encoder's.
    dim : int
        Size of the vectors.
    ids : numpy.ndarray
        UTF-8 IDs of rows 0 to n - 1, as from ``encoded``, shape [n]; of a
        repeated one, the last counts.
    signatures : numpy.ndarray
        int64, shape [n, 4].
    rows : numpy.ndarray
        Their rows of the vectors, shape [n].

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> identity = {"name": "stats"}
    >>> np.eye(2, dtype="<f4").tofile(vectors_path(folder, identity))
    >>> signatures = np.zeros((2, 4), dtype="int64")
    >>> ids = encoded(["b", "a"])
    >>> write_index(folder, identity, 2, ids, signatures, np.array([0, 1]))
    >>> EmbeddingCache(folder).ids.tolist()
    ['a', 'b']
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


def vectors_path(folder, identity):
    """File of the vectors; those of another encoder have another name.

    Example
    -------
    >>> vectors_path(pathlib.Path("cache"), {"name": "stats"}).suffix
    '.f32'
    """
    return folder / f"vectors-{fingerprint(identity)[:16]}.f32"


def encoded(ids):
    """Return the UTF-8 of IDs as an array of bytes, shape [n].

    Example
    -------
    >>> encoded(["ä"]).tolist()
    [b'\\xc3\\xa4']
    """
    return np.char.encode(np.asarray(ids, dtype=str), "utf-8")


def index_type(id_bytes):
    """Type of a record of the index whose IDs have up to so many bytes.

    Example
    -------
    >>> index_type(7).names
    ('id', 'signature', 'row')
    """
    return np.dtype(
        [("id", f"S{id_bytes}"), ("signature", "<i8", 4), ("row", "<i8")]
    )


def _mapped(file, dtype, **options):
    """Map a file to memory, to be read."""
    return np.asarray(np.memmap(file, dtype, mode="r", **options))
