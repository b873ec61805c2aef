"""What conditions cost, with intervals over test speakers."""

import numpy as np
import pandas as pd
from emoclust_lobes.evaluation.metrics import emotion_metrics, interval
from emoclust_lobes.protocol.schema import Condition
from emoclust_lobes.protocol.statistics import paired_difference, uar_interval
from emoclust_lobes.robustness.conditions import CLEAN

RUN = ["system", "condition", "fold", "seed"]


def score(predictions, tested):
    """Score each model under each condition.

    Returns a table of runs, with ``RUN, uar, n, n_train``, and one of speakers,
    with ``RUN, speaker, hits``: of each class, right/all.
    """
    classes = sorted({*predictions["truth"], *predictions["prediction"]})
    known = {x.model: x for x in tested}
    runs, speakers = [], []
    for (model, condition), rows in predictions.groupby(
        ["model", "condition"], sort=False
    ):
        about = known[model]
        run = {
            "system": about.system,
            "condition": condition,
            "fold": about.fold,
            "seed": about.seed,
        }
        scores = emotion_metrics(rows["truth"], rows["prediction"], classes)
        runs.append(
            {**run, "uar": scores["uar"], "n": len(rows)}
            | {"n_train": about.n_train}
        )
        for speaker, own in rows.groupby("spk_id"):
            right = own["truth"][own["truth"] == own["prediction"]]
            hits = " ".join(
                f"{(right == x).sum()}/{(own['truth'] == x).sum()}"
                for x in classes
            )
            speakers.append({**run, "speaker": speaker, "hits": hits})
    return pd.DataFrame(runs), pd.DataFrame(speakers)


def compare(runs, speakers):
    """Compare each condition with clean speech, and systems with the first.

    The columns of the table: ``system, condition, uar, low, high``, the interval
    of 95 % over the speakers; ``loss, loss_low, loss_high``, what is lost against
    clean speech, from the same draws of speakers; ``gain, gain_low, gain_high,
    gain_p``, against the first system under the same condition. NaN stands
    where there is nothing to compare.
    """
    runs, speakers = (_as_systems(x) for x in (runs, speakers))
    pairs = runs[["name", "condition"]].drop_duplicates()
    first = pairs["name"].iloc[0]
    lines = []
    for name, condition in pairs.itertuples(index=False, name=None):
        own = Condition(f"{name}|{condition}")
        low, high = uar_interval(speakers, own)
        loss, gain = (
            paired_difference(runs, speakers, one, other)
            for one, other in (
                (Condition(f"{name}|{CLEAN}"), own),
                (own, Condition(f"{first}|{condition}")),
            )
        )
        lines.append(
            {
                "system": name,
                "condition": condition,
                "uar": own.of(runs).groupby("fold")["uar"].mean().mean(),
                **{"low": low, "high": high, "loss": loss.value},
                **{"loss_low": loss.low, "loss_high": loss.high},
                **{"gain": gain.value, "gain_low": gain.low},
                **{"gain_high": gain.high, "gain_p": gain.p},
            }
        )
    return pd.DataFrame(lines)


def _as_systems(table):
    """Make of a system under a condition what the statistics call a system."""
    return table.rename(columns={"system": "name"}).assign(
        system=table["system"] + "|" + table["condition"],
        labels=1.0,
        enrolled="",
    )


def speaker_interval(values, n_draws=2000, seed=0):
    """Return the interval of 95 % of a mean over speakers, [n] values."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        return np.nan, np.nan
    draws = np.random.default_rng(seed).integers(
        len(values), size=(n_draws, len(values))
    )
    return interval(values[draws].mean(axis=1))
