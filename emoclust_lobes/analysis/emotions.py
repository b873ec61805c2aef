"""Which emotions the clusters hold apart, and how many utterances it takes."""

import itertools

import joblib
import numpy as np
import pandas
from emoclust_lobes.clustering.agreement import agreement
from emoclust_lobes.clustering.algorithms import cluster_speaker, speaker_seed
from emoclust_lobes.clustering.centering import remove_speaker
from scipy.optimize import linear_sum_assignment
from sklearn.metrics.cluster import contingency_matrix
from threadpoolctl import threadpool_limits

UNMATCHED = "none"
# Utterances of a speaker that are tried, up to as many as there are
SIZES = (10, 15, 20, 30, 40, 60, 80, 120, 160, 240, 320, 480)


def match_clusters(emotions, clusters):
    """Map each cluster of one speaker to the emotion it fits best, if any.

    No two get one emotion: the assignment has the most utterances of known
    emotion in their emotion's cluster (Kuhn, "The Hungarian method", 1955).
    """
    known = emotions != ""
    if not known.any():
        return {}
    names, numbers = np.unique(emotions[known]), np.unique(clusters[known])
    table = contingency_matrix(emotions[known], clusters[known])
    pairs = zip(*linear_sum_assignment(-table))
    return {int(numbers[c]): str(names[e]) for e, c in pairs if table[e, c]}


def matched_emotions(utterances, clusters):
    """Name the emotion that each utterance's cluster was given, or "none"."""
    matched = np.full(len(utterances), UNMATCHED, dtype=object)
    for rows in utterances.groupby("spk_id").indices.values():
        emotions = utterances["emotion"].to_numpy()[rows]
        given = match_clusters(emotions, clusters[rows])
        matched[rows] = [given.get(x, UNMATCHED) for x in clusters[rows]]
    return matched


def confusion(utterances, clusters, seed, n_permutations=20):
    """Tell where the utterances of each emotion went, after matching.

    Returns counts (rows are emotions, columns what the clusters were given),
    the share on the diagonal, and the same share of random clusters.
    """
    known = utterances["emotion"].to_numpy() != ""
    utterances = utterances[known].reset_index(drop=True)
    clusters = clusters[known]
    emotion = utterances["emotion"].to_numpy(dtype=object)
    matched = matched_emotions(utterances, clusters)
    names = sorted(set(emotion))
    counts = pandas.crosstab(emotion, matched).reindex(
        index=names, columns=[*names, UNMATCHED], fill_value=0
    )
    rng = np.random.default_rng(seed)
    speakers = list(utterances.groupby("spk_id").indices.values())
    chance = []
    for _ in range(n_permutations):
        random = clusters.copy()
        for rows in speakers:
            random[rows] = rng.permutation(random[rows])
        chance.append((matched_emotions(utterances, random) == emotion).mean())
    accuracy = float((matched == emotion).mean())
    return counts, accuracy, float(np.mean(chance))


def separate_pairs(utterances, clusters):
    """Tell the AMI of each two emotions, of those who have both, on average."""
    emotion = utterances["emotion"].to_numpy(dtype=str)
    speakers = list(utterances.groupby("spk_id").indices.values())
    rows = []
    for pair in itertools.combinations(sorted({*emotion.tolist()} - {""}), 2):
        values = []
        for mine in speakers:
            labels, found = emotion[mine], clusters[mine]
            both = np.isin(labels, pair)
            if len(set(labels[both])) == 2:
                scores = agreement(labels[both], found[both][None])
                values.append(scores["ami"][0])
        if values:
            rows.append((*pair, float(np.mean(values)), len(values)))
    columns = ["first", "second", "ami", "speakers"]
    return pandas.DataFrame(rows, columns=columns)


def vary_utterances(
    utterances, vectors, algorithm, k, n_init, seed, n_jobs, n_draws=3
):
    """Cluster random parts of each speaker's utterances, vectors [n, dim].

    All sizes are measured on the speakers with at least the median number of
    utterances. A part is centered by its own mean, as a speaker who has no
    more would be. Returns the mean AMI over draws for each size and speaker.
    """
    emotion = utterances["emotion"].to_numpy(dtype=str)
    known = utterances[emotion != ""]
    speakers = known.groupby("spk_id").indices
    speakers = {x: known.index[rows] for x, rows in speakers.items()}
    most = int(np.median([len(rows) for rows in speakers.values()]))
    sizes = [x for x in SIZES if x < 0.9 * most] + [most]
    jobs = [
        joblib.delayed(_ami_of_parts)(
            name,
            vectors[rows],
            emotion[rows],
            sizes,
            n_draws,
            (algorithm, k, n_init, seed),
        )
        for name, rows in speakers.items()
        if len(rows) >= most
    ]
    rows = itertools.chain(*joblib.Parallel(n_jobs=n_jobs)(jobs))
    return pandas.DataFrame(rows, columns=["utterances", "spk_id", "ami"])


@threadpool_limits.wrap(limits=1)
def _ami_of_parts(name, vectors, emotion, sizes, n_draws, how):
    algorithm, k, n_init, seed = how
    rows = []
    for size in sizes:
        values = []
        for draw in range(n_draws):
            number = speaker_seed(seed + draw, f"{name}|{size}")
            rng = np.random.default_rng(number)
            part = np.sort(rng.permutation(len(vectors))[:size])
            labels = emotion[part]
            clusters = cluster_speaker(
                remove_speaker(vectors[part]), k, algorithm, n_init, number
            )
            if len(set(labels)) > 1:
                scores = agreement(labels, clusters[None])
                values.append(scores["ami"][0])
        if values:
            rows.append((size, name, float(np.mean(values))))
    return rows
