"""The numbers of an evaluation: of all recordings, and of groups of them."""

import numpy as np
import pandas as pd
import torch
from emoclust_lobes.evaluation.bootstrap import (
    confusion_scores,
    recalls_of,
    speaker_interval,
)
from emoclust_lobes.evaluation.calibration import (
    expected_calibration_error,
    logits_and_truth,
    negative_log_likelihood,
)
from emoclust_lobes.evaluation.metrics import emotion_metrics
from emoclust_lobes.evaluation.selective import area_under_risk

N_DRAWS, SEED = 2000, 0
# A column of more different numbers is cut at its quartiles.
_MOST_NUMBERS = 6


def evaluate_rows(rows, classes, by=(), probabilities=True, threshold=None):
    """Score predictions: ``file, speaker, truth, prediction, confidence, p_*``.

    Adds to ``emotion_metrics`` the 95 % ``intervals`` over speakers, ``ece,
    nll, brier, aurc`` of probabilities, ``answered`` where a threshold leaves
    some out, and ``groups``, a row each value of the columns ``by``.
    """
    confusions = _speaker_confusions(rows, classes)
    scores = emotion_metrics(rows["truth"], rows["prediction"], classes)
    scores["speakers"] = len(confusions)

    def score(draws, name):
        return confusion_scores(np.tensordot(draws, confusions, 1))[name]

    scores["intervals"] = {
        name: _ends(len(confusions), score, name)
        for name in ("uar", "wa", "macro_f1")
    }
    right = rows["truth"] == rows["prediction"]
    if probabilities:
        told = rows.drop(columns="votes", errors="ignore")
        logits, truth = logits_and_truth(told, classes)
        chances = rows[[f"p_{x}" for x in classes]].to_numpy(float)
        aims = np.eye(len(classes))[truth]
        scores |= {
            "ece": expected_calibration_error(torch.tensor(chances), truth),
            "nll": negative_log_likelihood(logits, truth),
            "brier": float(((chances - aims) ** 2).sum(axis=1).mean()),
            "aurc": area_under_risk(rows["confidence"], right),
        }
    if threshold is not None:
        answered = rows["confidence"] > threshold
        n = int(answered.sum())
        scores["answered"] = {
            "threshold": threshold,
            "coverage": n / len(rows),
            "n": n,
            "risk": (answered & ~right).sum() / n if n else None,
        }
    scores["groups"] = [
        row for column in by for row in _group_rows(rows, classes, column)
    ]
    return scores


def group_values(column):
    """Tell the group of each row: the value, "" for none, or its quartile."""
    numbers = pd.to_numeric(column, errors="coerce")
    is_text = (numbers.isna() & (column != "")).any()
    if is_text or numbers.nunique() <= _MOST_NUMBERS:
        return column
    quartiles = pd.qcut(numbers, 4, duplicates="drop")
    parts = numbers.groupby(quartiles, observed=True)
    names = parts.transform(lambda x: f"{x.min():g} to {x.max():g}")
    return names.astype(object).fillna("")


def _group_rows(rows, classes, column):
    """Score each group of a column, and how it differs from the others.

    A difference is of the mean recall of the classes that both sides have.
    """
    values = group_values(rows[column])
    speakers = sorted(rows["speaker"].unique())
    for value in sorted(set(values) - {""}):
        mine = values == value
        own, rest = (
            _speaker_confusions(rows[x], classes, speakers)
            for x in (mine, ~mine & (values != ""))
        )
        present, others = (x.any(axis=(1, 2)).sum() for x in (own, rest))
        scores = confusion_scores(own.sum(axis=0))
        row = {
            "column": column,
            "group": str(value),
            "n": int(mine.sum()),
            "speakers": int(present),
            "uar": float(scores["uar"]),
            "wa": float(scores["wa"]),
            "uar_interval": None,
            "difference": None,
            "difference_interval": None,
        }
        if present > 1:
            row["uar_interval"] = _ends(len(own), _uars, own)
        difference = _uars(np.ones((1, len(own))), own, rest)[0]
        if np.isfinite(difference):
            row["difference"] = float(difference)
            if min(present, others) > 1:
                ends = _ends(len(own), _uars, own, rest)
                row["difference_interval"] = ends
        yield row


def _uars(draws, own, rest=None):
    """UAR of each draw, less that of the rest; NaN where it has no class."""

    def recalls(confusions):
        drawn = np.tensordot(draws, confusions, axes=1)
        hits = np.diagonal(drawn, axis1=1, axis2=2)
        return recalls_of(hits, drawn.sum(axis=2))

    values = recalls(own) if rest is None else recalls(own) - recalls(rest)
    n_known = np.isfinite(values).sum(axis=1)
    return recalls_of(np.nansum(values, axis=1), n_known)


def _ends(n_speakers, statistic, *arguments):
    """The interval as a list, or None; draws that have no one do not count."""

    def known(draws):
        found = statistic(draws, *arguments)
        return found[np.isfinite(found)]

    low, high = speaker_interval(n_speakers, N_DRAWS, SEED, known)
    return [low, high] if np.isfinite(low) else None


def _speaker_confusions(rows, classes, speakers=None):
    """Confusion matrix of each speaker, [speakers, classes, classes]."""
    speakers = speakers or sorted(rows["speaker"].unique())
    confusions = np.zeros((len(speakers), len(classes), len(classes)))
    places = [
        pd.Index(names).get_indexer(rows[column])
        for names, column in (
            (speakers, "speaker"),
            (classes, "truth"),
            (classes, "prediction"),
        )
    ]
    np.add.at(confusions, tuple(places), 1)
    return confusions
