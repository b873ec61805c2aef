"""Made-up speaker embeddings in the cache, and what a cache holds."""

import numpy as np
from emoclust_lobes.embeddings.parts import PartWriter, merge_parts


def add_embeddings(embedding_folder, embeddings):
    """Add vectors to a cache by the way that a run's vectors take.

    Arguments
    ---------
    embedding_folder : str or pathlib.Path
        Where the caches lie.
    embeddings : Embeddings
        The vectors; those of other encoders in the cache are left behind.

    Example
    -------
    >>> from emoclust_lobes.embeddings.cache import read_cache
    >>> from emoclust_lobes.embeddings.parts import Embeddings
    >>> folder, ids = getfixture("tmp_path"), np.array(["a", "b"])
    >>> signatures = np.zeros((2, 4), dtype="int64")
    >>> vectors = np.eye(2, dtype="float32")
    >>> add_embeddings(
    ...     folder, Embeddings({"name": "stats"}, ids, signatures, vectors)
    ... )
    >>> read_cache(folder, "stats").select(["b"])
    array([[0., 1.]], dtype=float32)
    """
    identity, ids, signatures, vectors = embeddings
    with PartWriter(
        embedding_folder, identity, ids, signatures, save_every=len(ids)
    ) as parts:
        parts.add(np.arange(len(ids)), vectors)
    merge_parts(embedding_folder, identity["name"])


def cached_ids(cache):
    """List the IDs of all utterances that a cache has, sorted.

    Arguments
    ---------
    cache : EmbeddingCache
        From ``read_cache``.

    Returns
    -------
    list of str

    Example
    -------
    >>> from emoclust_lobes.embeddings.cache import read_cache
    >>> from emoclust_lobes.embeddings.parts import Embeddings
    >>> folder, ids = getfixture("tmp_path"), np.array(["ö", "b"])
    >>> signatures = np.zeros((2, 4), dtype="int64")
    >>> add_embeddings(
    ...     folder, Embeddings({"name": "stats"}, ids, signatures, np.eye(2))
    ... )
    >>> cached_ids(read_cache(folder, "stats"))
    ['b', 'ö']
    """
    return np.char.decode(cache.index["id"], "utf-8").tolist()
