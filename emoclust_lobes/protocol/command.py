"""``emoclust protocol``: from a YAML to a table with spread and significance."""

import pathlib

from data_prep.manifests.summary import read_summary
from emoclust_lobes.experiment.steps import load_experiment
from emoclust_lobes.protocol.facts import claim, command_line
from emoclust_lobes.protocol.options import add_arguments
from emoclust_lobes.protocol.plan import ProtocolError, read_systems
from emoclust_lobes.protocol.prepare import refuse_failures, run_missing
from emoclust_lobes.protocol.report import README_TABLES, write_report
from emoclust_lobes.protocol.scripts import SCRIPTS, Experiment

__all__ = ["add_arguments", "run", "run_protocol"]


def run(options):
    """Run ``emoclust protocol``."""
    if not options.report_only:  # names what is wrong
        load_experiment(options.yaml, options.overrides)
    keys = {**options.overrides, **options.run_options}
    return run_protocol(options.yaml, keys, options, options.device)


def run_protocol(yaml, overrides, options, device):
    """Run what is missing of a protocol, and report: say where the report is.

    A ProtocolError says why it cannot be run, or which runs failed: the
    others are done, and their results are kept.
    """
    experiment = Experiment(yaml, overrides)
    if options.report_only:
        folder = _results_folder(experiment, options)
        return README_TABLES.report(write_report(folder), experiment.root)
    hparams = experiment.load()
    folder = _results_folder(experiment, options)
    missing = [x for x in SCRIPTS if not (experiment.root / x).is_file()]
    if missing:
        raise ProtocolError(
            f"{experiment.root} holds no {', '.join(missing)}: give the YAML "
            "in the folder hparams beside the training scripts"
        )
    if hparams.get("target") == "dimensions":
        raise ProtocolError(
            "a protocol compares how well classes are recognized, and "
            "target=dimensions has none: give --target=both"
        )
    if not options.systems:
        raise ProtocolError("give the systems to compare: --systems=none,...")
    systems = read_systems(
        experiment.yaml.with_name("systems.yaml"), options.systems
    )
    decoded = [x.name for x in systems if x.decode_clusters]
    if decoded and hparams.get("target", "class") != "class":
        raise ProtocolError(
            f"{', '.join(decoded)}: decode_clusters decides for classes, and "
            f"not with target={hparams['target']}: leave these systems out"
        )
    hparams["prepare"]()
    summary = read_summary(hparams["manifest_folder"])
    folds = options.folds
    if folds == "all":
        folds = list(range(1, summary["folds"] + 1))
    _describe(folder, experiment, hparams, summary["classes"], systems, options)
    failures = run_missing(
        experiment,
        folder,
        systems=systems,
        folds=folds,
        seeds=list(range(hparams["seed"], hparams["seed"] + options.seeds)),
        labels=options.labels,
        n_jobs=options.jobs,
        devices=options.devices or [device],
    )
    refuse_failures(failures)
    return README_TABLES.report(write_report(folder), experiment.root)


def _results_folder(experiment, options):
    """Where the results are; the corpus need not be known."""
    if options.results:
        return pathlib.Path(options.results)
    anywhere = {"data_folder": experiment.overrides.get("data_folder", "any")}
    output_folder = experiment.load(**anywhere)["output_folder"]
    return pathlib.Path(output_folder, "protocol")


def _describe(folder, experiment, hparams, classes, systems, options):
    """Write ``protocol.json``; refuse results of other settings."""
    command = command_line(
        "protocol",
        experiment,
        "--data_folder=FOLDER",
        systems=options.systems,
        folds=options.folds,
        seeds=options.seeds,
        labels=options.labels,
    )
    claim(
        folder / "protocol.json",
        {"yaml": experiment.name, "settings": experiment.settings},
        {
            "title": options.title,
            "note": options.note,
            "classes": classes,
            "label_source": hparams["label_source"],
            "commands": [command],
            "systems": options.systems,
            "uses": {x.name: x.uses for x in systems},
            "deterministic": [
                x.name for x in systems if not x.seeds_matter(share=1)
            ],
        },
        usual={"title": hparams["corpus"], "note": ""},
    )
