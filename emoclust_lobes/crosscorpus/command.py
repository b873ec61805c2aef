"""``emoclust crosscorpus``: train on one corpus, test on another."""

import pathlib

from emoclust_lobes.crosscorpus.cases import ADAPT
from emoclust_lobes.crosscorpus.cells import gather_cells, write_cells
from emoclust_lobes.crosscorpus.corpora import CrossCorpusError, read_corpora
from emoclust_lobes.crosscorpus.facts import describe_matrix
from emoclust_lobes.crosscorpus.report import README_TABLES, write_report
from emoclust_lobes.crosscorpus.run import OWN_KEYS, run_matrix
from emoclust_lobes.experiment.run_options import options_of_scripts
from emoclust_lobes.protocol.command import commit_of
from emoclust_lobes.protocol.options import each_of, positive
from emoclust_lobes.protocol.plan import read_systems
from emoclust_lobes.protocol.scripts import Experiment

OUTPUT_FOLDER = "results/crosscorpus"
# What all cases share: computed once for each recording.
CACHES = {"embedding_folder": "embeddings", "feature_folder": "features"}


def add_arguments(parser):
    """Add the options of ``emoclust crosscorpus`` to a parser.

    Arguments
    ---------
    parser : argparse.ArgumentParser
        Of the command, which has ``yaml``.

    Example
    -------
    >>> import argparse
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> parser.parse_args(["--corpora=a=/data/A,b=/data/B"]).corpora
    {'a': '/data/A', 'b': '/data/B'}
    """
    group = parser.add_argument_group("what is run, and how")
    add = group.add_argument
    add(
        "--corpora",
        metavar="NAME=FOLDER,...",
        type=_pairs,
        help="two or more corpora of --mapping, and where they lie",
    )
    add(
        "--mapping",
        metavar="FILE",
        help="their preparation and shared classes (default: the "
        "crosscorpus.yaml beside the YAML)",
    )
    add(
        "--systems",
        metavar="A,B",
        type=each_of(str),
        default=["none", "contrastive"],
        help="what to compare: names in the systems.yaml beside the YAML "
        "(default: none,contrastive)",
    )
    add(
        "--adapt",
        metavar="A,B",
        type=each_of(_choice(ADAPT)),
        default=["none"],
        help="none, and other: stage 1 also hears unlabeled speech of other "
        "speakers of the test corpus than are scored (default: none)",
    )
    add(
        "--seeds",
        metavar="N",
        type=positive,
        default=1,
        help="how many runs of each, from --seed on (default: 1)",
    )
    add(
        "--jobs",
        metavar="N",
        type=positive,
        default=1,
        help="how many runs at a time (default: 1)",
    )
    add(
        "--devices",
        metavar="A,B",
        type=each_of(str),
        help="where the runs compute (default: that of --device)",
    )
    group = parser.add_argument_group("what is reported")
    add = group.add_argument
    add(
        "--results",
        metavar="FOLDER",
        help="where tables and figures go (default: OUTPUT_FOLDER/report)",
    )
    add(
        "--titles",
        metavar="NAME=TEXT,...",
        type=_pairs,
        default={},
        help="names of corpora in the tables (default: those of --mapping)",
    )
    add(
        "--note",
        metavar="TEXT",
        default="",
        help="what a reader must know of the corpora",
    )
    add(
        "--report_only",
        action="store_true",
        help="run nothing, and report the results there are; needs no corpus",
    )


def run(options):
    """Run ``emoclust crosscorpus``."""
    keys = options_of_scripts(options.overrides, options.run_options)
    return run_crosscorpus(options, keys, options.device)


def run_crosscorpus(options, overrides, device):
    """Run what is missing of a matrix, and report.

    Arguments
    ---------
    options : argparse.Namespace
        From ``add_arguments``, and ``yaml``, an experiment on a table of
        recordings, such as ``hparams/generic.yaml``.
    overrides : dict
        Keys of its top level.
    device : str
        Where embeddings and features are computed.

    Returns
    -------
    str
        Where the report is.

    Raises
    ------
    CrossCorpusError
        When it cannot be run, or runs failed: the others are done, and their
        results are kept.
    ManifestError, ProtocolError
        When a corpus cannot be prepared, or a system is not known.

    Example
    -------
    >>> import argparse, shutil
    >>> folder = getfixture("tmp_path") / "results"
    >>> _ = shutil.copytree("recipes/crosscorpus/results", folder)
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> options = parser.parse_args(["--report_only", f"--results={folder}"])
    >>> options.yaml = "hparams/generic_wav2vec2.yaml"
    >>> run_crosscorpus(options, {}, "cpu")  # doctest: +ELLIPSIS
    'report: ...report.md'
    """
    output_folder = pathlib.Path(overrides.get("output_folder", OUTPUT_FOLDER))
    folder = pathlib.Path(options.results or output_folder / "report")
    experiment = Experiment(options.yaml, overrides)
    if options.report_only:
        return _report(folder, experiment.root)
    hparams = _load(experiment, options)
    first = hparams["seed"]
    mapping = options.mapping or experiment.yaml.with_name("crosscorpus.yaml")
    classes, corpora = read_corpora(
        mapping, options.corpora, overrides.get("expect_complete")
    )
    corpora = [
        x._replace(title=options.titles.get(x.name, x.title)) for x in corpora
    ]
    systems = read_systems(
        experiment.yaml.with_name("systems.yaml"), options.systems
    )
    settings = experiment.settings
    describe_matrix(folder, experiment, settings, classes, corpora, options)
    failures = run_matrix(
        yaml=experiment.yaml,
        overrides={
            **{
                x: str(output_folder / CACHES[x])
                for x in CACHES
                if x in hparams
            },
            **overrides,
        },
        settings=settings,
        classes=classes,
        corpora={corpus.name: corpus for corpus in corpora},
        systems=systems,
        adapt=options.adapt,
        seeds=list(range(first, first + options.seeds)),
        output_folder=output_folder,
        n_jobs=options.jobs,
        devices=options.devices or [device],
        commit=commit_of(experiment.root),
    )
    cells, speakers = gather_cells(
        output_folder, experiment.yaml.name, settings
    )
    report = ""
    if len(cells) > 0:
        write_cells(folder, cells, speakers)
        report = _report(folder, experiment.root)
    if failures:
        raise CrossCorpusError(
            "not everything could be run; the rest is done, and the same "
            "command runs what is missing:\n" + "\n".join(failures)
        )
    if not report:
        raise CrossCorpusError(
            "there is nothing to run: systems without a stage 1 cannot adapt"
        )
    return report


def _load(experiment, options):
    """Load the YAML; raise unless options and overrides can be used."""
    if len(options.corpora or {}) < 2:
        raise CrossCorpusError(
            "give two corpora or more: --corpora=NAME=FOLDER,NAME=FOLDER"
        )
    taken = sorted(
        {"folds", "n_classes", *OWN_KEYS} & set(experiment.overrides)
    )
    if taken:
        raise CrossCorpusError(
            f"--{taken[0]} is not for you to give: corpora, classes and folds "
            "follow from --corpora and --mapping"
        )
    try:
        hparams = experiment.load(data_folder="any")
    except (KeyError, ValueError) as error:
        reason = str(error).strip("\"'").partition(" in: [")[0]
        raise CrossCorpusError(f"{experiment.yaml}: {reason}") from error
    missing = sorted({"table", *OWN_KEYS} - set(hparams))
    if missing:
        raise CrossCorpusError(
            f"{experiment.yaml} has no {', '.join(missing)}: give the YAML of "
            "an experiment on a table of recordings, such as generic.yaml"
        )
    return hparams


def _report(folder, root):
    """Write the report, and its tables into the READMEs above it."""
    lines = [f"report: {write_report(folder)}"]
    readmes = README_TABLES.rebuild_above(folder, root)
    return "\n".join(lines + [f"tables: {readme}" for readme in readmes])


def _pairs(text):
    """Read NAME=VALUE,NAME=VALUE."""
    pairs = [each.partition("=") for each in text.split(",")]
    names = [name for name, _, _ in pairs]
    if not all(all(pair) for pair in pairs) or len(set(names)) < len(names):
        raise ValueError  # argparse names the option
    return {name: value for name, _, value in pairs}


def _choice(choices):
    """Make a function that passes these words."""

    def one(word):
        if word not in choices:
            raise ValueError(f"{word!r} is none of {', '.join(choices)}")
        return word

    return one
