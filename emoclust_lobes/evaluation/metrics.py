"""Numbers that a result is reported with."""

import numpy as np
from emoclust_lobes.clustering.algorithms import unit


def emotion_metrics(truth, prediction, classes):
    """Score predictions: ``uar, wa, macro_f1, recall, confusion, classes, n``.

    The unweighted average recall (UAR) is the mean of the classes' recalls:
    chance is one over the number of classes whatever their sizes. The weighted
    accuracy (WA) is the share of utterances that are right. Classes that do
    not occur in ``truth`` have the recall None and count in no mean; rows of
    ``confusion`` are truth.
    """
    truth, prediction = np.asarray(truth), np.asarray(prediction)
    classes = list(classes)
    if len(truth) == 0:
        raise ValueError("there are no utterances to score")
    outside = sorted((set(truth) | set(prediction)) - set(classes))
    if outside:
        raise ValueError(f"labels {outside} are not among {classes}")
    confusion = np.array(
        [
            [
                np.sum((truth == row) & (prediction == column))
                for column in classes
            ]
            for row in classes
        ]
    )
    hits = confusion.diagonal()
    sizes, found = confusion.sum(axis=1), confusion.sum(axis=0)
    present = sizes > 0
    recalls = hits[present] / sizes[present]
    f1_scores = 2 * hits[present] / (sizes + found)[present]
    recall = dict(zip(np.array(classes)[present].tolist(), recalls.tolist()))
    return {
        "uar": float(np.mean(recalls)),
        "wa": float(np.mean(truth == prediction)),
        "macro_f1": float(np.mean(f1_scores)),
        "recall": {label: recall.get(label) for label in classes},
        "confusion": confusion.tolist(),
        "classes": classes,
        "n": len(truth),
    }


def cluster_auc(embeddings, speakers, clusters) -> float | None:
    """Say how well embeddings [n, dim] tell the clusters of a speaker apart.

    The chance that a same-cluster pair of a speaker's is the closer, by
    cosine, of two pairs: .5 is chance, 1 perfect. The mean is over the
    speakers that have both kinds of pairs; None without any.
    """
    from sklearn.metrics import roc_auc_score  # takes a second

    speakers, clusters = np.asarray(speakers), np.asarray(clusters)
    directions = unit(np.asarray(embeddings, dtype=np.float64))
    areas = []
    for speaker in np.unique(speakers):
        own = speakers == speaker
        similarity = directions[own] @ directions[own].T
        same = clusters[own][:, None] == clusters[own][None, :]
        pairs = np.triu_indices(own.sum(), k=1)
        if len(np.unique(same[pairs])) == 2:
            areas.append(roc_auc_score(same[pairs], similarity[pairs]))
    return float(np.mean(areas)) if areas else None


def interval(draws) -> tuple[float, float]:
    """Return the middle 95 % of draws [n], as its two ends."""
    low, high = intervals(draws)
    return float(low), float(high)


def intervals(draws):
    """Return the ends of the middle 95 % of draws [..., n], each [...]."""
    return np.percentile(draws, [2.5, 97.5], axis=-1)
