"""Agreement of clusters with labels, of many random clusters at once.

scikit-learn compares one pair of labelings at a time. Permutations of a
speaker's clusters share their margins: only contingency tables differ.
"""

import numpy as np


def agreement(labels, clusters):
    """Compare labels [n] with many permutations [permutations, n] of clusters.

    Returns measure -> scores [permutations]: AMI, with arithmetic mean (Vinh,
    Epps and Bailey, JMLR 11, 2010), ARI (Hubert and Arabie, Journal of
    Classification 2, 1985), NMI (Rosenberg and Hirschberg, EMNLP 2007),
    purity.
    """
    labels = np.unique(labels, return_inverse=True)[1]
    names = np.unique(clusters[0])  # which all rows have
    if not np.array_equal(names, np.arange(len(names))):
        clusters = np.searchsorted(names, clusters)
    n_rows, n = clusters.shape
    shape = (n_rows, labels.max() + 1, clusters.max() + 1)
    cells = (np.arange(n_rows)[:, None] * shape[1] + labels) * shape[2]
    tables = np.bincount((cells + clusters).ravel(), minlength=np.prod(shape))
    tables = tables.reshape(shape)
    of_labels, of_clusters = tables[0].sum(axis=1), tables[0].sum(axis=0)

    expected = np.outer(of_labels, of_clusters) / n
    ratio = np.where(tables > 0, tables / expected, 1)
    information = (tables * np.log(ratio)).sum(axis=(1, 2)) / n
    label_entropy, cluster_entropy = _entropy(of_labels), _entropy(of_clusters)
    entropy = (label_entropy + cluster_entropy) / 2
    from sklearn.metrics.cluster import (  # takes a second
        expected_mutual_information,
    )

    by_chance = expected_mutual_information(tables[0], n)

    pairs = _pairs(tables).sum(axis=(1, 2))
    label_pairs, cluster_pairs = _pairs(of_labels), _pairs(of_clusters)
    expected_pairs = label_pairs.sum() * cluster_pairs.sum() / (n * (n - 1) / 2)
    most_pairs = (label_pairs.sum() + cluster_pairs.sum()) / 2
    return {
        "ami": _divide(information - by_chance, entropy - by_chance, 1),
        "ari": _divide(pairs - expected_pairs, most_pairs - expected_pairs, 1),
        "nmi": _divide(information, entropy),
        "homogeneity": _divide(information, label_entropy),
        "completeness": _divide(information, cluster_entropy),
        "purity": tables.max(axis=1).sum(axis=1) / n,
    }


def _divide(above, below, otherwise=0):
    """Divide; where there is nothing to divide by, the value for that case.

    As in scikit-learn, AMI and ARI are 1 where labels and clusters both tell
    every utterance apart: chance then leaves nothing to be better than.
    """
    below = np.asarray(below, dtype=float)
    nothing = np.abs(below) < 1e-12
    return np.where(nothing, otherwise, above / np.where(nothing, 1, below))


def _entropy(counts):
    shares = counts[counts > 0] / counts.sum()
    return -(shares * np.log(shares)).sum()


def _pairs(counts):
    return counts * (counts - 1) / 2
