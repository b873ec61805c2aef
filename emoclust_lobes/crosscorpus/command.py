"""``emoclust crosscorpus``: train on one corpus, test on another."""

import pathlib

from emoclust_lobes.crosscorpus.cases import ADAPT
from emoclust_lobes.crosscorpus.corpora import read_corpora
from emoclust_lobes.crosscorpus.matrix import FACTS, gather_runs
from emoclust_lobes.crosscorpus.report import README_TABLES, write_report
from emoclust_lobes.crosscorpus.run import OWN_KEYS, run_matrix
from emoclust_lobes.protocol.facts import claim, command_line
from emoclust_lobes.protocol.options import (
    add_report_options,
    add_run_options,
    each_of,
)
from emoclust_lobes.protocol.plan import ProtocolError, read_systems
from emoclust_lobes.protocol.prepare import refuse_failures
from emoclust_lobes.protocol.schema import write_table
from emoclust_lobes.protocol.scripts import Experiment

OUTPUT_FOLDER = "results/crosscorpus"
# What all cases share: computed once for each recording.
CACHES = {"embedding_folder": "embeddings", "feature_folder": "features"}
_HELP = {
    "corpora": "two or more corpora of --mapping, and where they lie",
    "mapping": "their preparation and shared classes (default: the "
    "crosscorpus.yaml beside the YAML)",
    "adapt": "none, and other: unlabeled speech of other speakers of the test "
    "corpus than are scored is heard in training (default: none)",
    "titles": "names of corpora in the tables (default: those of --mapping)",
}


def add_arguments(parser):
    """Add the options of ``emoclust crosscorpus`` to a parser."""
    add = add_run_options(parser, _HELP, systems=["none", "contrastive"])
    add("--corpora", "NAME=FOLDER,...", type=_pairs)
    add("--mapping", "FILE")
    add("--adapt", "A,B", type=each_of(_adapt), default=["none"])
    add = add_report_options(parser, _HELP, "OUTPUT_FOLDER/report")
    add("--titles", "NAME=TEXT,...", type=_pairs, default={})


def run(options):
    """Run ``emoclust crosscorpus``."""
    keys = {**options.overrides, **options.run_options}
    return run_crosscorpus(options, keys, options.device)


def run_crosscorpus(options, overrides, device):
    """Run what is missing of a matrix, and report: say where the report is."""
    output_folder = pathlib.Path(overrides.get("output_folder", OUTPUT_FOLDER))
    folder = pathlib.Path(options.results or output_folder / "report")
    experiment = Experiment(options.yaml, overrides)
    if options.report_only:
        return README_TABLES.report(write_report(folder), experiment.root)
    hparams = _load(experiment, options)
    mapping = options.mapping or experiment.yaml.with_name("crosscorpus.yaml")
    classes, corpora = read_corpora(
        mapping, options.corpora, overrides.get("expect_complete")
    )
    titles = {x.name: options.titles.get(x.name, x.title) for x in corpora}
    systems = read_systems(
        experiment.yaml.with_name("systems.yaml"), options.systems
    )
    _describe(folder, experiment, classes, titles, systems, options)
    caches = {x: str(output_folder / CACHES[x]) for x in CACHES if x in hparams}
    failures = run_matrix(
        Experiment(options.yaml, {**caches, **overrides}),
        classes=classes,
        corpora={x.name: x._replace(title=titles[x.name]) for x in corpora},
        systems=systems,
        adapt=options.adapt,
        seeds=list(range(hparams["seed"], hparams["seed"] + options.seeds)),
        output_folder=output_folder,
        n_jobs=options.jobs,
        devices=options.devices or [device],
    )
    runs, speakers = gather_runs(
        output_folder, experiment.yaml.name, experiment.settings
    )
    report = ""
    if len(runs) > 0:
        write_table(folder / "speakers.csv", speakers)
        write_table(folder / "runs.csv", runs)
        report = README_TABLES.report(write_report(folder), experiment.root)
    refuse_failures(failures)
    if not report:
        raise ProtocolError(
            "there is nothing to run: systems that hear no unlabeled speech "
            "cannot adapt"
        )
    return report


def _describe(folder, experiment, classes, titles, systems, options):
    """Write ``crosscorpus.json``; refuse results of something else."""
    command = command_line(
        "crosscorpus",
        experiment,
        "--corpora=" + ",".join(f"{name}=FOLDER" for name in titles),
        systems=options.systems,
        adapt=options.adapt,
        seeds=options.seeds,
    )
    claim(
        folder / FACTS,
        {
            "yaml": experiment.name,
            "settings": experiment.settings,
            "classes": classes,
        },
        {
            "corpora": titles,
            "note": options.note,
            "systems": options.systems,
            "uses": {x.name: x.uses for x in systems},
            "deterministic": [
                x.name for x in systems if not x.seeds_matter(share=1)
            ],
            "commands": [command],
        },
        usual={"note": ""},
    )


def _load(experiment, options):
    """Load the YAML; raise unless options and overrides can be used."""
    if len(options.corpora or {}) < 2:
        raise ProtocolError(
            "give two corpora or more: --corpora=NAME=FOLDER,NAME=FOLDER"
        )
    taken = sorted(
        {"folds", "n_classes", *OWN_KEYS} & set(experiment.overrides)
    )
    if taken:
        raise ProtocolError(
            f"--{taken[0]} is not for you to give: corpora, classes and folds "
            "follow from --corpora and --mapping"
        )
    hparams = experiment.load(data_folder="any")
    missing = sorted({"table", *OWN_KEYS} - set(hparams))
    if missing:
        raise ProtocolError(
            f"{experiment.yaml} has no {', '.join(missing)}: give the YAML of "
            "an experiment on a table of recordings, such as generic.yaml"
        )
    return hparams


def _pairs(text):
    """Read NAME=VALUE,NAME=VALUE."""
    pairs = [each.partition("=") for each in text.split(",")]
    names = [name for name, _, _ in pairs]
    if not all(all(pair) for pair in pairs) or len(set(names)) < len(names):
        raise ValueError  # argparse names the option
    return {name: value for name, _, value in pairs}


def _adapt(word):
    """Pass a way to adapt."""
    if word not in ADAPT:
        raise ValueError(f"{word!r} is none of {', '.join(ADAPT)}")
    return word
