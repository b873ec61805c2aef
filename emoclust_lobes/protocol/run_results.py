"""Results of many runs in one table."""

import pathlib

import pandas as pd
from data_prep.storage.files import read_json
from emoclust_lobes.protocol.averages import SCORES, summarize

# What makes two results comparable: the same of each.
PROTOCOL = [
    "output_folder",
    "corpus",
    "label_source",
    "classes",
    "system",
    "labels",
]


def collect_results(folder):
    """Read the tests of every stage-2 run below a folder.

    Arguments
    ---------
    folder : str or pathlib.Path
        An output folder, or any folder above some.

    Returns
    -------
    pandas.DataFrame
        One row a run: ``output_folder`` (the path from ``folder`` to above
        the run's fold and seed), ``corpus, label_source, classes`` (their
        number), ``system, labels`` (share of the training labels), ``fold,
        seed, uar, wa, macro_f1, valid_uar, n, folder`` (of the run), sorted.

    Raises
    ------
    FileNotFoundError
        When no run below the folder has been tested.

    Example
    -------
    >>> collect_results(getfixture("tmp_path"))
    Traceback (most recent call last):
    ...
    FileNotFoundError: no ser_*/labels_*/metrics.json below ...
    """
    rows = []
    top = pathlib.Path(folder)
    for path in sorted(top.rglob("ser_*/labels_*/metrics.json")):
        metrics = read_json(path)
        metrics["output_folder"] = _output_folder(path.parents[2], top)
        names = [*PROTOCOL, "fold", "seed", *SCORES]
        row = {name: metrics[name] for name in names}
        row["classes"] = len(metrics["classes"])
        row["valid_uar"] = metrics["valid_uar"]
        row["n"] = metrics["n"]
        row["folder"] = str(path.parent)
        rows.append(row)
    if not rows:
        raise FileNotFoundError(
            f"no ser_*/labels_*/metrics.json below {folder}: run train_ser.py "
            "first"
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
        As ``summarize``, one row for each output folder, corpus, label
        source, class set, system and share of the labels.

    Example
    -------
    >>> run = dict.fromkeys(PROTOCOL, "any")
    >>> scores = {"wa": 0.5, "macro_f1": 0.5, "valid_uar": None, "n": 10}
    >>> runs = [{**run, **scores, "fold": 1, "uar": uar} for uar in (0.4, 0.6)]
    >>> summarize_results(pd.DataFrame(runs))["uar"].tolist()
    [0.5]
    """
    return summarize(table, by=PROTOCOL)


def add_arguments(parser):
    """Declare the folder that ``emoclust results`` is given."""
    parser.add_argument("folder", help="an output folder of the scripts")


def run(options):
    """Run ``emoclust results``."""
    return describe_results(options.folder)


def describe_results(folder):
    """Tell all results below a folder, run by run and on average.

    Arguments
    ---------
    folder : str or pathlib.Path
        As for ``collect_results``.

    Returns
    -------
    str
        Two tables, and where the pictures of each run are. The tables name
        the output folder where there is more than one.

    Example
    -------
    >>> from data_prep.storage.files import write_json
    >>> folder = getfixture("tmp_path") / "ser_none" / "labels_1.0"
    >>> keys = [*PROTOCOL, "fold", "seed", *SCORES, "valid_uar", "n"]
    >>> metrics = {**dict.fromkeys(keys, 0), "classes": ["ang", "sad"]}
    >>> write_json(folder / "metrics.json", metrics)
    >>> print(describe_results(folder.parents[1]).splitlines()[0])
    Tests, run by run
    """
    table = collect_results(folder)
    runs, summary = table.drop(columns="folder"), summarize_results(table)
    if table["output_folder"].nunique() == 1:
        runs = runs.drop(columns="output_folder")
        summary = summary.drop(columns="output_folder")
    layout = {"index": False, "float_format": "{:.3f}".format, "na_rep": "-"}
    return "\n".join(
        [
            "Tests, run by run",
            runs.to_string(**layout),
            "",
            "Means over folds and seeds",
            summary.to_string(**layout),
            "",
            "Confusion matrices and learning curves:",
            *(f"  {path}/*.png" for path in table["folder"]),
        ]
    )


def _output_folder(run, top):
    """Tell a run's folder, without its fold and seed, from the top one on."""
    while run != top and run.name.startswith(("fold_", "seed_")):
        run = run.parent
    return run.relative_to(top).as_posix()
