"""One clustering for all speakers, so that cluster 2 is the same for each.

Inside each speaker the clusters have numbers without a meaning. Here the
vectors of all speakers, each without its speaker's mean, are clustered
together, and utterances of different speakers can be positives.
"""

import numpy as np
from emoclust_lobes.clustering.centering import (
    remove_sentences,
    remove_speakers,
)
from emoclust_lobes.clustering.clusters import ClusterError
from threadpoolctl import threadpool_limits


def check_n_clusters(n_clusters):
    """Raise unless a number of aligned clusters is one.

    ``silhouette`` chooses for each speaker; these are of all speakers.

    Arguments
    ---------
    n_clusters : object
        What the YAML says.

    Raises
    ------
    ClusterError
        When it is no whole number.

    Example
    -------
    >>> check_n_clusters(4)
    """
    if not isinstance(n_clusters, int):
        raise ClusterError(
            f"found n_clusters={n_clusters!r} for aligned clusters, which all "
            "speakers share: give a whole number from 2, such as "
            "--n_clusters=4, or another pretraining"
        )


def aligned_clusters(
    vectors, ids, speakers, n_clusters, n_init, seed, sentences=None
):
    """Cluster the utterances of all speakers at once.

    Each speaker's vectors are centered by their mean and scaled to length one;
    then one k-means clusters all. The result belongs to the IDs: the order of
    the rows does not matter, and neither does the number of threads.

    Arguments
    ---------
    vectors : numpy.ndarray
        Embeddings, shape [n, dim].
    ids, speakers : sequence of str
        ID and speaker of each utterance, length [n].
    n_clusters : int
        Number of clusters.
    n_init : int
        Starts, of which the best counts.
    seed : int
        Seed of the run.
    sentences : sequence of str
        Sentence of each utterance where sentences are removed first, as by
        ``remove_sentences``, length [n].

    Returns
    -------
    labels : numpy.ndarray
        Cluster of each utterance, in ``range(n_clusters)``, shape [n].
    margins : numpy.ndarray
        Euclidean distance to the second nearest center minus that to the
        nearest, at least 0, shape [n].

    Raises
    ------
    ClusterError
        When the number of clusters is not a whole one, there are fewer than
        two, or fewer utterances than clusters.

    Example
    -------
    >>> anna = np.array([[5.0, 1.0], [5.0, -1.0]])
    >>> bert = np.array([[0.0, -3.0], [0.0, 3.0]])
    >>> labels, margins = aligned_clusters(
    ...     vectors=np.concatenate([anna, bert]),
    ...     ids=["a1", "a2", "b1", "b2"],
    ...     speakers=["anna", "anna", "bert", "bert"],
    ...     n_clusters=2,
    ...     n_init=2,
    ...     seed=1,
    ... )
    >>> bool(labels[0] == labels[3] != labels[1] == labels[2])
    True
    >>> margins.tolist()
    [2.0, 2.0, 2.0, 2.0]
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
