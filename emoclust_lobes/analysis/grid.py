"""All clusterings that are asked for, compared with all that is known."""

import itertools
from typing import NamedTuple

import joblib
import numpy as np
import pandas
from emoclust_lobes.analysis.measures import (
    MEASURES,
    Scores,
    compare,
    summarize_speakers,
)
from emoclust_lobes.analysis.utterances import TARGETS
from emoclust_lobes.clustering.algorithms import (
    cluster_speaker,
    silhouettes,
    speaker_seed,
)
from emoclust_lobes.clustering.centering import remove_speaker
from emoclust_lobes.evaluation.metrics import intervals
from threadpoolctl import threadpool_limits
from tqdm import tqdm

STABILITY = "other seed"
KEY = ["encoder", "algorithm", "k"]
GIVEN = "ami_given_emotion"
_INTERVALS = ["chance", "chance_low", "chance_high"]
_OVERALL = [*KEY, "target", "measure", "value", "low", "high", *_INTERVALS]
_OVERALL += ["p", "speakers"]
_SPEAKERS = [*KEY, "spk_id", "target", "utterances"]
_SPEAKERS += [
    "_".join(filter(None, name))
    for name in itertools.product(
        [*MEASURES, GIVEN, "silhouette"], ["", *_INTERVALS]
    )
]


class Speaker(NamedTuple):
    """Vectors without their mean, [n, dim], and target -> labels, [n]."""

    name: str
    vectors: np.ndarray
    labels: dict


class Grid(NamedTuple):
    """Tables of all comparisons, by encoder, algorithm and k.

    ``clusters`` maps these three to the clusters of all utterances, [n].
    """

    overall: pandas.DataFrame
    speakers: pandas.DataFrame
    clusters: dict


def pick(table, **values):
    """Rows of a table that have these values in these columns."""
    for column, value in values.items():
        table = table[table[column] == value]
    return table


def split_speakers(utterances, vectors):
    """Take apart a table sorted by speaker and its vectors, [n, dim]."""
    return [
        Speaker(
            name,
            remove_speaker(vectors[rows.index]),
            {x: rows[column].to_numpy() for x, column in TARGETS.items()},
        )
        for name, rows in utterances.groupby("spk_id", sort=True)
    ]


def analyze_grid(
    speakers, algorithms, ks, n_seeds, n_init, n_permutations, seed, n_jobs
):
    """Cluster each speaker (encoder -> list) in every way and compare.

    The first of ``n_seeds`` clusterings is that of ``cluster_utterances``; its
    mean agreement with the others is the stability.
    """
    cells = list(itertools.product(speakers, algorithms, ks))
    options = (n_seeds, n_init, n_permutations, seed)
    pool = joblib.Parallel(n_jobs=n_jobs, return_as="generator")
    results = pool(
        joblib.delayed(_cell)(speakers[encoder], algorithm, k, *options)
        for encoder, algorithm, k in cells
    )
    overall, per_speaker, clusters = [], [], {}
    progress = tqdm(results, "clustering", len(cells), unit="way")
    for cell, (means, rows, labels) in zip(cells, progress):
        names = dict(zip(KEY, cell))
        overall += [{**names, **row} for row in means]
        per_speaker += [{**names, **row} for row in rows]
        clusters[cell] = labels
    return Grid(
        pandas.DataFrame(overall, columns=_OVERALL),
        pandas.DataFrame(per_speaker, columns=_SPEAKERS),
        clusters,
    )


def _cell(speakers, algorithm, k, *options):
    """One clustering of all speakers: means, rows per speaker, clusters."""
    # A speaker's few hundred vectors are too little work for more threads.
    with threadpool_limits(1):
        done = [_one(x, algorithm, k, *options) for x in speakers]
    rows = []
    collected: dict[tuple[str, str], list[Scores]] = {}
    for speaker, (clusters, comparisons) in zip(speakers, done):
        for target, scores in comparisons.items():
            row = {"spk_id": speaker.name, "target": target}
            row["utterances"] = len(clusters)
            chances = np.stack([score.chance for score in scores.values()])
            averages, (lows, highs) = chances.mean(axis=1), intervals(chances)
            for place, (measure, score) in enumerate(scores.items()):
                row[measure] = score.value
                row[f"{measure}_chance"] = averages[place]
                row[f"{measure}_chance_low"] = lows[place]
                row[f"{measure}_chance_high"] = highs[place]
                collected.setdefault((target, measure), []).append(score)
            rows.append(row)
    rng = np.random.default_rng(options[-1])
    means = [
        {
            "target": target,
            "measure": measure,
            **summarize_speakers(scores, rng),
        }
        for (target, measure), scores in collected.items()
    ]
    return means, rows, np.concatenate([clusters for clusters, _ in done])


def _one(speaker, algorithm, k, n_seeds, n_init, n_permutations, seed):
    """Cluster one speaker n_seeds times and compare the first clustering."""
    clusters, *others = (
        cluster_speaker(
            speaker.vectors,
            k,
            algorithm,
            n_init,
            speaker_seed(seed + shift, speaker.name),
        )
        for shift in range(n_seeds)
    )
    rng = np.random.default_rng(speaker_seed(seed, speaker.name))
    n = len(clusters)
    shuffled = rng.permuted(np.tile(np.arange(n), (n_permutations, 1)), axis=1)
    comparisons = {
        target: compare(labels, clusters, shuffled)
        for target, labels in speaker.labels.items()
    }
    if comparisons["emotion"]:
        # What a target would get from its overlap with emotion alone: random
        # clusters that follow emotion exactly as the real ones do.
        orders = _shuffled_within(speaker.labels["emotion"], shuffled)
        for target, scores in comparisons.items():
            if scores and target != "emotion":
                given = compare(speaker.labels[target], clusters, orders)
                scores[GIVEN] = given["ami"]
    stability = [compare(x.astype(str), clusters, shuffled) for x in others]
    comparisons[STABILITY] = _mean_scores([x for x in stability if x])
    if 2 <= clusters.max() + 1 < n:
        value, *chance = silhouettes(
            speaker.vectors, np.stack([clusters, *clusters[shuffled]])
        )
        score = Scores(float(value), np.array(chance))
        comparisons["clusters"] = {"silhouette": score}
    return clusters, {x: y for x, y in comparisons.items() if y}


def _shuffled_within(groups, shuffled):
    """Turn random orders into random orders inside each group."""
    ranks = np.argsort(shuffled, axis=1)
    groups = np.unique(groups, return_inverse=True)[1]
    orders = np.empty_like(shuffled)
    # The members of each group, in the order of their places in the shuffle.
    mixed = np.argsort(ranks + groups * len(groups), axis=1)
    orders[:, np.argsort(groups, kind="stable")] = mixed
    return orders


def _mean_scores(comparisons):
    return comparisons and {
        name: Scores(
            float(np.mean([scores[name].value for scores in comparisons])),
            np.mean([scores[name].chance for scores in comparisons], axis=0),
        )
        for name in MEASURES
    }
