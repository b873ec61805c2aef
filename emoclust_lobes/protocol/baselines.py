"""Baselines: what a frozen vector and a linear classifier give.

They take the same rows of the same manifests as any other system. With
``n_enrolled`` each utterance is seen relative to its speaker's own unlabeled
speech, that of test speakers too: never to be compared with rows without.
"""

import operator
from typing import NamedTuple

import numpy as np
import pandas as pd
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

    The clips are drawn, and mean and variance shrunk with ``prior_weight`` to those
    of the training speakers on average, as ``emoclust_lobes.enrolment.normalization``
    does it.
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

    Returns predictions of ``test`` (``ID, truth, prediction, p_CLASS``; probabilities
    of the logistic regression only), the same of ``valid`` or None, and its UAR.
    """

    def fit(C):
        model = linear_classifier(classifier, C)
        return model.fit(train.vectors, train.emotions)

    best, valid_uar = best_model(fit, valid, classes, C_grid)
    chosen_on = None if valid is None else predict(best, valid, classes)
    return predict(best, test, classes), chosen_on, valid_uar


def best_model(fit, valid, classes, C_grid):
    """Fit with each C; return the best on a split, and its UAR there.

    Of the C with the highest UAR on ``valid`` the smallest is chosen; without
    ``valid`` there must be one, and its UAR is None.
    """
    C_grid = sorted(C_grid)
    if not C_grid or (valid is None and len(C_grid) > 1):
        raise ValueError(
            "C_grid must hold one value, or several where there are development "
            f"speakers to choose one; found {C_grid}"
        )
    fitted = []
    with threadpool_limits(1):  # the work is too little for more
        for C in C_grid:
            model, uar = fit(C), None
            if valid is not None:
                found = predict(model, valid, classes)["prediction"]
                uar = emotion_metrics(valid.emotions, found, classes)["uar"]
            fitted.append((uar, model))
        valid_uar, best = max(fitted, key=operator.itemgetter(0))
    return best, valid_uar


def linear_classifier(classifier, C):
    """Make an untrained classifier of standardized vectors.

    Each class counts the same, as it does in the UAR.
    """
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


def predict(model, utterances, classes):
    """Predictions of a trained classifier, as a table."""
    scores = model.decision_function(utterances.vectors)
    if scores.ndim == 1:  # of the second of two classes, against the first
        scores = np.stack([np.zeros_like(scores), scores], axis=1)
    shares = pd.DataFrame(softmax(scores, axis=1), columns=model.classes_)
    shares = shares.reindex(columns=classes, fill_value=0.0)
    table = pd.DataFrame({"ID": utterances.ids, "truth": utterances.emotions})
    table["prediction"] = shares.idxmax(axis=1)
    return table.join(shares.add_prefix("p_"))
