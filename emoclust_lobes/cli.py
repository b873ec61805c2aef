"""The ``emoclust`` command: everything but training itself."""

import argparse
import importlib
import sys
from typing import NamedTuple

from data_prep.errors import EmoclustError
from emoclust_lobes.experiment.overrides_help import OVERRIDES, OVERRIDES_ACROSS


class Command(NamedTuple):
    """What is told of a command, and where it is.

    Its module is imported when it is called: ``add_arguments`` declares its
    options, ``run`` takes them and returns what to print, or an exit code. One
    that is ``on_yaml`` finds ``options.yaml, overrides, run_options, device``.
    """

    help: str
    module: str
    run: str = "run"
    add_arguments: str = "add_arguments"
    on_yaml: bool = False
    trains: bool = False
    overrides: str = OVERRIDES
    examples: tuple = (
        "hparams/ravdess.yaml --data_folder=/data/RAVDESS",
        "hparams/cremad.yaml --data_folder /data/CREMA-D --fold 2",
    )

    def find(self, name):
        """Import one of the two functions."""
        module = importlib.import_module(f"emoclust_lobes.{self.module}")
        return getattr(module, getattr(self, name))


COMMANDS = {
    "recipe": Command(
        "lay out the scripts and the YAML of an experiment in a folder; "
        "without a name, list them",
        "experiment.recipe",
    ),
    "prepare": Command(
        "write the manifests of a fold: who speaks what, in which split",
        "experiment.step_commands",
        on_yaml=True,
    ),
    "embed": Command(
        "prepare, then compute one speaker embedding per utterance",
        "experiment.step_commands",
        on_yaml=True,
    ),
    "clusters": Command(
        "prepare and embed, then cluster each speaker's utterances and report "
        "what the clusters follow",
        "experiment.step_commands",
        on_yaml=True,
    ),
    "analyze": Command(
        "prepare and embed, then write a report to look at and listen to: what "
        "the clusters follow, for each encoder, algorithm and k",
        "analysis.command",
        on_yaml=True,
    ),
    "protocol": Command(
        "run systems over folds and seeds, each once, and report: tables and "
        "figures with spread and significance",
        "protocol.command",
        on_yaml=True,
        trains=True,
        examples=(
            "hparams/ravdess.yaml --data_folder=/data/RAVDESS \\\n"
            "      --systems=none,shuffled,contrastive --seeds=3 --jobs=4",
            "hparams/ravdess.yaml --report_only",
        ),
    ),
    "crosscorpus": Command(
        "train on one corpus and test on another, for each pair of some: a "
        "table and a figure",
        "crosscorpus.command",
        on_yaml=True,
        trains=True,
        overrides=OVERRIDES_ACROSS,
        examples=(
            "hparams/generic.yaml \\\n"
            "      --corpora=ravdess=/data/RAVDESS,emodb=/data/EMO-DB",
            "hparams/generic.yaml --report_only",
        ),
    ),
    "predict": Command(
        "recognize the emotions in recordings with a trained model",
        "predict.command",
        "run_predict",
        "add_predict_arguments",
    ),
    "encode": Command(
        "write the emotion-aware embeddings that a trained model has of "
        "recordings",
        "predict.command",
        "run_encode",
        "add_encode_arguments",
    ),
    "evaluate": Command(
        "score a trained model, or anybody's predictions, on labeled "
        "recordings of other speakers",
        "evaluate.command",
    ),
    "robustness": Command(
        "test a trained model, or speaker encoders' clusters, on the "
        "telephone, in rooms and in noise",
        "robustness.command",
    ),
    "serve": Command(
        "show a trained model as a page in the browser, on this machine",
        "serve.command",
    ),
    "publish": Command(
        "lay a trained model out as a repository of a model hub",
        "inference.publish",
    ),
    "export_onnx": Command(
        "write a trained model as one ONNX file, for programs without PyTorch",
        "export.command",
    ),
    "results": Command(
        "print the tests of all runs below a folder, and their means",
        "protocol.run_results",
    ),
}


def main(argv=None):
    """Run a command, print its summary, and return the exit code.

    It is 2 where something is wrong that one line on stderr explains, 3 where
    some recordings cannot be used, 130 and 143 after Ctrl-C and SIGTERM.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    parser = _parser(argv[0] if argv else None)
    options, overrides = parser.parse_known_args(argv)
    command = COMMANDS[options.command]
    if overrides and not command.on_yaml:
        parser.error(f"{options.command} does not know {' '.join(overrides)}")
    try:
        outcome = _run(command, options, overrides)
    except (EmoclustError, OSError) as error:
        print(f"emoclust: error: {error}", file=sys.stderr)
        return 2
    if isinstance(outcome, int):
        return outcome
    print(outcome)
    return 0


def _run(command, options, overrides):
    # Only what runs pays for PyTorch; --help does not
    from emoclust_lobes.experiment.run_folders import interruptible

    with interruptible():
        if command.on_yaml:
            _read_overrides(command, options, overrides)
        if getattr(options, "model", None):
            from emoclust_lobes.inference.find import find_model

            options.model = str(find_model(options.model))
        return command.find("run")(options)


def _read_overrides(command, options, overrides):
    """Put what stands on the command line beside a YAML into the options."""
    from emoclust_lobes.experiment.command_line import split_command_line
    from emoclust_lobes.experiment.run_options import (
        OF_RESULTS,
        given_run_options,
        usable_device,
    )
    from emoclust_lobes.experiment.yaml_options import YamlOptions

    options.yaml, run_opts, given = split_command_line(
        [options.yaml, *overrides]
    )
    options.overrides = YamlOptions(options.yaml).read(given)
    options.run_options = given_run_options(
        run_opts, taken=OF_RESULTS if command.trains else ()
    )
    options.device = usable_device(run_opts)


def _parser(called):
    """Make the parser; only the command that is called has its options."""
    parser = argparse.ArgumentParser(
        prog="emoclust",
        description="The steps around training, and what to do with a trained "
        "model. emoclust COMMAND --help explains.",
    )
    subparsers = parser.add_subparsers(dest="command", required=True)
    for name, command in COMMANDS.items():
        subparser = subparsers.add_parser(
            name, help=command.help, allow_abbrev=False
        )
        if name == called:
            _describe(subparser, name, command)
    return parser


def _describe(parser, name, command):
    parser.description = f"{command.help[0].upper()}{command.help[1:]}."
    if command.on_yaml:
        parser.description += " Steps that are up to date are skipped."
        examples = "\n  ".join(
            f"emoclust {name} {example}" for example in command.examples
        )
        parser.usage = f"emoclust {name} YAML [--key=value ...]"
        parser.epilog = command.overrides.format(examples=examples)
        parser.formatter_class = argparse.RawDescriptionHelpFormatter
        parser.add_argument("yaml", metavar="YAML", help="experiment's file")
    command.find("add_arguments")(parser)
