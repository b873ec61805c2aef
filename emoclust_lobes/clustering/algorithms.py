"""Clustering the utterances of one speaker.

All algorithms see the same space: the speaker's embeddings without their
mean, which is who speaks, at length one. Every algorithm has the signature
``(vectors, n_clusters, n_init, seed) -> labels`` with labels in
``range(n_clusters)``, some of which may be unused.
"""

import hashlib
import warnings

import numpy as np
from emoclust_lobes.clustering.kmeans import kmeans, spherical

MAX_SILHOUETTE_CLUSTERS = 10


def unit(vectors):
    """Scale vectors to length one; zero vectors stay zero.

    Arguments
    ---------
    vectors : numpy.ndarray
        Shape [n, dim].

    Returns
    -------
    numpy.ndarray
        Shape [n, dim].

    Example
    -------
    >>> unit(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1)


def speaker_seed(seed, speaker):
    """Seed of one speaker, from the run's seed and the speaker's name.

    Arguments
    ---------
    seed : int
        Seed of the run.
    speaker : str
        Name of the speaker.

    Returns
    -------
    int
        Below 2 ** 32.

    Example
    -------
    >>> speaker_seed(1, "anna") == speaker_seed(1, "anna")
    True
    >>> speaker_seed(1, "anna") == speaker_seed(2, "anna")
    False
    """
    digest = hashlib.sha256(f"{seed}|{speaker}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def ward(vectors, n_clusters, n_init, seed):
    """Ward's agglomerative clustering; deterministic, so no restarts.

    Arguments
    ---------
    vectors, n_clusters
        As for ``gmm``.
    n_init, seed : int
        Not used.

    Returns
    -------
    numpy.ndarray
        As of ``gmm``.

    Example
    -------
    >>> ward(np.array([[0.0], [0.1], [5.0]]), 2, n_init=1, seed=1).tolist()
    [0, 0, 1]
    """
    from sklearn.cluster import AgglomerativeClustering  # a second

    model = AgglomerativeClustering(n_clusters, linkage="ward")
    return model.fit_predict(vectors)


def gmm(vectors, n_clusters, n_init, seed):
    """Mixture of Gaussians with diagonal covariances, the likeliest cluster.

    A tenth of the mean variance is added to each variance: clusters are often
    smaller than the space has dimensions.

    Arguments
    ---------
    vectors : numpy.ndarray
        Shape [n, dim].
    n_clusters : int
        How many.
    n_init, seed : int
        Starts, of which the likeliest mixture is kept, and their seed.

    Returns
    -------
    numpy.ndarray
        Cluster of each vector, shape [n].

    Example
    -------
    >>> found = gmm(np.array([[0.0], [0.1], [5.0], [5.1]]), 2, n_init=1, seed=1)
    >>> bool(found[0] == found[1] != found[2] == found[3])
    True
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    model = GaussianMixture(
        n_clusters,
        covariance_type="diag",
        n_init=n_init,
        random_state=seed,
        reg_covar=0.1 * vectors.var(axis=0).mean() + 1e-9,
    )
    with warnings.catch_warnings():
        # Identical recordings can leave fewer distinct points than clusters.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit_predict(vectors)


ALGORITHMS = {
    "kmeans": kmeans,
    "spherical": spherical,
    "ward": ward,
    "gmm": gmm,
}


def cluster_speaker(vectors, n_clusters, algorithm, n_init, seed):
    """Cluster one speaker's utterances.

    A speaker of n utterances gets at most n // 2 clusters, so that a cluster
    holds two utterances on average; where that leaves fewer than two, all
    utterances are one cluster.

    Arguments
    ---------
    vectors : numpy.ndarray
        Of all the speaker's utterances, from ``remove_speaker``,
        shape [n, dim].
    n_clusters : int or str
        Number of clusters, or ``"silhouette"`` for the number from 2 to 10
        with the highest mean silhouette (cosine), the smaller of equals.
    algorithm : str
        ``"kmeans"``, ``"spherical"``, ``"ward"`` or ``"gmm"``.
    n_init : int
        Number of starts, of which the best counts.
    seed : int
        Below 2 ** 32.

    Returns
    -------
    numpy.ndarray
        Cluster of each utterance, shape [n], numbered from 0 in the order in
        which clusters first appear.

    Example
    -------
    >>> vectors = np.repeat(np.eye(3), 4, axis=0)
    >>> cluster_speaker(vectors, 3, "kmeans", n_init=2, seed=1).tolist()
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    >>> cluster_speaker(vectors[:3], 3, "kmeans", n_init=2, seed=1).tolist()
    [0, 0, 0]
    """
    most = len(vectors) // 2
    if most < 2:
        return np.zeros(len(vectors), dtype=np.int64)
    cluster = ALGORITHMS[algorithm]
    if n_clusters == "silhouette":
        candidates = [
            cluster(vectors, k, n_init, seed)
            for k in range(2, min(most, MAX_SILHOUETTE_CLUSTERS) + 1)
        ]
        scores = [silhouette(vectors, labels) or -1 for labels in candidates]
        labels = candidates[np.argmax(scores)]
    else:
        labels = cluster(vectors, min(n_clusters, most), n_init, seed)
    return _renumber(labels)


def silhouette(vectors, labels):
    """Mean silhouette by cosine distance, None where it is not defined.

    Rousseeuw, "Silhouettes", Journal of Computational and Applied Mathematics
    20, 1987. An utterance that is alone in its cluster counts 0.

    Arguments
    ---------
    vectors : numpy.ndarray
        Shape [n, dim].
    labels : numpy.ndarray
        Cluster of each vector, shape [n].

    Returns
    -------
    float or None

    Example
    -------
    >>> silhouette(np.repeat(np.eye(2), 2, axis=0), [0, 0, 1, 1])
    1.0
    >>> silhouette(np.eye(2), [0, 0]) is None
    True
    """
    _, rows, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if not 2 <= len(sizes) < len(rows):
        return None
    vectors = unit(vectors)
    members = np.eye(len(sizes))[rows]
    # The cosines with all members of a cluster sum to the product with their
    # sum, so no matrix of all pairs is needed. Rounding takes away the noise
    # that identical utterances would be ranked by.
    sums = (sizes - vectors @ (vectors.T @ members)).round(12)
    mine = members == 1
    own = sums[mine] - (~vectors.any(axis=1))  # a zero vector is at 1 to itself
    own = own / np.maximum(sizes[rows] - 1, 1)
    other = np.where(mine, np.inf, sums / sizes).min(axis=1)
    larger = np.maximum(own, other)
    scores = np.zeros(len(rows))
    defined = (larger > 0) & (sizes[rows] > 1)
    np.divide(other - own, larger, out=scores, where=defined)
    return float(scores.mean())


def distances_and_margins(vectors, labels, directions=False):
    """Tell how far each utterance is from its own and the second center.

    Arguments
    ---------
    vectors : numpy.ndarray
        Shape [n, dim].
    labels : numpy.ndarray
        Cluster of each vector, shape [n].
    directions : bool
        Whether centers have length one (``"spherical"``); otherwise a center
        is the mean of its members, whatever the algorithm.

    Returns
    -------
    distances : numpy.ndarray
        Euclidean distance to the own center, shape [n].
    margins : numpy.ndarray
        Distance to the nearest other center minus that to the own one,
        shape [n]: near 0 between clusters, negative where another center is
        nearer (not with k-means), 0 where there is one cluster only.

    Example
    -------
    >>> vectors = np.array([[0.0], [2.0], [10.0], [10.0]])
    >>> distances_and_margins(vectors, np.array([0, 0, 1, 1]))
    (array([1., 1., 0., 0.]), array([9., 7., 9., 9.]))
    """
    names, rows = np.unique(labels, return_inverse=True)
    members = np.eye(len(names))[rows]
    centers = members.T @ vectors / members.sum(axis=0)[:, None]
    if directions:
        centers = unit(centers)
    # All differences at once would be too large for the processor's cache.
    distances = np.stack(
        [np.linalg.norm(vectors - center, axis=1) for center in centers], axis=1
    )
    own = distances[members == 1]
    if len(names) == 1:
        return own, np.zeros_like(own)
    others = np.where(members == 1, np.inf, distances).min(axis=1)
    return own, others - own


def _renumber(labels):
    """Number clusters from 0 in the order in which they first appear."""
    _, first, rows = np.unique(labels, return_index=True, return_inverse=True)
    return first.argsort().argsort()[rows]
