"""``emoclust robustness``: a model, or clusters, in other channels."""

import argparse
import pathlib

import pandas as pd
from data_prep.errors import EmoclustError
from emoclust_lobes.experiment.option_table import adder
from emoclust_lobes.robustness.conditions import (
    CLEAN,
    CONDITIONS,
    check_conditions,
)

EPILOG = """\
examples:
  emoclust robustness RUN/ser_none/labels_1.0/inference \\
      --manifest=RUN/manifest/test.csv --data_folder=/data/RAVDESS
  emoclust robustness --run_folder=plain=results/plain \\
      --run_folder=augmented=results/augmented --data_folder=/data/RAVDESS
  emoclust robustness --encoders=campplus,ge2e \\
      --manifest=RUN/manifest/pool.csv --data_folder=/data/RAVDESS

conditions: {conditions}
or some of their parts, joined by + in the order in which they come.
What was computed is kept in --output, and not computed again.
"""
_HELP = {
    "manifest": "the test speakers, with emotions; for clusters, any speakers",
    "data_folder": "folder that its paths start from",
    "run_folder": "instead of MODEL, all models below a folder of results, "
    "each with the test speakers of its run; the option may be repeated, and "
    "systems are compared with the first",
    "encoders": "instead of MODEL, speaker encoders whose clusters are "
    "compared with emotions and with the channel",
    "conditions": "default: all; clean is always among them",
    "trust": "load models whose YAML may run any code",
}


def add_arguments(parser):
    """Declare the options of the command."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG.format(conditions=" ".join(CONDITIONS))
    add = adder(parser, {**_HELP, "device": None})
    add("model", nargs="?", metavar="MODEL")
    add("--manifest", metavar="FILE.csv")
    add("--data_folder", required=True)
    add("--run_folder", action="append", default=[], metavar="[NAME=]DIR")
    add("--encoders", metavar="NAME,...")
    add("--conditions", default=",".join(CONDITIONS), metavar="NAME,...")
    add("--output", default="results/robustness", metavar="DIR")
    add("--device", default="cpu")
    add("--trust", action="store_true")


def run(options):
    """Run ``emoclust robustness``; return what was found."""
    given = [options.model, options.run_folder, options.encoders]
    if sum(map(bool, given)) != 1:
        raise EmoclustError(
            "give one of MODEL, --run_folder and --encoders; found "
            f"{sum(map(bool, given))} of them"
        )
    if not options.run_folder and not options.manifest:
        raise EmoclustError(
            "give the speakers who are heard: --manifest=FILE.csv, such as "
            "the manifest/test.csv of the model's run"
        )
    wanted = [x for x in options.conditions.split(",") if x and x != CLEAN]
    options.conditions = [CLEAN, *check_conditions(dict.fromkeys(wanted))]
    folder = pathlib.Path(options.output)
    kept = folder / "kept"
    kept.mkdir(parents=True, exist_ok=True)
    report = (_clusters if options.encoders else _models)(options, folder, kept)
    return report.read_text(encoding="utf-8")


def _models(options, folder, kept):
    from emoclust_lobes.robustness.models import (
        describe_model,
        find_models,
        recognize,
    )
    from emoclust_lobes.robustness.report import report_models
    from emoclust_lobes.robustness.scores import compare, score

    tested = []
    if options.model:
        tested = [describe_model(options.model, options.manifest)]
    for name, place in _named(options.run_folder):
        tested += find_models(place, name)
    # Runs of a fold have the same manifest, each in a folder of its own
    groups: dict[bytes, list] = {}
    for each in tested:
        content = pathlib.Path(each.manifest).read_bytes()
        groups.setdefault(content, []).append(each)
    shared = (options.data_folder, options.conditions, kept, options.device)
    predictions = [
        recognize(group, *shared, options.trust) for group in groups.values()
    ]
    runs, speakers = score(pd.concat(predictions), tested)
    found = compare(runs, speakers)
    return report_models(folder, runs, speakers, found, _command(options))


def _clusters(options, folder, kept):
    from emoclust_lobes.robustness.clusters import (
        agreements,
        embed_conditions,
        summarize_agreements,
    )
    from emoclust_lobes.robustness.report import report_clusters

    shared = (options.manifest, options.data_folder, options.conditions)
    tables, means = [], []
    for encoder in options.encoders.split(","):
        table = agreements(
            *embed_conditions(encoder, *shared, kept, options.device)
        )
        tables.append(table.assign(encoder=encoder))
        means.append(summarize_agreements(encoder, table))
    table, found = pd.concat(tables), pd.concat(means)
    return report_clusters(folder, table, found, _command(options))


def _named(run_folders):
    """Split each [NAME=]DIR."""
    for each in run_folders:
        name, _, place = each.rpartition("=")
        yield name or pathlib.Path(place).name, place


def _command(options):
    """The command without the places of a machine."""
    words = [f"--run_folder={x}=RESULTS" for x, _ in _named(options.run_folder)]
    words += ["MODEL"] if options.model else []
    if options.encoders:
        words.append(f"--encoders={options.encoders}")
    if options.manifest:
        words.append(f"--manifest={pathlib.Path(options.manifest).name}")
    if tuple(options.conditions) != CONDITIONS:
        words.append(f"--conditions={','.join(options.conditions)}")
    return " ".join(["emoclust robustness", *words])
