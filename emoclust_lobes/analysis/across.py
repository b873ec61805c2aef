"""What embeddings hold across speakers: pooled clusters and linear probes."""

import functools
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
POOLED_TARGETS = {
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
    """Embeddings as they are, and with each speaker's mean removed.

    Arguments
    ---------
    utterances : pandas.DataFrame
        With ``spk_id``.
    vectors : numpy.ndarray
        Shape [n, dim].

    Returns
    -------
    dict
        Name -> numpy.ndarray of vectors of length one, shape [n, dim].

    Example
    -------
    >>> table = pandas.DataFrame({"spk_id": ["s", "s"]})
    >>> spaces(table, np.array([[2.0, 1.0], [2.0, 0.0]]))[WITHOUT_SPEAKER]
    array([[ 0.,  1.],
           [ 0., -1.]])
    """
    return {
        AS_THEY_ARE: unit(vectors),
        WITHOUT_SPEAKER: remove_speakers(vectors, utterances["spk_id"]),
    }


def cluster_pooled(utterances, vectors, k, n_init, seed, n_permutations=200):
    """Cluster the utterances of all speakers together and compare.

    Arguments
    ---------
    utterances : pandas.DataFrame
        From ``describe_utterances``.
    vectors : numpy.ndarray
        Embeddings, shape [n, dim].
    k : int
        Number of clusters.
    n_init, seed : int
        Of k-means.
    n_permutations : int
        Random orders that give the chance level. Gender is exchanged between
        speakers, everything else between utterances.

    Returns
    -------
    pandas.DataFrame
        One row for each space and target: ``ami``, ``chance``,
        ``chance_low``, ``chance_high``, ``utterances``.

    Example
    -------
    >>> row = {"gender": "", "sentence": "", "session": "", "intensity": ""}
    >>> table = pandas.DataFrame({"spk_id": list("ssttsstt"), **row})
    >>> table["emotion"] = list("aabbaabb")
    >>> vectors = np.array([[0.0, 1.0], [0.0, 1.1], [1.0, 0.0], [1.1, 0.0]] * 2)
    >>> found = cluster_pooled(table, vectors, 2, 1, seed=1, n_permutations=9)
    >>> found.loc[found["space"] == AS_THEY_ARE, "ami"].round(6).tolist()
    [1.0, 1.0]
    """
    rows = []
    n_clusters = min(k, len(utterances))
    for space, points in spaces(utterances, vectors).items():
        with threadpool_limits(1), warnings.catch_warnings():
            # Identical recordings can leave fewer points than clusters.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = KMeans(n_clusters, n_init=n_init, random_state=seed)
            clusters = model.fit_predict(points)
        for target, column in POOLED_TARGETS.items():
            known = utterances[column].to_numpy(dtype=str) != ""
            table, found = utterances[known], clusters[known]
            labels = table[column].to_numpy(dtype=str)
            if len(set(labels)) < 2 or len(set(found)) < 2:
                continue
            rng = np.random.default_rng(seed)
            value = agreement(labels, found[None])["ami"][0]
            if target == "gender":
                shuffle = functools.partial(_exchange, table, column, rng)
                chance = np.array(
                    [
                        agreement(shuffle(), found[None])["ami"][0]
                        for _ in range(n_permutations)
                    ]
                )
            else:
                orders = np.tile(found, (n_permutations, 1))
                chance = agreement(labels, rng.permuted(orders, axis=1))["ami"]
            low, high = interval(chance)
            rows.append(
                {
                    "space": space,
                    "target": target,
                    "k": k,
                    "ami": value,
                    "chance": chance.mean(),
                    "chance_low": low,
                    "chance_high": high,
                    "utterances": len(labels),
                }
            )
    return pandas.DataFrame(rows)


def _exchange(table, column, rng):
    """Give the speakers each other's value of a column."""
    values = table.groupby("spk_id")[column].first()
    return table["spk_id"].map(
        dict(zip(values.index, rng.permutation(values.to_numpy())))
    )


def probe(utterances, vectors, seed, n_jobs=1, n_folds=5):
    """Read what embeddings hold with a linear classifier.

    Logistic regression on standardized values, C .01, classes weighted to
    count the same. Emotion, sentence and gender are tested on speakers that
    the classifier has not seen, speakers on utterances that it has not seen.
    Classes that fewer than two speakers (or, for speakers, two utterances)
    have are left out.

    Arguments
    ---------
    utterances : pandas.DataFrame
        From ``describe_utterances``.
    vectors : numpy.ndarray
        Embeddings, shape [n, dim].
    seed : int
        Of the folds.
    n_jobs : int
        Number of processes.
    n_folds : int
        At most; fewer where there are fewer speakers.

    Returns
    -------
    pandas.DataFrame
        One row for each target and space: ``uar`` over the predictions of all
        folds, ``fold_std``, ``chance`` (one over the number of classes),
        ``classes``, ``utterances``, ``folds``, ``disjoint``.

    Example
    -------
    >>> table = pandas.DataFrame({"spk_id": list("ssttuu"), "gender": ""})
    >>> table = table.assign(emotion=list("ababab"), sentence="")
    >>> vectors = np.array([[0.0, 1.0], [1.0, 0.0]] * 3)
    >>> found = probe(table, vectors, seed=1).set_index(["target", "space"])
    >>> found.loc["emotion", "uar"].tolist()
    [1.0, 1.0]
    """
    rows, jobs = [], []
    points = spaces(utterances, vectors)
    for target, names in PROBES.items():
        labels = utterances[POOLED_TARGETS[target]].to_numpy(dtype=str)
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
    """Which utterances have a class that can be learnt and tested."""
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
        splitter = StratifiedKFold
    else:
        fewest = len(set(speakers))
        splitter = StratifiedGroupKFold
    folds = splitter(min(n_folds, fewest), shuffle=True, random_state=seed)
    groups = None if target == "speaker" else speakers
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
    classes = np.unique(truth)
    return float(
        recall_score(truth, predicted, labels=classes, average="macro")
    )
