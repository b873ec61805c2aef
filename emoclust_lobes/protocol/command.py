"""``emoclust protocol``: from a YAML to a table with spread and significance."""

import pathlib
import shlex

from data_prep.manifest import read_summary
from emoclust_lobes.files import read_json, write_json
from emoclust_lobes.protocol.cells import read_results
from emoclust_lobes.protocol.plan import ProtocolError, plan_jobs, read_systems
from emoclust_lobes.protocol.report import write_report
from emoclust_lobes.protocol.runner import (
    SCRIPTS,
    Experiment,
    commit_of,
    run_jobs,
)


def add_arguments(parser):
    """Add the options of ``emoclust protocol`` to a parser.

    Arguments
    ---------
    parser : argparse.ArgumentParser
        Of the command.

    Example
    -------
    >>> import argparse
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> parser.parse_args(["--seeds=3", "--labels=1,0.1"]).labels
    [1.0, 0.1]
    """
    add = parser.add_argument
    add(
        "--systems",
        metavar="A,B",
        type=lambda text: text.split(","),
        help="which of hparams/systems.yaml to compare",
    )
    add(
        "--folds",
        metavar="all|K,L",
        type=lambda text: text if text == "all" else _numbers(text),
        default="all",
        help="folds of the corpus (default: all)",
    )
    add(
        "--seeds",
        metavar="N",
        type=int,
        default=1,
        help="how many runs of each, from the YAML's seed on (default: 1)",
    )
    add(
        "--labels",
        metavar="X,Y",
        type=lambda text: [float(x) for x in text.split(",")],
        default=[1.0],
        help="shares of the training labels (default: 1)",
    )
    add(
        "--jobs",
        metavar="N",
        type=int,
        default=1,
        help="runs at a time (default: 1)",
    )
    add(
        "--devices",
        metavar="A,B",
        type=lambda text: text.split(","),
        default=["cpu"],
        help="where the runs compute, in turn, such as cuda:0,cuda:1 "
        "(default: cpu)",
    )
    add(
        "--results",
        metavar="FOLDER",
        help="where tables and figures go (default: OUTPUT_FOLDER/protocol)",
    )
    add("--title", help="name of the corpus in the tables")
    add("--note", default="", help="what a reader must know of the corpus")
    add(
        "--report-only",
        action="store_true",
        help="run nothing; write the report from the results there are",
    )


def _numbers(text):
    return [int(number) for number in text.split(",")]


def run_protocol(yaml, overrides, options, device):
    """Run what is missing of a protocol, and report.

    Arguments
    ---------
    yaml : str
        The experiment's file.
    overrides : dict
        Keys of its top level.
    options : argparse.Namespace
        With the options of ``add_arguments``.
    device : str
        Where embeddings and features are computed.

    Returns
    -------
    str
        Where the report is.

    Raises
    ------
    ProtocolError
        When it cannot be run, or runs failed: the others are done, and their
        results are kept.
    """
    experiment = Experiment(yaml, overrides)
    hparams = experiment.load()
    folder = pathlib.Path(
        options.results or pathlib.Path(hparams["output_folder"], "protocol")
    )
    if options.report_only:
        return _report(folder)
    missing = [x for x in SCRIPTS if not (experiment.root / x).is_file()]
    if missing:
        raise ProtocolError(
            f"{experiment.root} holds no {', '.join(missing)}: give the YAML "
            "in the folder hparams beside the training scripts"
        )
    if not options.systems:
        raise ProtocolError("give the systems to compare: --systems=none,...")
    systems = read_systems(
        experiment.yaml.with_name("systems.yaml"), options.systems
    )
    seeds = list(range(hparams["seed"], hparams["seed"] + options.seeds))
    folds = _prepare(experiment, hparams, systems, options.folds, device)
    _describe(folder, experiment, hparams, systems, options)
    done = _finished(folder)
    jobs = plan_jobs(systems, folds, seeds, options.labels, done)
    failures = run_jobs(
        experiment,
        jobs,
        folder,
        options.jobs,
        options.devices,
        commit_of(experiment.root),
    )
    if failures:
        raise ProtocolError(
            f"{len(failures)} of {len(jobs)} jobs failed, the others are done; "
            "the same command runs what is missing:\n" + "\n".join(failures)
        )
    return _report(folder)


def _prepare(experiment, hparams, systems, folds, device):
    """Make what the cells share, before they could get into their way."""
    hparams["prepare"]()
    n_folds = read_summary(hparams["manifest_folder"])["folds"]
    folds = list(range(1, n_folds + 1)) if folds == "all" else folds
    encoders = {hparams["speaker_encoder"]}
    for system in systems:
        encoders.update(system.reference.get("encoders", []))
    for fold in folds:
        of_fold = experiment.load(fold=fold)
        of_fold["prepare"]()
        of_fold["prepare_pools"]()
        inputs = {"sources": of_fold["fold_sources"](), "device": device}
        for encoder in sorted(encoders):
            chosen = {}
            if encoder != hparams["speaker_encoder"]:
                source = hparams["ssl_vectors"] if encoder == "ssl" else None
                chosen = {"encoder": encoder, "encoder_source": source}
            of_fold["embed"](**inputs, **chosen)
        if "cache_features" in of_fold:
            of_fold["cache_features"](**inputs)
    return folds


def _describe(folder, experiment, hparams, systems, options):
    """Write ``protocol.json``; refuse results of other settings."""
    path = folder / "protocol.json"
    before = read_json(path) or {}
    settings = {
        key: value
        for key, value in experiment.overrides.items()
        if key not in ("data_folder", "output_folder")
    }
    changed = before.get("settings", settings) != settings
    if changed:
        raise ProtocolError(
            f"{folder} holds results of the settings {before['settings']}, not "
            f"of {settings}: give another --results"
        )
    named = [system.name for system in systems]
    order = before.get("systems", [])
    yaml = f"{experiment.yaml.parent.name}/{experiment.yaml.name}"
    words = [f"--{key}={value}" for key, value in settings.items()]
    write_json(
        path,
        {
            "title": options.title or before.get("title", hparams["corpus"]),
            "note": options.note or before.get("note", ""),
            "classes": read_summary(hparams["manifest_folder"])["classes"],
            "label_source": hparams["label_source"],
            "yaml": yaml,
            "command": shlex.join(
                ["emoclust", "protocol", yaml, "--data_folder=FOLDER", *words]
            ),
            "settings": settings,
            "systems": order + [x for x in named if x not in order],
        },
    )


def _finished(folder):
    """Key of every cell that has results: system, share, fold and seed."""
    if not (folder / "cells.csv").exists():
        return set()
    cells = read_results(folder).cells
    key = cells[["system", "labels", "fold", "seed"]]
    return set(key.itertuples(index=False, name=None))


def _report(folder):
    write_report(folder)
    return f"report: {folder / 'report.md'}"
