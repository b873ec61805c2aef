"""Baselines: what a frozen vector and a linear classifier give.

They take the same rows of the same manifests as any other system of a protocol.
With ``n_enrolled`` each utterance is seen relative to its speaker's
own unlabeled speech, that of test speakers too: a mode of its own
(transductive), never to be compared with rows that do without.
"""

import operator
import pathlib
from typing import NamedTuple

import numpy as np
import pandas as pd
from data_prep.manifests.manifest import SPLITS, Source, read_manifest
from data_prep.manifests.summary import read_summary
from emoclust_lobes.embeddings.extraction import read_embeddings
from emoclust_lobes.enrolment.draws import ALL, enrolled_moments
from emoclust_lobes.evaluation.metrics import emotion_metrics
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits


class Utterances(NamedTuple):
    """Utterances of a split: text of shape [n] each, vectors [n, dim]."""

    ids: np.ndarray
    speakers: np.ndarray
    emotions: np.ndarray
    vectors: np.ndarray


def normalize_speakers(utterances, training, n_enrolled, prior_weight, seed):
    """Standardize each utterance by unlabeled speech of its speaker.

    From n enrolled utterances with mean m and variance v come

        mean = (n m + c M) / (n + c)
        variance = (n v + c V) / (n + c)

    where c is ``prior_weight``, and M and V are the means over the training
    speakers of their means and of their variances. The clips are drawn, and
    the statistics shrunk, as in ``emoclust_lobes.enrolment.normalization``.
    """
    if prior_weight <= 0 or (n_enrolled != ALL and n_enrolled < 0):
        raise ValueError(
            "n_enrolled must be all or at least 0 and prior_weight above 0, "
            f"found {n_enrolled} and {prior_weight}"
        )
    _, speakers, _, vectors = utterances
    groups = pd.DataFrame(training.vectors).groupby(training.speakers)
    mean = prior_weight * groups.mean().mean().to_numpy()
    variance = prior_weight * groups.var(ddof=0).mean().to_numpy()
    counts, means, variances = enrolled_moments(
        vectors, utterances.ids, speakers, n_enrolled, seed
    )
    total = counts + prior_weight
    deviation = np.sqrt((counts * variances + variance) / total)
    distance = vectors - (counts * means + mean) / total
    placed = distance / np.where(deviation > 0, deviation, 1)
    return utterances._replace(vectors=placed)


def baseline_predictions(train, valid, test, classes, classifier, C_grid):
    """Train on one split, choose C on the second, predict the third.

    Each class counts the same, as it does in the UAR. Of the C with the
    highest UAR on ``valid`` the smallest is chosen; without ``valid`` there
    must be one. Returns a row per test utterance, ``ID, truth, prediction``
    and ``p_CLASS``, the softmax of the scores (0 for a class that ``train``
    lacks; a probability for the logistic regression only), and the UAR of
    ``valid`` or None.
    """
    C_grid = sorted(C_grid)
    if not C_grid or (valid is None and len(C_grid) > 1):
        raise ValueError(
            "C_grid must hold one value, or several where there are development "
            f"speakers to choose one; found {C_grid}"
        )
    # Vectors are standardized by the statistics of the training vectors
    fitted = []
    with threadpool_limits(1):  # the work is too little for more
        for C in C_grid:
            model = _classifier(classifier, C)
            model.fit(train.vectors, train.emotions)
            uar = None
            if valid is not None:
                found = _predict(model, valid, classes)["prediction"]
                uar = emotion_metrics(valid.emotions, found, classes)["uar"]
            fitted.append((uar, model))
        valid_uar, best = max(fitted, key=operator.itemgetter(0))
        return _predict(best, test, classes), valid_uar


def _classifier(classifier, C):
    """Make an untrained classifier."""
    options = {"C": C, "class_weight": "balanced", "random_state": 0}
    if classifier == "logistic":
        model = LogisticRegression(max_iter=2000, **options)
    elif classifier == "svm":
        model = LinearSVC(max_iter=10000, **options)
    else:
        raise ValueError(
            f"classifier must be logistic or svm, found {classifier!r}"
        )
    return make_pipeline(StandardScaler(), model)


def _predict(model, utterances, classes):
    """Predictions of a trained classifier, as a table."""
    scores = model.decision_function(utterances.vectors)
    if scores.ndim == 1:  # of the second of two classes, against the first
        scores = np.stack([np.zeros_like(scores), scores], axis=1)
    shares = pd.DataFrame(softmax(scores, axis=1), columns=model.classes_)
    shares = shares.reindex(columns=classes, fill_value=0.0)
    table = pd.DataFrame({"ID": utterances.ids, "truth": utterances.emotions})
    table["prediction"] = shares.idxmax(axis=1)
    return table.join(shares.add_prefix("p_"))


def run_baseline(
    *,
    manifest_folder,
    data_folder,
    embedding_folder,
    encoders,
    classifier,
    C_grid,
    labeled_ids=None,
    n_enrolled=None,
    prior_weight,
    seed,
):
    """Run a baseline on one fold; return what ``baseline_predictions`` does.

    The vectors of several encoders are put side by side. Of the training
    utterances only the labels of ``labeled_ids`` are used (None: all); the
    others still tell how their speakers speak. With ``n_enrolled``, a number
    or "all", the vectors of all splits pass ``normalize_speakers``.
    """
    splits = {}
    for name in SPLITS:
        csv = pathlib.Path(manifest_folder) / f"{name}.csv"
        if name == "valid" and not csv.exists():
            continue
        table = read_manifest(Source(str(csv), str(data_folder)))
        columns = table[["ID", "spk_id", "emotion"]].to_numpy(dtype=str)
        ids, speakers, emotions = columns.T
        vectors = read_embeddings(embedding_folder, "+".join(encoders), ids)
        vectors = vectors.astype(np.float64)
        splits[name] = Utterances(ids, speakers, emotions, vectors)
    if n_enrolled is not None:
        splits = {
            name: normalize_speakers(
                split, splits["train"], n_enrolled, prior_weight, seed
            )
            for name, split in splits.items()
        }
    train = splits["train"]
    if labeled_ids is not None:
        unknown = sorted(set(labeled_ids).difference(train.ids))
        if unknown:
            raise ValueError(
                f"{len(unknown)} labeled IDs are not in {manifest_folder}/"
                f"train.csv, among them {', '.join(unknown[:5])}"
            )
        kept = np.isin(train.ids, list(labeled_ids))
        train = Utterances(*(column[kept] for column in train))
    valid, test = splits.get("valid"), splits["test"]
    classes = read_summary(manifest_folder)["classes"]
    return baseline_predictions(train, valid, test, classes, classifier, C_grid)
