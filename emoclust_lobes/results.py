"""Results of many runs in one table."""

import pathlib

import pandas as pd
from emoclust_lobes.files import read_json

# What makes two results comparable: the same of each.
PROTOCOL = ["corpus", "label_source", "classes", "init"]
SCORES = ["uar", "wa", "macro_f1"]


def collect_results(folder):
    """Read the tests of every stage-2 run below a folder.

    Arguments
    ---------
    folder : str or pathlib.Path
        An output folder, or any folder above some.

    Returns
    -------
    pandas.DataFrame
        One row a run: ``corpus, label_source, classes`` (their number),
        ``init, fold, seed, uar, wa, macro_f1, valid_uar, n, folder``, sorted.

    Raises
    ------
    FileNotFoundError
        When no run below the folder has been tested.
    """
    rows = []
    for path in sorted(pathlib.Path(folder).rglob("ser_*/metrics.json")):
        metrics = read_json(path)
        names = ["corpus", "label_source", "init", "fold", "seed", *SCORES]
        row = {name: metrics[name] for name in names}
        row["classes"] = len(metrics["classes"])
        row["valid_uar"] = metrics["valid_uar"]
        row["n"] = metrics["n"]
        row["folder"] = str(path.parent)
        rows.append(row)
    if not rows:
        raise FileNotFoundError(
            f"no ser_*/metrics.json below {folder}: run train_ser.py first"
        )
    table = pd.DataFrame(rows)
    return table.sort_values([*PROTOCOL, "fold", "seed"], ignore_index=True)


def summarize_results(table):
    """Average over seeds and folds.

    Arguments
    ---------
    table : pandas.DataFrame
        From ``collect_results``.

    Returns
    -------
    pandas.DataFrame
        One row for each corpus, label source, class set and init: the number
        of ``folds`` and ``runs``, the mean of each score over the folds
        (seeds are averaged within a fold first), ``uar_fold_std`` (deviation
        of the folds' means), ``uar_seed_std`` (deviation over the seeds of a
        fold, averaged over the folds) and ``n``, the utterances tested. A
        deviation of one value is empty.

    Example
    -------
    >>> runs = pd.DataFrame(
    ...     [
    ...         ["C", "intended", 6, "scratch", fold, seed, uar, 0.5, 0.5, 10]
    ...         for fold, seed, uar in [(1, 1, 0.4), (1, 2, 0.6), (2, 1, 0.7)]
    ...     ],
    ...     columns=[*PROTOCOL, "fold", "seed", *SCORES, "n"],
    ... )
    >>> summary = summarize_results(runs).iloc[0]
    >>> print(summary["folds"], summary["runs"], round(summary["uar"], 3))
    2 3 0.6
    """
    per_fold = table.groupby([*PROTOCOL, "fold"]).agg(
        runs=("uar", "size"),
        n=("n", "first"),
        seed_std=("uar", "std"),
        **{score: (score, "mean") for score in SCORES},
    )
    summary = per_fold.groupby(PROTOCOL).agg(
        folds=("uar", "size"),
        runs=("runs", "sum"),
        **{score: (score, "mean") for score in SCORES},
        uar_fold_std=("uar", "std"),
        uar_seed_std=("seed_std", "mean"),
        n=("n", "sum"),
    )
    return summary.reset_index()


def describe_results(folder):
    """Tell all results below a folder, run by run and on average.

    Arguments
    ---------
    folder : str or pathlib.Path
        As for ``collect_results``.

    Returns
    -------
    str
        Two tables, and where the pictures of each run are.
    """
    table = collect_results(folder)
    summary = summarize_results(table)
    layout = {"index": False, "float_format": "{:.3f}".format, "na_rep": "-"}
    runs = table.drop(columns="folder").to_string(**layout)
    return "\n".join(
        [
            "Tests, run by run",
            runs,
            "",
            "Means over folds and seeds",
            summary.to_string(**layout),
            "",
            "Confusion matrices and learning curves:",
            *(f"  {path}/*.png" for path in table["folder"]),
        ]
    )
