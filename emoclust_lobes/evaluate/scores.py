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
    negative_log_likelihood,
)
from emoclust_lobes.evaluation.metrics import emotion_metrics
from emoclust_lobes.evaluation.selective import area_under_risk

N_DRAWS, SEED = 2000, 0
# A column of more different numbers is cut at its quartiles.
_MOST_NUMBERS = 6
_TINY = float(np.finfo(np.float32).tiny)


def evaluate_rows(rows, classes, by=(), probabilities=True, threshold=None):
    """Score predictions: ``file, speaker, truth, prediction, confidence, p_*``.

    Adds to what ``emotion_metrics`` gives the 95 % ``intervals`` over speakers
    (None for one alone), ``ece, nll, brier`` and ``aurc`` where there are
    probabilities, ``answered`` where a threshold leaves some out, and
    ``groups``, a row each value of the columns ``by``.
    """
    confusions = _speaker_confusions(rows, classes)
    scores = emotion_metrics(rows["truth"], rows["prediction"], classes)
    scores["speakers"] = len(confusions)
    scores["intervals"] = {
        name: _ends(
            confusions,
            lambda draws, name=name: confusion_scores(
                np.tensordot(draws, confusions, axes=1)
            )[name],
        )
        for name in ("uar", "wa", "macro_f1")
    }
    if probabilities:
        scores.update(_probability_scores(rows, classes))
        right = rows["truth"] == rows["prediction"]
        scores["aurc"] = area_under_risk(rows["confidence"], right)
    if threshold is not None:
        answers = rows[rows["confidence"] > threshold]
        wrong = (answers["truth"] != answers["prediction"]).sum()
        scores["answered"] = {
            "threshold": threshold,
            "coverage": len(answers) / len(rows),
            "n": len(answers),
            "risk": wrong / len(answers) if len(answers) else None,
        }
    scores["groups"] = [
        row for column in by for row in _group_rows(rows, classes, column)
    ]
    return scores


def group_values(column):
    """Tell the group of each row: the value, "" for none, or its quartile."""
    numbers = pd.to_numeric(column, errors="coerce")
    if (
        numbers.nunique() <= _MOST_NUMBERS
        or (numbers.isna() & (column != "")).any()
    ):
        return column
    parts = pd.qcut(numbers, 4, duplicates="drop")
    ends = numbers.groupby(parts, observed=True).agg(["min", "max"])
    names = {
        x: f"{low:g} to {high:g}"
        for x, (low, high) in zip(ends.index, ends.to_numpy())
    }
    return parts.map(names).astype(object).fillna("")


def _group_rows(rows, classes, column):
    """Score each group of a column, and how it differs from the others.

    A difference is of the mean recall of the classes that both sides have; the
    draws are of all speakers, the same for both.
    """
    values = group_values(rows[column])
    found = []
    for value in sorted(set(values) - {""}):
        mine = values == value
        own, rest = (
            _speaker_confusions(
                rows[x], classes, sorted(rows["speaker"].unique())
            )
            for x in (mine, ~mine & (values != ""))
        )
        both = len(own), own.sum(axis=(0, 2)), rest.sum(axis=(0, 2))
        scores = confusion_scores(own.sum(axis=0))
        present = own.any(axis=(1, 2)).sum()
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
            row["uar_interval"] = _ends(own, lambda x, own=own: _uars(own, x))
        if ((both[1] > 0) & (both[2] > 0)).any():
            everyone = np.ones((1, both[0]))
            row["difference"] = float(_uars(own, everyone, rest)[0])
            if min(present, rest.any(axis=(1, 2)).sum()) > 1:
                row["difference_interval"] = _ends(
                    own, lambda x, own=own, rest=rest: _uars(own, x, rest)
                )
        found.append(row)
    return found


def _uars(own, draws, rest=None):
    """UAR of each draw, less that of the rest; NaN where it has no class."""

    def recalls(confusions):
        drawn = np.tensordot(draws, confusions, axes=1)
        hits = np.diagonal(drawn, axis1=1, axis2=2)
        return recalls_of(hits, drawn.sum(axis=2))

    values = recalls(own) if rest is None else recalls(own) - recalls(rest)
    n_known = np.isfinite(values).sum(axis=1)
    return recalls_of(np.nansum(values, axis=1), n_known)


def _ends(confusions, statistic):
    """The interval as a list, or None; draws that have no one do not count."""

    def known(draws):
        found = statistic(draws)
        return found[np.isfinite(found)]

    low, high = speaker_interval(len(confusions), N_DRAWS, SEED, known)
    return [low, high] if np.isfinite(low) else None


def _speaker_confusions(rows, classes, speakers=None):
    """Confusion matrix of each speaker, [speakers, classes, classes]."""
    places = {name: place for place, name in enumerate(classes)}
    if speakers is None:
        speakers = sorted(rows["speaker"].unique())
    confusions = np.zeros((len(speakers), len(classes), len(classes)))
    speaker = rows["speaker"].map({x: i for i, x in enumerate(speakers)})
    truth, said = (rows[x].map(places) for x in ("truth", "prediction"))
    np.add.at(confusions, (speaker, truth, said), 1)
    return confusions


def _probability_scores(rows, classes):
    """Calibration error, likelihood in nats, and the Brier score (0 to 2)."""
    chances = rows[[f"p_{x}" for x in classes]].to_numpy(float)
    truth = pd.Categorical(rows["truth"], categories=classes).codes
    places = torch.tensor(truth.astype(int))
    aims = np.eye(len(classes))[truth]
    return {
        "ece": expected_calibration_error(torch.tensor(chances), places),
        "nll": negative_log_likelihood(
            torch.tensor(chances.clip(min=_TINY)).log(), places
        ),
        "brier": float(((chances - aims) ** 2).sum(axis=1).mean()),
    }
