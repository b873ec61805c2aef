"""How good the clusters inside speakers are, and what they follow.

AMI and ARI are 0 for random clusters. NMI and purity are far above 0 by chance
alone with few utterances per class, so each stands beside its chance level,
the mean over random permutations of the clusters. Every number is computed
inside one speaker and averaged over the speakers that have it: with a single
cluster, or one value of a label, there is nothing to agree with.
"""

import statistics

import numpy as np
from emoclust_lobes.clustering.agreement import agreement
from emoclust_lobes.clustering.algorithms import silhouette

# What clusters might follow instead of emotion.
CONFOUNDS = ("sentence", "session", "gender")
MEASURES = ("ami", "ari", "nmi", "purity")


def report_speaker(
    vectors, clusters, other_clusters, labels, seed, n_permutations=20
):
    """Report on the clusters of one speaker's vectors, shape [n, dim].

    ``other_clusters``, of another seed, give the stability. Where a label is
    not known (""), an utterance is left out of that comparison alone.
    """
    report = {
        "utterances": len(clusters),
        "clusters": int(clusters.max()) + 1,
        "sizes": np.bincount(clusters).tolist(),
        "silhouette": _rounded(silhouette(vectors, clusters)),
        "stability_ami": _ami(other_clusters, clusters),
        "emotion": _agreement(
            labels["emotion"], clusters, seed, n_permutations
        ),
    }
    for name in CONFOUNDS:
        report[f"{name}_ami"] = _ami(labels[name], clusters)
    return report


def summarize(reports):
    """Average reports over the speakers that have each number."""
    emotion = [x["emotion"] for x in reports if x["emotion"]]
    chance = [x["chance"] for x in emotion]
    names = ["silhouette", "stability_ami"]
    names += [f"{name}_ami" for name in CONFOUNDS]
    values = {
        name: [x[name] for x in reports if x[name] is not None]
        for name in names
    }
    mean = {name: _mean(values[name]) for name in names}
    mean["emotion"] = None
    if emotion:
        mean["emotion"] = {
            **{name: _mean(x[name] for x in emotion) for name in MEASURES},
            "chance": {
                name: _mean(x[name] for x in chance) for name in MEASURES
            },
        }
    speakers_with = {name: len(values[name]) for name in names}
    speakers_with["emotion"] = len(emotion)
    return {"mean": mean, "speakers_with": speakers_with}


def _comparable(labels, clusters):
    """Labels and clusters where the label is known; None if one is constant."""
    labels = np.asarray(labels)
    known = labels != ""
    labels, clusters = labels[known], clusters[known]
    if len(np.unique(labels)) < 2 or len(np.unique(clusters)) < 2:
        return None
    return labels, clusters


def _ami(labels, clusters):
    pair = _comparable(labels, clusters)
    if pair is None:
        return None
    labels, clusters = pair
    return _rounded(agreement(labels, clusters[None])["ami"][0])


def _agreement(labels, clusters, seed, n_permutations):
    """All measures and their chance levels, None if there is no comparison."""
    pair = _comparable(labels, clusters)
    if pair is None:
        return None
    labels, clusters = pair
    random = np.random.default_rng(seed)
    shuffled = [random.permutation(clusters) for _ in range(n_permutations)]
    scores = agreement(labels, np.stack([clusters, *shuffled]))
    return {
        "utterances": len(labels),
        **{name: _rounded(scores[name][0]) for name in MEASURES},
        "chance": {name: _mean(scores[name][1:]) for name in MEASURES},
    }


def _mean(values):
    values = list(values)
    return _rounded(statistics.fmean(values)) if values else None


def _rounded(value):
    return None if value is None else round(float(value), 6)
