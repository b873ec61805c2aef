"""k-means of a few hundred vectors, many times: all starts at once.

A center is the mean of its cluster, or that mean's direction, so everything
that Lloyd's algorithm asks follows from the vectors' scalar products: for the
sum s of a cluster's m vectors, ``x . s`` and ``s . s`` give the distance of x
to the center. One matrix product then serves all clusters of all starts.

Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA
2007. Dhillon and Modha, "Concept decompositions for large sparse text data
using clustering", Machine Learning 42, 2001 (spherical k-means).
"""

import numpy as np


def kmeans(vectors, n_clusters, n_init, seed):
    """k-means of vectors, [n, dim]: the start of least squared distances."""

    def squared_distances(products, squares, sizes):
        return products * (-2 / sizes) + squares / sizes**2 + norms

    norms = (vectors**2).sum(axis=1)
    return _lloyd(vectors, n_clusters, n_init, seed, squared_distances)


def spherical(vectors, n_clusters, n_init, seed):
    """k-means by cosine: centers are directions, the largest sum of cosines.

    Vectors, shape [n, dim], have length one or zero.
    """

    def cosine_distances(products, squares, sizes):
        # Members that cancel out have no direction: to them all are at 1.
        return 1 - products / np.sqrt(np.maximum(squares, 1e-12))

    return _lloyd(vectors, n_clusters, n_init, seed, cosine_distances)


class _Products:
    """The scalar products of all pairs of vectors, ``vectors @ vectors.T``.

    Of many vectors the matrix is not written out: two products with the
    vectors themselves are then cheaper, and the memory does not grow with n^2.
    """

    def __init__(self, vectors):
        n, dim = vectors.shape
        self.vectors = vectors
        self.pairs = vectors @ vectors.T if n <= 2 * dim else None

    def of(self, rows):
        """Of some vectors with all, shape [*rows.shape, n]."""
        if self.pairs is None:
            return self.vectors[rows] @ self.vectors.T
        return self.pairs[rows]

    def of_sums(self, members):
        """Of the sums of clusters with all, [..., n] as ``members`` is."""
        rows = members.reshape(-1, members.shape[-1])
        if self.pairs is None:
            products = rows @ self.vectors @ self.vectors.T
        else:
            products = rows @ self.pairs
        return products.reshape(members.shape)


def _lloyd(vectors, n_clusters, n_init, seed, costs_of, max_iterations=300):
    """Lloyd's algorithm from several starts, the labels of least cost.

    ``costs_of`` makes the cost of every vector in every cluster, shape
    [n_clusters, starts, n], from its products with the cluster's sum, the
    square of that sum and the number of members. A cluster that lost all its
    members stays empty: from starts that are vectors far from each other, that
    happens where there are fewer different vectors than clusters.
    """
    random = np.random.default_rng(seed)
    products = _Products(vectors)
    starts = _plus_plus(vectors, products, n_clusters, n_init, random)
    clusters = np.arange(n_clusters)[:, None, None]
    members = np.zeros((n_clusters, n_init, len(vectors)))
    np.put_along_axis(members, starts[..., None], 1.0, axis=2)
    labels = np.full(members.shape[1:], -1)
    least, best = np.inf, None
    for _ in range(max_iterations):
        sums = products.of_sums(members)
        squares = np.einsum("crn,crn->cr", members, sums)[..., None]
        sizes = members.sum(axis=2, keepdims=True)
        costs = costs_of(sums, squares, np.maximum(sizes, 1))
        costs[sizes[..., 0] == 0] = np.inf
        previous, labels = labels, costs.argmin(axis=0)
        totals = costs.min(axis=0).sum(axis=1)
        if totals.min() < least:
            least, best = totals.min(), labels[totals.argmin()]
        going = (labels != previous).any(axis=1)
        if not going.any():
            break
        labels = labels[going]
        members = (labels == clusters).astype(np.float64)
    return best


def _plus_plus(vectors, products, n_clusters, n_init, random):
    """Vectors to start from, far from each other, shape [n_clusters, n_init].

    Of some candidates, as likely as they are far from the vectors that were
    taken before, the one that leaves the least distance is taken; their number
    is scikit-learn's.
    """
    n = len(vectors)
    norms = (vectors**2).sum(axis=1)
    starts = np.arange(n_init)
    n_candidates = 2 + int(np.log(n_clusters))

    def squared_distances(rows):
        distances = norms[rows][..., None] + norms - 2 * products.of(rows)
        return np.maximum(distances, 0)

    taken = [random.integers(n, size=n_init)]
    nearest = squared_distances(taken[0])
    while len(taken) < n_clusters:
        summed = nearest.cumsum(axis=1)[:, None]
        drawn = random.random((n_init, n_candidates, 1)) * summed[..., -1:]
        # The last may round up to the whole sum, which no vector exceeds.
        candidates = np.minimum((summed <= drawn).sum(axis=2), n - 1)
        distances = np.minimum(nearest[:, None], squared_distances(candidates))
        best = distances.sum(axis=2).argmin(axis=1)
        nearest = distances[starts, best]
        taken.append(candidates[starts, best])
    return np.stack(taken)
