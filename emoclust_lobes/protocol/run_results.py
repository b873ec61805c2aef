"""Results of many runs in one table."""

import pathlib

import pandas as pd
from data_prep.errors import EmoclustError
from data_prep.storage.files import read_json
from emoclust_lobes.protocol.averages import ANNOTATED, SCORES, summarize
from emoclust_lobes.protocol.schema import enrolled_rank

# What makes two results comparable: the same of each.
PROTOCOL = ["output_folder", "corpus", "label_source", "classes"]
PROTOCOL += ["system", "labels", "enrolled"]
RUN = [*PROTOCOL, "fold", "seed"]
_READ = [*RUN, *SCORES, "valid_uar", "n"]


def collect_results(folder):
    """Read the tests of every stage-2 run below a folder, one row a test.

    ``output_folder`` is the path from the folder to above a run's fold and
    seed, ``classes`` their number, ``labels`` a share, ``enrolled`` the number
    of the speaker's utterances that a test was given, or "" without enrolment.
    """
    rows = []
    top = pathlib.Path(folder)
    for path in sorted(top.rglob("ser_*/labels_*/metrics.json")):
        metrics = _read_metrics(path)
        metrics["output_folder"] = _output_folder(path.parents[2], top)
        metrics["enrolled"] = ""
        metrics["written"] = path.stat().st_mtime_ns
        row = {name: metrics[name] for name in (*_READ, "written")}
        row |= {name: metrics[name] for name in ANNOTATED if name in metrics}
        row["classes"] = len(metrics["classes"])
        row["folder"] = str(path.parent)
        rows += _enrolled_rows(row, metrics)
    if not rows:
        raise FileNotFoundError(
            f"no ser_*/labels_*/metrics.json below {folder}: run train_ser.py "
            "first"
        )
    table = pd.DataFrame(rows).sort_values("written", kind="stable")
    # labels_1 and labels_1.0 are one run
    table = table.drop_duplicates(RUN, keep="last").drop(columns="written")
    return _in_order(table, RUN)


def _read_metrics(path):
    """Read the scores of a run; refuse a file that has not all of them."""
    metrics = read_json(path)
    if isinstance(metrics, dict) and "target" in metrics:
        # It has other scores, and may have none of classes
        metrics = {**dict.fromkeys([*SCORES, "valid_uar"]), **metrics}
    wanted = {*_READ} - {"output_folder", "enrolled"}
    missing = wanted - (metrics.keys() if isinstance(metrics, dict) else set())
    if missing:
        raise EmoclustError(
            f"{path} has no {', '.join(sorted(missing))}: restore it, or remove "
            "it and run train_ser.py as before, which tests the best checkpoint "
            "again"
        )
    return metrics


def _in_order(table, columns):
    return table.sort_values(
        columns,
        key=lambda x: x.map(enrolled_rank) if x.name == "enrolled" else x,
        ignore_index=True,
    )


def _enrolled_rows(row, metrics):
    """Tell each number of enrolled utterances; the run's scores are the last.

    Without enrolment there is the one row. Runs of older versions have no other
    score than the UAR of what is not the last.
    """
    others = dict.fromkeys([*SCORES, "valid_uar"])
    scores = {x: metrics.get(f"enrolled_{x}") or {} for x in SCORES}
    counts = list(scores["uar"])
    tests = [
        {**row, **others, "enrolled": count}
        | {x: values.get(count) for x, values in scores.items()}
        for count in counts
    ]
    return [*tests[:-1], {**row, "enrolled": counts[-1] if counts else ""}]


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
    runs = table.drop(columns="folder")
    summary = _in_order(summarize(table, by=PROTOCOL), PROTOCOL)
    if table["output_folder"].nunique() == 1:
        runs = runs.drop(columns="output_folder")
        summary = summary.drop(columns="output_folder")
    if not table["enrolled"].any():
        runs = runs.drop(columns="enrolled")
        summary = summary.drop(columns="enrolled")
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
            *(f"  {path}/*.png" for path in table["folder"].unique()),
        ]
    )


def _output_folder(run, top):
    """Tell a run's folder, without its fold and seed, from the top one on."""
    while run != top and run.name.startswith(("fold_", "seed_")):
        run = run.parent
    return run.relative_to(top).as_posix()
