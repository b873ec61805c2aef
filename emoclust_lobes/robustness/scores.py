"""What conditions cost, with intervals over test speakers."""

import pandas as pd
from emoclust_lobes.evaluation.metrics import emotion_metrics
from emoclust_lobes.protocol.runs import run_rows
from emoclust_lobes.protocol.schema import Condition
from emoclust_lobes.protocol.statistics import paired_difference, uar_interval
from emoclust_lobes.robustness.conditions import CLEAN

RUN = ["system", "condition", "fold", "seed"]


def score(predictions, tested):
    """Score each model under each condition: runs, and speakers' hits."""
    classes = sorted({*predictions["truth"], *predictions["prediction"]})
    known = {x.model: x for x in tested}
    parts = []
    for (model, condition), rows in predictions.groupby(
        ["model", "condition"], sort=False
    ):
        each = known[model]
        tables = run_rows(
            rows,
            rows.set_index("ID")["spk_id"],
            classes,
            labels=1.0,
            enrolled="",
            **{x: getattr(each, x) for x in ("system", "fold", "seed")},
            n_train=each.n_train,
        )
        # That of a row is rounded
        uar = emotion_metrics(rows["truth"], rows["prediction"], classes)["uar"]
        tables = (tables[0].assign(uar=uar), tables[1])
        parts.append([x.assign(condition=condition) for x in tables])
    runs, speakers = (pd.concat(x, ignore_index=True) for x in zip(*parts))
    return runs[[*RUN, "uar", "n", "n_train"]], speakers[
        [*RUN, "speaker", "hits"]
    ]


def compare(runs, speakers):
    """Compare each condition with clean speech, and systems with the first.

    Intervals are 95 % over the speakers; ``loss``, against clean speech, and
    ``gain``, against the first system, have theirs of the same draws.
    """
    # A system under a condition is what the statistics call a system
    runs, speakers = (
        x.rename(columns={"system": "name"}).assign(
            system=x["system"] + "|" + x["condition"], labels=1.0, enrolled=""
        )
        for x in (runs, speakers)
    )
    pairs = runs[["name", "condition"]].drop_duplicates()
    first = pairs["name"].iloc[0]
    lines = []
    for name, condition in pairs.itertuples(index=False, name=None):
        own = Condition(f"{name}|{condition}")
        uar = own.of(runs).groupby("fold")["uar"].mean().mean()
        line = {"system": name, "condition": condition, "uar": uar}
        line["low"], line["high"] = uar_interval(speakers, own)
        for what, one, other in (
            ("loss", Condition(f"{name}|{CLEAN}"), own),
            ("gain", own, Condition(f"{first}|{condition}")),
        ):
            found = paired_difference(runs, speakers, one, other)
            line[what] = found.value
            line[f"{what}_low"], line[f"{what}_high"] = found.low, found.high
        lines.append({**line, "gain_p": found.p})
    return pd.DataFrame(lines)
