"""What the clusters follow most, in one sentence."""

import numpy as np
import pandas
from emoclust_lobes.analysis.grid import STABILITY, pick
from emoclust_lobes.analysis.measures import bootstrap


def describe_clusters_of(overall, speakers, encoder, algorithm, k):
    """Say, from the tables of a ``Grid``, what clusters of one kind follow.

    Two targets are named together where the bootstrap over speakers cannot
    tell which is followed more.
    """
    chosen = {"encoder": encoder, "algorithm": algorithm, "k": k}
    rows = pick(overall, **chosen, measure="ami")
    rows = rows[rows["target"] != STABILITY].sort_values(
        "value", ascending=False
    )
    followed = rows[rows["p"] <= 0.05]
    who = f"those of {encoder}"
    if rows.empty:
        return f"{who} can be compared with nothing that is known"
    if followed.empty:
        return f"{who} follow nothing that is known beyond chance"
    first = followed.iloc[0]
    text = f"{who} follow {first['target']} most ({_ami(first)})"
    if len(followed) == 1:
        return text
    second = followed.iloc[1]
    if _clearly_more(
        pick(speakers, **chosen), first["target"], second["target"]
    ):
        return f"{text}, then {second['target']} ({second['value']:.2f})"
    return (
        f"{who} follow {first['target']} ({_ami(first)}) and "
        f"{second['target']} ({_ami(second)}) about equally"
    )


def _ami(row):
    between = ""
    if pandas.notna(row["low"]):
        between = f", 95 % interval {row['low']:.2f} to {row['high']:.2f}"
    return f"AMI {row['value']:.2f}{between}"


def _clearly_more(rows, first, second):
    """Tell whether speakers' clusters follow one target more than another."""
    values = rows.pivot(index="spk_id", columns="target", values="ami")
    differences = (values[first] - values[second]).dropna().to_numpy()
    # Of one speaker, nothing can be said about others.
    if len(differences) < 2:
        return False
    return bootstrap(differences, np.random.default_rng(0))[0] > 0
