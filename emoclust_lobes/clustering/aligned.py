"""One clustering for all speakers, so that cluster 2 is the same for each.

Each vector is without its speaker's mean; utterances of different speakers can
be positives.
"""

import numpy as np
from emoclust_lobes.clustering.centering import (
    remove_sentences,
    remove_speakers,
)
from emoclust_lobes.clustering.clusters import ClusterError
from threadpoolctl import threadpool_limits


def check_n_clusters(n_clusters):
    """Raise unless a number of aligned clusters is a whole one."""
    if not isinstance(n_clusters, int):
        raise ClusterError(
            f"found n_clusters={n_clusters!r} for aligned clusters, which all "
            "speakers share: give a whole number from 2, such as "
            "--n_clusters=4, or another pretraining"
        )


def aligned_clusters(
    vectors, ids, speakers, n_clusters, n_init, seed, sentences=None
):
    """Cluster the utterances of all speakers at once, vectors [n, dim].

    Sentences, if given, and speakers are removed. Returns clusters and
    margins, [n]: the same for any order of rows and number of threads.
    """
    check_n_clusters(n_clusters)
    if not 2 <= n_clusters <= len(ids):
        raise ClusterError(
            f"found {len(ids)} utterances for {n_clusters} aligned clusters: "
            "give a pool of more utterances, and n_clusters from 2 to their "
            "number"
        )
    # The starts, and the last digits of a mean, depend on the order of rows.
    order = np.lexsort((np.asarray(ids), np.asarray(speakers)))
    vectors, speakers = np.asarray(vectors)[order], np.asarray(speakers)[order]
    if sentences is not None:
        sentences = np.asarray(sentences)[order]
        vectors = remove_sentences(vectors, speakers, sentences)
    centered = remove_speakers(vectors, speakers)
    # The number of threads, too, would change the last digits.
    with threadpool_limits(1):
        from sklearn.cluster import KMeans  # takes a second

        model = KMeans(n_clusters, n_init=n_init, random_state=seed)
        distances = model.fit(centered).transform(centered)
    nearest = np.sort(distances, axis=1)
    labels = np.empty(len(order), dtype=np.int64)
    margins = np.empty(len(order))
    labels[order] = distances.argmin(axis=1)
    margins[order] = nearest[:, 1] - nearest[:, 0]
    return labels, margins
