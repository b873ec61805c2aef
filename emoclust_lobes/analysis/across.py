"""What embeddings hold across speakers: pooled clusters and linear probes."""

import warnings

import joblib
import numpy as np
import pandas
from emoclust_lobes.clustering.agreement import agreement
from emoclust_lobes.clustering.algorithms import unit
from emoclust_lobes.clustering.centering import remove_speakers
from emoclust_lobes.evaluation.metrics import interval
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

AS_THEY_ARE = "as they are"
WITHOUT_SPEAKER = "without the speaker's mean"
# What is looked for -> column of the table
COLUMNS = {
    "emotion": "emotion",
    "speaker": "spk_id",
    "gender": "gender",
    "sentence": "sentence",
    "session": "session",
    "intensity": "intensity",
}
# What is probed -> in which spaces. Without a speaker's mean, speaker and
# gender are gone by construction.
PROBES = {
    "emotion": (AS_THEY_ARE, WITHOUT_SPEAKER),
    "sentence": (AS_THEY_ARE, WITHOUT_SPEAKER),
    "gender": (AS_THEY_ARE,),
    "speaker": (AS_THEY_ARE,),
}


def spaces(utterances, vectors):
    """Embeddings of length one, [n, dim]: as they are, and less each mean."""
    return {
        AS_THEY_ARE: unit(vectors),
        WITHOUT_SPEAKER: remove_speakers(vectors, utterances["spk_id"]),
    }


def cluster_pooled(utterances, vectors, k, n_init, seed, n_permutations=200):
    """Cluster the utterances of all speakers together and compare.

    Returns AMI and chance level of each space and target; for chance, the
    speakers exchange their genders, and utterances everything else.
    """
    rows = []
    n_clusters = min(k, len(utterances))
    for space, points in spaces(utterances, vectors).items():
        with threadpool_limits(1), warnings.catch_warnings():
            # Identical recordings can leave fewer points than clusters.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = KMeans(n_clusters, n_init=n_init, random_state=seed)
            clusters = model.fit_predict(points)
        for target, column in COLUMNS.items():
            known = utterances[column].to_numpy(dtype=str) != ""
            table, found = utterances[known], clusters[known]
            labels = table[column].to_numpy(dtype=str)
            if len(set(labels)) < 2 or len(set(found)) < 2:
                continue
            rng = np.random.default_rng(seed)
            if target == "gender":
                # A speaker has one: utterances by themselves would make too
                # much of a few speakers.
                # Everyone has another's.
                _, first, owners = np.unique(
                    table["spk_id"], return_index=True, return_inverse=True
                )
                scores = [
                    agreement(
                        rng.permutation(labels[first])[owners], found[None]
                    )["ami"]
                    for _ in range(n_permutations)
                ]
                chance = np.concatenate(scores)
            else:
                orders = np.tile(found, (n_permutations, 1))
                chance = agreement(labels, rng.permuted(orders, axis=1))["ami"]
            low, high = interval(chance)
            rows.append(
                {
                    "space": space,
                    "target": target,
                    "k": k,
                    "ami": agreement(labels, found[None])["ami"][0],
                    "chance": chance.mean(),
                    "chance_low": low,
                    "chance_high": high,
                    "utterances": len(labels),
                }
            )
    return pandas.DataFrame(rows)


def probe(utterances, vectors, seed, n_jobs=1, n_folds=5):
    """Read what embeddings, shape [n, dim], hold with a linear classifier.

    Emotion, sentence and gender are tested on speakers that it has not seen,
    speakers on utterances. Classes that fewer than two of these have are left
    out. Returns the UAR of each target and space over the predictions of all
    folds.
    """
    rows, jobs = [], []
    points = spaces(utterances, vectors)
    for target, names in PROBES.items():
        labels = utterances[COLUMNS[target]].to_numpy(dtype=str)
        speakers = utterances["spk_id"].to_numpy(dtype=str)
        usable = _usable(target, labels, speakers)
        labels, speakers = labels[usable], speakers[usable]
        folds = _folds(target, labels, speakers, n_folds, seed)
        for space in names if folds else ():
            rows.append(
                {
                    "target": target,
                    "space": space,
                    "chance": 1 / len(set(labels)),
                    "classes": len(set(labels)),
                    "utterances": len(labels),
                    "folds": len(folds),
                    "disjoint": "utterances"
                    if target == "speaker"
                    else "speakers",
                }
            )
            jobs.append((points[space][usable], labels, folds))
    pool = joblib.Parallel(n_jobs=n_jobs)
    scores = pool(joblib.delayed(_probe)(*job) for job in jobs)
    for row, (uar, deviation) in zip(rows, scores):
        row.update(uar=uar, fold_std=deviation)
    return pandas.DataFrame(rows)


def _usable(target, labels, speakers):
    """Which utterances have a class that can be learned and tested."""
    values, rows = np.unique(labels, return_inverse=True)
    counted = np.arange(len(labels)) if target == "speaker" else speakers
    holders = [len(set(counted[labels == value])) for value in values]
    return (labels != "") & (np.array(holders) >= 2)[rows]


def _folds(target, labels, speakers, n_folds, seed):
    """Positions to learn from and to test on, of each fold."""
    if len(set(labels)) < 2:
        return []
    if target == "speaker":
        fewest = np.unique(labels, return_counts=True)[1].min()
        splitter, groups = StratifiedKFold, None
    else:
        fewest = len(set(speakers))
        splitter, groups = StratifiedGroupKFold, speakers
    folds = splitter(min(n_folds, fewest), shuffle=True, random_state=seed)
    split = folds.split(labels, labels, groups)
    # A classifier needs two classes to learn from.
    return [(a, b) for a, b in split if len(set(labels[a])) > 1 and len(b)]


def _probe(points, labels, folds):
    """UAR of the predictions of all folds, and its deviation over folds."""
    classifier = make_pipeline(
        StandardScaler(),
        LogisticRegression(C=0.01, class_weight="balanced", max_iter=1000),
    )
    truth, predicted, per_fold = [], [], []
    with threadpool_limits(1):
        for learn, test in folds:
            classifier.fit(points[learn], labels[learn])
            truth.append(labels[test])
            predicted.append(classifier.predict(points[test]))
            per_fold.append(_uar(truth[-1], predicted[-1]))
    uar = _uar(np.concatenate(truth), np.concatenate(predicted))
    return uar, float(np.std(per_fold, ddof=1)) if len(per_fold) > 1 else None


def _uar(truth, predicted):
    # A class that is not in a fold is not counted there.
    classes = np.unique(truth)
    return float(
        recall_score(truth, predicted, labels=classes, average="macro")
    )
