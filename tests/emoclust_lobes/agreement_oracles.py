"""scikit-learn's measures of agreement, and labels with clusters to try."""

from hypothesis import strategies as st
from sklearn import metrics
from sklearn.metrics.cluster import contingency_matrix


def adjusted_mutual_info(labels, clusters):
    """AMI; where all are alone, scikit-learn 1.5 divides what rounding left."""
    if len(set(labels)) == len(set(clusters)) == len(labels):
        return 1.0
    return metrics.adjusted_mutual_info_score(labels, clusters)


def purity(labels, clusters):
    """Share of utterances with the commonest label of their cluster."""
    table = contingency_matrix(labels, clusters)
    return table.max(axis=0).sum() / table.sum()


ORACLES = {
    "ami": adjusted_mutual_info,
    "ari": metrics.adjusted_rand_score,
    "nmi": metrics.normalized_mutual_info_score,
    "homogeneity": metrics.homogeneity_score,
    "completeness": metrics.completeness_score,
    "purity": purity,
}
PAIRS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(0, 4)),
    min_size=4,
    max_size=40,
).filter(lambda rows: all(len(set(x)) > 1 for x in zip(*rows, strict=True)))
