"""``emoclust robustness``: a model, or clusters, in other channels."""

import argparse
import pathlib

import pandas as pd
from data_prep.errors import EmoclustError
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


def add_arguments(parser):
    """Declare the options of the command."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG.format(conditions=" ".join(CONDITIONS))
    parser.add_argument(
        "model",
        nargs="?",
        metavar="MODEL",
        help="folder inference of a run of train_ser.py",
    )
    parser.add_argument(
        "--manifest",
        metavar="FILE.csv",
        help="the test speakers, with emotions; for clusters, any speakers",
    )
    parser.add_argument(
        "--data_folder", required=True, help="folder that its paths start from"
    )
    parser.add_argument(
        "--run_folder",
        action="append",
        default=[],
        metavar="[NAME=]DIR",
        help="instead of MODEL, all models below a folder of results, each "
        "with the test speakers of its run; the option may be repeated, and "
        "systems are compared with the first",
    )
    parser.add_argument(
        "--encoders",
        metavar="NAME,...",
        help="instead of MODEL, speaker encoders whose clusters are compared "
        "with emotions and with the channel",
    )
    parser.add_argument(
        "--conditions",
        default=",".join(CONDITIONS),
        metavar="NAME,...",
        help="default: all; clean is always among them",
    )
    parser.add_argument("--output", default="results/robustness", metavar="DIR")
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--trust",
        action="store_true",
        help="load models whose YAML may run any code",
    )


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
    return (_clusters if options.encoders else _models)(options, folder, kept)


def _models(options, folder, kept):
    from emoclust_lobes.robustness.models import (
        describe_model,
        find_models,
        recognize,
    )
    from emoclust_lobes.robustness.report import report_models
    from emoclust_lobes.robustness.scores import compare, score

    if options.model:
        tested = [describe_model(options.model, options.manifest)]
    else:
        tested = []
        for each in options.run_folder:
            name, _, place = each.rpartition("=")
            tested += find_models(place, name or pathlib.Path(place).name)
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
    report = report_models(
        folder, runs, speakers, compare(runs, speakers), _commands(options)
    )
    return report.read_text(encoding="utf-8")


def _clusters(options, folder, kept):
    from emoclust_lobes.robustness.clusters import (
        agreements,
        embed_conditions,
        summarize_agreements,
    )
    from emoclust_lobes.robustness.report import report_clusters

    tables, means = [], []
    for encoder in options.encoders.split(","):
        utterances, vectors = embed_conditions(
            encoder,
            options.manifest,
            options.data_folder,
            options.conditions,
            kept,
            options.device,
        )
        table = agreements(utterances, vectors)
        tables.append(table.assign(encoder=encoder))
        means.append(summarize_agreements(encoder, table))
    report = report_clusters(
        folder, pd.concat(tables), pd.concat(means), _commands(options)
    )
    return report.read_text(encoding="utf-8")


def _commands(options):
    """The command without the places of a machine."""
    words = [
        f"--run_folder={x.rpartition('=')[0] or pathlib.Path(x).name}=RESULTS"
        for x in options.run_folder
    ]
    words += ["MODEL"] if options.model else []
    if options.encoders:
        words.append(f"--encoders={options.encoders}")
    if options.manifest:
        words.append(f"--manifest={pathlib.Path(options.manifest).name}")
    if tuple(options.conditions) != CONDITIONS:
        words.append(f"--conditions={','.join(options.conditions)}")
    return [" ".join(["emoclust robustness", *words])]
