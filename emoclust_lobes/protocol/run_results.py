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
    """Read the tests of every stage-2 run below a folder, one row a run.

    ``output_folder`` is the path from the folder to above a run's fold and
    seed, ``classes`` their number, ``labels`` a share.
    """
    rows = []
    top = pathlib.Path(folder)
    for path in sorted(top.rglob("ser_*/labels_*/metrics.json")):
        metrics = read_json(path)
        metrics["output_folder"] = _output_folder(path.parents[2], top)
        names = [*PROTOCOL, "fold", "seed", *SCORES, "valid_uar", "n"]
        row = {name: metrics[name] for name in names}
        row["classes"] = len(metrics["classes"])
        rows.append({**row, "folder": str(path.parent)})
    if not rows:
        raise FileNotFoundError(
            f"no ser_*/labels_*/metrics.json below {folder}: run train_ser.py "
            "first"
        )
    table = pd.DataFrame(rows)
    return table.sort_values([*PROTOCOL, "fold", "seed"], ignore_index=True)


def add_arguments(parser):
    """Declare the folder that ``emoclust results`` is given."""
    parser.add_argument("folder", help="an output folder of the scripts")


def run(options):
    """Run ``emoclust results``."""
    return describe_results(options.folder)


def describe_results(folder):
    """Tell all results below a folder, run by run and on average.

    The tables name the output folder where there is more than one.
    """
    table = collect_results(folder)
    runs, summary = table.drop(columns="folder"), summarize(table, by=PROTOCOL)
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
