"""Which rows of the vectors on disk count, and whose they are.

``emoclust_lobes.embeddings.cache`` tells what the files are.
"""

import json

import numpy as np
from data_prep.storage.files import fingerprint, replacing


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
    >>> from emoclust_lobes.embeddings.cache import EmbeddingCache
    >>> folder = getfixture("tmp_path")
    >>> identity = {"name": "stats"}
    >>> np.eye(2, dtype="<f4").tofile(vectors_path(folder, identity))
    >>> signatures = np.zeros((2, 4), dtype="int64")
    >>> ids = encoded(["b", "a"])
    >>> write_index(folder, identity, 2, ids, signatures, np.array([0, 1]))
    >>> EmbeddingCache(folder).positions(["a", "b"]).tolist()
    [0, 1]
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
    >>> vectors_path(getfixture("tmp_path"), {"name": "stats"}).suffix
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
