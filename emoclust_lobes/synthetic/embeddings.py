"""Made-up speaker embeddings in the cache, and what a cache holds."""

import numpy as np
from emoclust_lobes.embeddings.parts import PartWriter, merge_parts


def add_embeddings(embedding_folder, embeddings):
    """Add :class:`Embeddings` to a cache by the way that a run's vectors take.

    Those of other encoders in the cache are left behind.
    """
    identity, ids, signatures, vectors = embeddings
    with PartWriter(
        embedding_folder, identity, ids, signatures, save_every=len(ids)
    ) as parts:
        parts.add(np.arange(len(ids)), vectors)
    merge_parts(embedding_folder, identity["name"])


def cached_ids(cache):
    """List the IDs of all utterances that a cache has, sorted."""
    return np.char.decode(cache.index["id"], "utf-8").tolist()
