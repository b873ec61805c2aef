"""k-means of a few hundred vectors, many times: all starts at once.

Everything that Lloyd's algorithm asks follows from the vectors' scalar
products: for the sum s of a cluster's m vectors, ``x . s`` and ``s . s`` give
the distance of x to the center. One matrix product then serves all clusters of
all starts.

Arthur and Vassilvitskii, "k-means++", SODA 2007. Dhillon and Modha, "Concept
decompositions", Machine Learning 42, 2001 (spherical k-means).
"""

import numpy as np


def kmeans(vectors, n_clusters, n_init, seed):
    """k-means of vectors, [n, dim]: the start of least squared distances."""

    def squared_distances(squares, sizes):
        return -2 / sizes, squares / sizes**2  # and what the vector is long

    return _lloyd(vectors, n_clusters, n_init, seed, squared_distances)


def spherical(vectors, n_clusters, n_init, seed):
    """k-means by cosine: centers are directions, the largest sum of cosines.

    Vectors, shape [n, dim], have length one or zero.
    """

    def cosine_distances(squares, sizes):
        # Members that cancel out have no direction: to them all are at 1.
        return -1 / np.sqrt(np.maximum(squares, 1e-12)), np.ones_like(squares)

    return _lloyd(vectors, n_clusters, n_init, seed, cosine_distances)


class _Products:
    """The scalar products of all pairs of vectors, ``vectors @ vectors.T``.

    Of many vectors the matrix is not written out: memory grows with n alone.
    """

    def __init__(self, vectors):
        n, dim = vectors.shape
        self.vectors = vectors
        self.norms = (vectors**2).sum(axis=1)
        self.pairs = vectors @ vectors.T if n <= 2 * dim else None
        if self.pairs is not None:
            self.distances = self._distances(self.pairs, self.norms[:, None])

    def _distances(self, products, norms):
        distances = -2 * products
        distances += self.norms
        distances += norms
        return np.maximum(distances, 0, out=distances)

    def distances_of(self, rows):
        """Squared distances of some vectors to all, [*rows.shape, n]."""
        if self.pairs is not None:
            return self.distances.take(rows, axis=0)
        products = self.vectors[rows] @ self.vectors.T
        return self._distances(products, self.norms[rows][..., None])

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

    ``costs_of`` makes factor and summand, [n_clusters, starts, 1], of the cost
    of a vector, linear in its product with the cluster's sum. A cluster that
    lost all its members stays empty.
    """
    random = np.random.default_rng(seed)
    products = _Products(vectors)
    starts = _plus_plus(products, n_clusters, n_init, random)
    clusters = np.arange(n_clusters)[:, None, None]
    members = np.zeros((n_clusters, n_init, len(vectors)), dtype=bool)
    np.put_along_axis(members, starts[..., None], True, axis=2)
    least, best = np.inf, None
    for _ in range(max_iterations):
        numbers = members.astype(np.float64)
        costs = products.of_sums(numbers)
        sizes = numbers.sum(axis=2, keepdims=True)
        squares = np.einsum("crn,crn->cr", numbers, costs)[..., None]
        factors, summands = costs_of(squares, np.maximum(sizes, 1))
        costs *= factors
        costs += np.where(sizes > 0, summands, np.inf)
        lowest = costs.min(axis=0)
        previous, members = members, costs == lowest
        if np.count_nonzero(members) > lowest.size:  # the first of equals
            members = costs.argmin(axis=0) == clusters
        totals = lowest.sum(axis=1)
        if totals.min() < least:
            least = totals.min()
            best = members[:, totals.argmin()].argmax(axis=0)
        going = (members != previous).any(axis=0).any(axis=1)
        if not going.any():
            break
        if not going.all():
            members = members[:, going]
    return best


def _plus_plus(products, n_clusters, n_init, random):
    """Vectors to start from, far from each other, shape [n_clusters, n_init].

    Of some candidates, as many as scikit-learn's, drawn by their distance to
    those taken before, the one that leaves the least is taken.
    """
    starts = np.arange(n_init)
    n_candidates = 2 + int(np.log(n_clusters))
    taken = [random.integers(len(products.vectors), size=n_init)]
    nearest = products.distances_of(taken[0])
    while len(taken) < n_clusters:
        summed = nearest.cumsum(axis=1)[:, None]
        drawn = random.random((n_init, n_candidates, 1)) * summed[..., -1:]
        # Rounded up to the whole sum, none would exceed it.
        below = np.nextafter(summed[..., -1:], 0)
        candidates = (summed > np.minimum(drawn, below)).argmax(axis=2)
        distances = products.distances_of(candidates)
        np.minimum(distances, nearest[:, None], out=distances)
        best = distances.sum(axis=2).argmin(axis=1)
        nearest = distances[starts, best]
        taken.append(candidates[starts, best])
    return np.stack(taken)
