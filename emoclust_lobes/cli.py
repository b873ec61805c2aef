"""The ``emoclust`` command: the steps around training, one at a time.

    emoclust prepare|embed|clusters YAML [--key=value ...]
    emoclust results FOLDER

The first three read the same YAML and the same overrides as the training
scripts. Each runs the steps before it too, which do nothing when they are up
to date, and prints what came out. The last prints what was tested.
"""

import argparse
import pathlib
import sys

import pandas
from data_prep.manifest import ManifestError, read_manifests, read_summary
from emoclust_lobes.cluster_report import CONFOUNDS, MEASURES
from emoclust_lobes.clustering import ClusterError
from emoclust_lobes.embedding_cache import (
    EmbeddingError,
    cache_path,
    read_cache,
)
from emoclust_lobes.files import read_json
from emoclust_lobes.results import describe_results
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
  emoclust {command} hparams/ravdess.yaml --data_folder=/data/RAVDESS
  emoclust {command} hparams/cremad.yaml --data_folder /data/CREMA-D --fold 2
"""

COMMANDS = {
    "prepare": "write the manifests of a fold: who speaks what, in which split",
    "embed": "prepare, then compute one speaker embedding per utterance",
    "clusters": "prepare and embed, then cluster each speaker's utterances "
    "and report what the clusters follow",
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
    known, _ = _parser().parse_known_args(argv)
    argv.remove(known.command)
    try:
        if known.command == "results":
            print(describe_results(known.folder))
            return 0
        param_file, run_opts, overrides = speechbrain.parse_arguments(argv)
        hparams = _load(param_file, overrides)
        _run(known.command, hparams, run_opts["device"] or infer_device())
    except (
        ClusterError,
        EmbeddingError,
        EncoderError,
        ManifestError,
        OSError,
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
            epilog=OVERRIDES.format(command=name),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            usage=f"emoclust {name} YAML [--key=value ...]",
            allow_abbrev=False,
        )
        command.add_argument(
            "yaml", metavar="YAML", help="file of the experiment"
        )
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


def _run(command, hparams, device):
    """Run all steps up to a command, then print what the last one made."""
    hparams["prepare"]()
    hparams["prepare_pools"]()
    if command == "prepare":
        print(describe_manifests(hparams["manifest_folder"]))
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


def describe_manifests(manifest_folder):
    """Tell what a fold's manifests and those of its pools hold.

    Arguments
    ---------
    manifest_folder : str or pathlib.Path
        Where they were written.

    Returns
    -------
    str
        Utterances by split and class, and what was left out and why.
    """
    folder = pathlib.Path(manifest_folder)
    pools = sorted(folder.glob("pools/**/manifest.json"))
    parts = [
        _describe_manifest(x) for x in (folder, *(p.parent for p in pools))
    ]
    return "\n\n".join(parts)


def _describe_manifest(folder):
    summary = read_summary(folder)
    classes = summary["classes"]
    rows = {}
    for split, counts in summary["counts"].items():
        speakers = set().union(*counts.values())
        per_class = {x: sum(counts.get(x, {}).values()) for x in classes}
        rows[split] = {
            **per_class,
            "unlabelled": sum(counts.get("", {}).values()),
            "all": summary["utterances"][split],
            "speakers": len(speakers),
            "hours": f"{summary['seconds'][split] / 3600:.2f}",
        }
    lines = [
        f"{summary['corpus']}: utterances by split and class",
        pandas.DataFrame.from_dict(rows, orient="index").to_string(),
    ]
    for reason, count in summary["dropped"].items():
        lines.append(f"left out: {count:,} ({reason})")
    for reason, count in summary["unlabelled"].items():
        lines.append(f"unlabelled: {count:,} ({reason})")
    return "\n".join([*lines, f"manifests: {folder}"])


def describe_embeddings(sources, embedding_folder, encoder):
    """Tell how many vectors there are, of what, and where; see ``read_cache``.

    Returns
    -------
    str
    """
    cache = read_cache(embedding_folder, encoder)
    identity = ", ".join(f"{k} {v}" for k, v in cache.identity.items())
    return (
        f"{len(read_manifests(sources)):,} utterances embedded in "
        f"{cache.vectors.shape[1]} dimensions\n"
        f"encoder: {identity}\n"
        f"cache: {cache_path(embedding_folder, encoder)} "
        f"({len(cache.ids):,} vectors)"
    )


def describe_clusters(cluster_folder):
    """Tell how good the clusters of a folder are and what they follow.

    Arguments
    ---------
    cluster_folder : str or pathlib.Path
        Where ``clusters.json`` lies.

    Returns
    -------
    str
    """
    folder = pathlib.Path(cluster_folder)
    report = read_json(folder / "clusters.json")
    mean, speakers_with = report["mean"], report["speakers_with"]
    lines = [
        f"{report['clusters']:,} clusters of {report['utterances']:,} "
        f"utterances of {len(report['speakers']):,} speakers "
        f"({report['algorithm']}, {report['encoder']['name']}); "
        f"{report['short_speakers']:,} speakers have too few utterances for "
        f"n_clusters {report['n_clusters']}",
        "",
        f"{'mean over speakers':<28}{'clusters':>9}{'chance':>9}{'speakers':>9}",
    ]

    emotion = mean["emotion"] or {"chance": {}}
    rows = [
        (
            f"{name if name == 'purity' else name.upper()} with emotion",
            emotion.get(name),
            emotion["chance"].get(name),
            "emotion",
        )
        for name in MEASURES
    ]
    rows += [
        (title, mean[key], None, key)
        for title, key in [
            ("stability (AMI of two seeds)", "stability_ami"),
            ("silhouette (cosine)", "silhouette"),
            *((f"AMI with {name}", f"{name}_ami") for name in CONFOUNDS),
        ]
    ]
    for title, value, chance, key in rows:
        numbers = ["-" if x is None else f"{x:.3f}" for x in (value, chance)]
        columns = [f"{x:>9}" for x in (*numbers, speakers_with[key])]
        lines.append(f"{title:<28}{''.join(columns)}")
    lines += [
        "(AMI and ARI are 0 by chance; -: not known, or the same for all "
        "utterances of a speaker)",
        "",
        f"clusters: {folder / 'clusters.csv'}",
        f"report, every speaker: {folder / 'clusters.json'}",
    ]
    return "\n".join(lines)
