"""Points whose clusters nobody could miss."""

import numpy as np


def blobs(n_clusters, per_cluster, dim=12, noise=0.1, seed=0):
    """Points around well separated directions, shuffled, with the truth."""
    random = np.random.default_rng(seed)
    centers = np.linalg.qr(random.normal(size=(dim, dim)))[0][:n_clusters]
    truth = random.permutation(np.repeat(np.arange(n_clusters), per_cluster))
    return centers[truth] + noise * random.normal(size=(len(truth), dim)), truth
