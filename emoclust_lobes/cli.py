"""The ``emoclust`` command: the steps around training, one at a time.

    emoclust prepare|embed|clusters|analyse|protocol YAML [--key=value ...]
    emoclust results FOLDER

The first five read the same YAML and the same overrides as the training
scripts. Each runs the steps before it too, which do nothing when they are up
to date, and prints what came out. The last prints what was tested.
"""

import argparse
import sys

from data_prep.manifest import ManifestError
from emoclust_lobes.analysis import (
    AnalysisError,
    add_arguments,
    analyse_experiment,
)
from emoclust_lobes.clustering import ClusterError
from emoclust_lobes.embedding_cache import EmbeddingError
from emoclust_lobes.feature_cache import FeatureCacheError
from emoclust_lobes.front_end_models import FrontEndError
from emoclust_lobes.protocol import options as protocol_options
from emoclust_lobes.protocol.command import run_protocol
from emoclust_lobes.protocol.plan import ProtocolError
from emoclust_lobes.results import describe_results
from emoclust_lobes.summaries import (
    describe_clusters,
    describe_embeddings,
    describe_manifests,
)
from emoclust_lobes.wheel_encoders import EncoderError
from hyperpyyaml import load_hyperpyyaml
from ruamel.yaml.error import YAMLError as RuamelError
from yaml import YAMLError

import speechbrain
from speechbrain.utils.distributed import infer_device

OVERRIDES = """\
overrides, as for the training scripts (--key=value or --key value); any key
of the YAML's top level, most often:
  --data_folder=FOLDER        where the corpus lies
  --output_folder=FOLDER      where results go
  --seed=N --fold=K           which run
  --classes=N                 size of the class set
  --label_source=NAME         where labels come from, if there is a choice
  --expect_complete=False     work with a part of the corpus
  --pools=[own,FOLDER,CSV]    speech for pretraining: own (the fold's training
                              speakers), folders SPEAKER/.../*.wav, CSV files
  --speaker_encoder=NAME      ecapa, xvector, resnet, campplus, ge2e or stats
  --speaker_encoder_source=X  hub name or local folder of the first three
  --n_clusters=N              clusters per speaker, or silhouette
  --device=cuda:0             where to compute (a SpeechBrain run option)

examples:
  emoclust {command} {examples[0]}
  emoclust {command} {examples[1]}
"""
EXAMPLES = {
    "protocol": (
        "hparams/ravdess.yaml --data_folder=/data/RAVDESS \\\n"
        "      --systems=none,shuffled,contrastive --seeds=3 --jobs=4",
        "hparams/ravdess.yaml --report-only",
    )
}
EXAMPLES_OF_STEPS = (
    "hparams/ravdess.yaml --data_folder=/data/RAVDESS",
    "hparams/cremad.yaml --data_folder /data/CREMA-D --fold 2",
)

COMMANDS = {
    "prepare": "write the manifests of a fold: who speaks what, in which split",
    "embed": "prepare, then compute one speaker embedding per utterance",
    "clusters": "prepare and embed, then cluster each speaker's utterances "
    "and report what the clusters follow",
    "analyse": "prepare and embed, then write a report to look at and listen "
    "to: what the clusters follow, for each encoder, algorithm and k",
    "protocol": "run systems over folds and seeds, each once, and report: "
    "tables and figures with spread and significance",
}

# Keys of the YAML: the steps, and what their summaries read.
NEEDED = (
    "prepare",
    "prepare_pools",
    "fold_sources",
    "embed",
    "cluster",
    "manifest_folder",
    "embedding_folder",
    "speaker_encoder",
    "cluster_folder",
)


class UsageError(ValueError):
    """A YAML file or its overrides cannot be used."""


def main(argv=None):
    """Run a command and print its summary.

    Arguments
    ---------
    argv : list of str or None
        Arguments of the command line; by default those of the process.

    Returns
    -------
    int
        Exit code: 0, or 2 where something is wrong that one line on stderr
        explains.

    Example
    -------
    >>> main(["prepare", "nowhere.yaml"])
    2
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    known, overrides = _parser().parse_known_args(argv)
    try:
        if known.command == "results":
            print(describe_results(known.folder))
            return 0
        param_file, run_opts, overrides = speechbrain.parse_arguments(
            [known.yaml, *overrides]
        )
        device = run_opts["device"] or infer_device()
        if known.command == "protocol":
            if not known.report_only:
                _load(param_file, overrides)  # names what is wrong with them
            overrides = load_hyperpyyaml(overrides) if overrides else {}
            print(run_protocol(param_file, overrides, known, device))
            return 0
        _run(known, _load(param_file, overrides), device)
    except (
        AnalysisError,
        ClusterError,
        EmbeddingError,
        EncoderError,
        FeatureCacheError,
        FrontEndError,
        ManifestError,
        OSError,
        ProtocolError,
        UsageError,
    ) as error:
        print(f"emoclust: error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="emoclust",
        description="The steps around training, one at a time. "
        "emoclust COMMAND --help explains.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=text,
            description=f"{text[0].upper()}{text[1:]}. Steps that are up to "
            "date are skipped.",
            epilog=OVERRIDES.format(
                command=name, examples=EXAMPLES.get(name, EXAMPLES_OF_STEPS)
            ),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            usage=f"emoclust {name} YAML [--key=value ...]",
            allow_abbrev=False,
        )
        command.add_argument(
            "yaml", metavar="YAML", help="file of the experiment"
        )
        if name == "analyse":
            add_arguments(command)
        if name == "protocol":
            protocol_options.add_arguments(command)
    results = commands.add_parser(
        "results",
        help="print the tests of all runs below a folder, and their means",
    )
    results.add_argument("folder", help="an output folder of the scripts")
    return parser


def _load(param_file, overrides):
    """Load a YAML with its overrides; UsageError where that fails."""
    try:
        with open(param_file, encoding="utf-8") as stream:
            hparams = load_hyperpyyaml(stream, overrides)
    except (KeyError, RuamelError, ValueError, YAMLError) as error:
        # YAML errors show lines around the problem; the message of an unknown
        # override goes on with all keys there are.
        reason = getattr(error, "problem", None) or str(error).strip('"')
        reason = reason.partition(" in: [")[0]
        raise UsageError(f"{param_file}: {reason}") from error
    missing = [key for key in NEEDED if key not in hparams]
    if missing:
        raise UsageError(f"{param_file} has no {', '.join(missing)}")
    return hparams


def _run(options, hparams, device):
    """Run all steps up to a command, then print what the last one made."""
    command = options.command
    hparams["prepare"]()
    hparams["prepare_pools"]()
    if command == "prepare":
        print(describe_manifests(hparams["manifest_folder"]))
        return
    if command == "analyse":
        print(analyse_experiment(hparams, options, device))
        return
    sources = hparams["fold_sources"]()
    hparams["embed"](sources=sources, device=device)
    if command == "embed":
        print(
            describe_embeddings(
                sources,
                hparams["embedding_folder"],
                hparams["speaker_encoder"],
            )
        )
        return
    hparams["cluster"](sources=sources)
    print(describe_clusters(hparams["cluster_folder"]))
