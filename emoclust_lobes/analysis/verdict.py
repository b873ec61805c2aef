"""What the clusters follow most, in one sentence."""

import numpy as np
import pandas
from emoclust_lobes.analysis.grid import STABILITY
from emoclust_lobes.evaluation.metrics import interval


def describe_clusters_of(overall, speakers, encoder, algorithm, k):
    """Say what the clusters of one kind follow most.

    Arguments
    ---------
    overall, speakers : pandas.DataFrame
        Tables of a ``Grid``.
    encoder, algorithm : str
        Which clusters.
    k : int
        Which clusters.

    Returns
    -------
    str
        A clause: "those of campplus follow emotion most (AMI .59, ...)".
        Two targets are named together where the bootstrap over speakers
        cannot tell which is followed more.

    Example
    -------
    >>> from emoclust_lobes.synthetic.study import made_up_study
    >>> study = made_up_study()
    >>> grid = study.grid
    >>> text = describe_clusters_of(
    ...     grid.overall, grid.speakers, "planted", "kmeans", 3
    ... )
    >>> text.partition(" (")[0]
    'those of planted follow emotion most'
    """
    chosen = {"encoder": encoder, "algorithm": algorithm, "k": k}
    rows = _pick(overall, **chosen, measure="ami")
    rows = rows[rows["target"] != STABILITY].sort_values(
        "value", ascending=False
    )
    followed = rows[rows["p"] <= 0.05]
    if rows.empty:
        return f"those of {encoder} can be compared with nothing that is known"
    if followed.empty:
        return f"those of {encoder} follow nothing that is known beyond chance"
    first = followed.iloc[0]
    text = f"those of {encoder} follow {first['target']} most ({_ami(first)})"
    if len(followed) == 1:
        return text
    second = followed.iloc[1]
    if not _clearly_more(
        _pick(speakers, **chosen), first["target"], second["target"]
    ):
        return (
            f"those of {encoder} follow {first['target']} ({_ami(first)}) and "
            f"{second['target']} ({_ami(second)}) about equally"
        )
    return f"{text}, then {second['target']} ({second['value']:.2f})"


def _ami(row):
    between = ""
    if pandas.notna(row["low"]):
        between = f", 95 % interval {row['low']:.2f} to {row['high']:.2f}"
    return f"AMI {row['value']:.2f}{between}"


def _pick(table, **values):
    for column, value in values.items():
        table = table[table[column] == value]
    return table


def _clearly_more(rows, first, second, n_resamples=1000):
    """Tell whether speakers' clusters follow one target more than another."""
    values = rows.pivot(index="spk_id", columns="target", values="ami")
    differences = (values[first] - values[second]).dropna().to_numpy()
    if len(differences) < 2:
        return False
    rng = np.random.default_rng(0)
    draws = rng.integers(len(differences), size=(n_resamples, len(differences)))
    return interval(differences[draws].mean(axis=1))[0] > 0
