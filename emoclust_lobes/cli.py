"""The ``emoclust`` command: everything but training itself.

Commands on an experiment read the same YAML and the same overrides as the
training scripts, those on a model the folder ``inference`` that
``train_ser.py`` leaves.
"""

import argparse
import sys
from collections.abc import Callable
from typing import NamedTuple

from data_prep.manifest import ManifestError
from emoclust_lobes import analysis
from emoclust_lobes.clustering import ClusterError
from emoclust_lobes.crosscorpus import command as crosscorpus
from emoclust_lobes.crosscorpus.corpora import CrossCorpusError
from emoclust_lobes.embedding_cache import EmbeddingError
from emoclust_lobes.experiment import interruptible
from emoclust_lobes.feature_reader import FeatureCacheError
from emoclust_lobes.front_end_models import FrontEndError
from emoclust_lobes.inference import InferenceError
from emoclust_lobes.inference.publish import (
    add_arguments as publish_arguments,
    run as run_publish,
)
from emoclust_lobes.overrides_help import OVERRIDES, OVERRIDES_ACROSS
from emoclust_lobes.predict import (
    PredictError,
    command as predict,
)
from emoclust_lobes.protocol import options as protocol_options
from emoclust_lobes.protocol.command import run_protocol
from emoclust_lobes.protocol.plan import ProtocolError
from emoclust_lobes.results import describe_results
from emoclust_lobes.run_options import OF_RESULTS, given_run_options
from emoclust_lobes.serve import (
    ServeError,
    command as serve,
)
from emoclust_lobes.steps import UsageError, load_experiment, run_steps
from emoclust_lobes.upstream import (
    UpstreamError,
    command as upstream,
)
from emoclust_lobes.wheels import EncoderError
from hyperpyyaml import load_hyperpyyaml

import speechbrain
from speechbrain.utils.distributed import infer_device

ERRORS = (
    analysis.AnalysisError,
    ClusterError,
    CrossCorpusError,
    EmbeddingError,
    EncoderError,
    FeatureCacheError,
    FrontEndError,
    InferenceError,
    ManifestError,
    OSError,
    PredictError,
    ProtocolError,
    ServeError,
    UpstreamError,
    UsageError,
)


class Experiments(NamedTuple):
    """A command on the YAML of an experiment: what is told of it, and done.

    ``run`` is given the YAML, its overrides, the options of the command, which
    ``add_arguments`` declares, with those of SpeechBrain's Brain that it takes,
    ``run_options``, in one of that name, and the device; it returns what to
    print.

    Example
    -------
    >>> Experiments("do nothing", lambda *_: "done").run(
    ...     "any.yaml", "", None, ""
    ... )
    'done'
    """

    help: str
    run: Callable
    add_arguments: Callable = lambda parser: None
    examples: tuple = (
        "hparams/ravdess.yaml --data_folder=/data/RAVDESS",
        "hparams/cremad.yaml --data_folder /data/CREMA-D --fold 2",
    )
    overrides: str = OVERRIDES
    run_options: tuple = ()


class Others(NamedTuple):
    """A command on something else: ``run`` prints, or returns what to print.

    Example
    -------
    >>> Others("say hello", lambda options: "hello", lambda parser: None).help
    'say hello'
    """

    help: str
    run: Callable
    add_arguments: Callable


def _steps(last):
    def run(param_file, overrides, options, device):
        return run_steps(last, load_experiment(param_file, overrides), device)

    return run


def _analyse(param_file, overrides, options, device):
    hparams = load_experiment(param_file, overrides)
    run_steps("prepare", hparams, device)
    return analysis.analyse_experiment(hparams, options, device)


def _protocol(param_file, overrides, options, device):
    if not options.report_only:
        load_experiment(param_file, overrides)  # names what is wrong
    keys = _of_scripts(overrides, options)
    return run_protocol(param_file, keys, options, device)


def _crosscorpus(param_file, overrides, options, device):
    return crosscorpus.run(options, _of_scripts(overrides, options), device)


def _of_scripts(overrides, options):
    """What the training scripts are given beside the device, by key."""
    keys = load_hyperpyyaml(overrides) if overrides else {}
    return {**keys, **options.run_options}


COMMANDS = {
    "prepare": Experiments(
        "write the manifests of a fold: who speaks what, in which split",
        _steps("prepare"),
    ),
    "embed": Experiments(
        "prepare, then compute one speaker embedding per utterance; with "
        "--model=MODEL and recordings instead of a YAML, write the emotion-"
        "aware embeddings of a trained model",
        _steps("embed"),
    ),
    "clusters": Experiments(
        "prepare and embed, then cluster each speaker's utterances and report "
        "what the clusters follow",
        _steps("clusters"),
    ),
    "analyse": Experiments(
        "prepare and embed, then write a report to look at and listen to: what "
        "the clusters follow, for each encoder, algorithm and k",
        _analyse,
        analysis.add_arguments,
    ),
    "protocol": Experiments(
        "run systems over folds and seeds, each once, and report: tables and "
        "figures with spread and significance",
        _protocol,
        protocol_options.add_arguments,
        (
            "hparams/ravdess.yaml --data_folder=/data/RAVDESS \\\n"
            "      --systems=none,shuffled,contrastive --seeds=3 --jobs=4",
            "hparams/ravdess.yaml --report-only",
        ),
        run_options=OF_RESULTS,
    ),
    "crosscorpus": Experiments(
        "train on one corpus and test on another, for each pair of some: a "
        "table and a figure",
        _crosscorpus,
        crosscorpus.add_arguments,
        (
            "hparams/generic.yaml \\\n"
            "      --corpora=ravdess=/data/RAVDESS,emodb=/data/EMO-DB",
            "hparams/generic.yaml --report-only",
        ),
        OVERRIDES_ACROSS,
        OF_RESULTS,
    ),
    "predict": Others(
        "recognize the emotions in recordings with a trained model",
        predict.run_predict,
        predict.add_predict_arguments,
    ),
    "serve": Others(
        "show a trained model as a page in the browser, on this machine",
        serve.run,
        serve.add_arguments,
    ),
    "publish": Others(
        "lay a trained model out as a repository of a model hub",
        run_publish,
        publish_arguments,
    ),
    "results": Others(
        "print the tests of all runs below a folder, and their means",
        lambda options: describe_results(options.folder),
        lambda parser: parser.add_argument(
            "folder", help="an output folder of the scripts"
        ),
    ),
    "export-upstream": Others(
        "write the recipes as SpeechBrain would take them",
        upstream.run,
        upstream.add_arguments,
    ),
}
EMBED_WITH_MODEL = Others(
    "write the emotion-aware embeddings of recordings",
    predict.run_embed,
    predict.add_embed_arguments,
)


def main(argv=None):
    """Run a command and print its summary.

    Arguments
    ---------
    argv : list of str or None
        Arguments of the command line; by default those of the process.

    Returns
    -------
    int
        Exit code: 0; 2 where something is wrong that one line on stderr
        explains; 3 where some recordings cannot be used.

    Raises
    ------
    Interrupted
        After Ctrl-C and SIGTERM, with the exit codes 130 and 143.

    Example
    -------
    >>> main(["prepare", "nowhere.yaml"])
    2
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    commands = dict(COMMANDS)
    if any(x.partition("=")[0] == "--model" for x in argv):
        commands["embed"] = EMBED_WITH_MODEL
    parser = _parser(commands)
    options, overrides = parser.parse_known_args(argv)
    command = commands[options.command]
    if overrides and isinstance(command, Others):
        parser.error(f"{options.command} does not know {' '.join(overrides)}")
    try:
        with interruptible():
            outcome = _run(command, options, overrides)
    except ERRORS as error:
        print(f"emoclust: error: {error}", file=sys.stderr)
        return 2
    if isinstance(outcome, int):
        return outcome
    print(outcome)
    return 0


def _run(command, options, overrides):
    if isinstance(command, Others):
        return command.run(options)
    param_file, run_opts, overrides = speechbrain.parse_arguments(
        [options.yaml, *overrides]
    )
    options.run_options = given_run_options(run_opts, taken=command.run_options)
    device = run_opts["device"] or infer_device()
    return command.run(param_file, overrides, options, device)


def _parser(commands):
    parser = argparse.ArgumentParser(
        prog="emoclust",
        description="The steps around training, and what to do with a trained "
        "model. emoclust COMMAND --help explains.",
    )
    subparsers = parser.add_subparsers(dest="command", required=True)
    for name, command in commands.items():
        description = f"{command.help[0].upper()}{command.help[1:]}."
        if isinstance(command, Experiments):
            description += " Steps that are up to date are skipped."
        subparser = subparsers.add_parser(
            name,
            help=command.help,
            description=description,
            allow_abbrev=False,
        )
        if isinstance(command, Experiments):
            examples = "\n  ".join(
                f"emoclust {name} {example}" for example in command.examples
            )
            subparser.usage = f"emoclust {name} YAML [--key=value ...]"
            subparser.epilog = command.overrides.format(examples=examples)
            subparser.formatter_class = argparse.RawDescriptionHelpFormatter
            subparser.add_argument(
                "yaml", metavar="YAML", help="file of the experiment"
            )
        command.add_arguments(subparser)
    return parser
