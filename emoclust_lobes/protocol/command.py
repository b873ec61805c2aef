"""``emoclust protocol``: from a YAML to a table with spread and significance."""

import pathlib
import shlex
import subprocess

from data_prep.manifests.summary import read_summary
from data_prep.storage.files import read_json, write_json
from emoclust_lobes.experiment.run_options import options_of_scripts
from emoclust_lobes.experiment.steps import load_experiment
from emoclust_lobes.protocol.options import add_arguments
from emoclust_lobes.protocol.plan import ProtocolError, plan_jobs, read_systems
from emoclust_lobes.protocol.prepare import finished_cells, prepare_jobs
from emoclust_lobes.protocol.report import README_TABLES, write_report
from emoclust_lobes.protocol.runner import run_jobs
from emoclust_lobes.protocol.scripts import SCRIPTS, Experiment, option_text

__all__ = ["add_arguments", "run", "run_protocol"]


def run(options):
    """Run ``emoclust protocol``."""
    if not options.report_only:  # names what is wrong
        load_experiment(options.yaml, options.overrides)
    keys = options_of_scripts(options.overrides, options.run_options)
    return run_protocol(options.yaml, keys, options, options.device)


def run_protocol(yaml, overrides, options, device):
    """Run what is missing of a protocol, and report.

    Arguments
    ---------
    yaml : str
        The experiment's file.
    overrides : dict
        Keys of its top level.
    options : argparse.Namespace
        From ``emoclust_lobes.protocol.options.add_arguments``.
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

    Example
    -------
    >>> import argparse
    >>> from emoclust_lobes.protocol.options import add_arguments
    >>> from emoclust_lobes.synthetic.results import make_results
    >>> folder = make_results(getfixture("tmp_path"))
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> options = parser.parse_args(["--report_only", f"--results={folder}"])
    >>> print(run_protocol("hparams/ravdess.yaml", {}, options, "cpu"))
    report: ...report.md
    """
    experiment = Experiment(yaml, overrides)
    if options.report_only:
        folder = _results_folder(experiment, options)
        return _report(folder, experiment.root)
    hparams = experiment.load()
    folder = _results_folder(experiment, options)
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
    hparams["prepare"]()
    summary = read_summary(hparams["manifest_folder"])
    folds = options.folds
    if folds == "all":
        folds = list(range(1, summary["folds"] + 1))
    seeds = list(range(hparams["seed"], hparams["seed"] + options.seeds))
    _describe(folder, experiment, hparams, summary["classes"], options)
    done = finished_cells(folder)
    jobs = plan_jobs(systems, folds, seeds, options.labels, done)
    prepare_jobs(experiment, jobs, device)
    failures = run_jobs(
        experiment,
        jobs,
        folder,
        options.jobs,
        options.devices or [device],
        commit_of(experiment.root),
    )
    if failures:
        raise ProtocolError(
            "not everything could be run; the rest is done, and the same "
            "command runs what is missing:\n" + "\n".join(failures)
        )
    return _report(folder, experiment.root)


def _results_folder(experiment, options):
    """Where the results are; the corpus need not be known."""
    if options.results:
        return pathlib.Path(options.results)
    anywhere = {"data_folder": experiment.overrides.get("data_folder", "any")}
    output_folder = experiment.load(**anywhere)["output_folder"]
    return pathlib.Path(output_folder, "protocol")


def _describe(folder, experiment, hparams, classes, options):
    """Write ``protocol.json``; refuse results of other settings."""
    path = folder / "protocol.json"
    before = read_json(path) or {}
    yaml = f"{experiment.yaml.parent.name}/{experiment.yaml.name}"
    settings = experiment.settings
    held = before.get("yaml", yaml), before.get("settings", settings)
    if held != (yaml, settings):
        raise ProtocolError(
            f"{folder} holds results of {held[0]} with the settings {held[1]}, "
            f"not of {yaml} with {settings}: give another --results"
        )
    order = list(dict.fromkeys(before.get("systems", []) + options.systems))
    asked = {
        **{key: option_text(value) for key, value in settings.items()},
        "systems": ",".join(options.systems),
        "folds": _joined(options.folds),
        "seeds": options.seeds,
        "labels": _joined(options.labels),
    }
    words = [f"--{key}={value}" for key, value in asked.items()]
    command = shlex.join(
        ["emoclust", "protocol", yaml, "--data_folder=FOLDER", *words]
    )
    commands = before.get("commands", [])
    write_json(
        path,
        {
            **before,
            "title": options.title or before.get("title", hparams["corpus"]),
            "note": options.note or before.get("note", ""),
            "classes": classes,
            "label_source": hparams["label_source"],
            "yaml": yaml,
            "commands": list(dict.fromkeys([*commands, command])),
            "settings": settings,
            "systems": order,
        },
    )


def _joined(values):
    return values if values == "all" else ",".join(map(str, values))


def _report(folder, root):
    """Write the report, and its tables into the READMEs above it."""
    lines = [f"report: {write_report(folder)}"]
    readmes = README_TABLES.rebuild_above(folder, root)
    return "\n".join(lines + [f"tables: {readme}" for readme in readmes])


def commit_of(folder):
    """Tell the commit of a checkout: short, with a + for changes since.

    Arguments
    ---------
    folder : str or pathlib.Path
        Inside the checkout.

    Returns
    -------
    str
        Empty outside of one.

    Example
    -------
    >>> commit_of(getfixture("tmp_path"))
    ''
    """

    def git(*words):
        command = ["git", "-C", str(folder), *words]
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError:  # git is not installed
            return ""
        return done.stdout.strip() if done.returncode == 0 else ""

    changed = git("status", "--porcelain", "--untracked-files=no", "*.py")
    return git("rev-parse", "--short", "HEAD") + ("+" if changed else "")
