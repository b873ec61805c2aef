"""``emoclust analyze``: from a YAML to a folder with a report."""

import argparse
import pathlib

from emoclust_lobes.analysis.checkpoint import split_checkpoint
from emoclust_lobes.analysis.report import AnalysisError, analyze
from emoclust_lobes.clustering.algorithms import ALGORITHMS
from emoclust_lobes.embeddings.cache import read_cache
from emoclust_lobes.experiment.option_table import adder
from emoclust_lobes.experiment.steps import (
    embed_with,
    load_experiment,
    run_steps,
)
from emoclust_lobes.training.seen_speakers import seen_among, speakers_in

# Keys of the YAML that are read here, beside the steps'.
NEEDED = (
    "corpus",
    "seed",
    "output_folder",
    "speaker_encoder_source",
    "n_clusters",
    "cluster_algorithm",
    "cluster_restarts",
)
_HELP = {
    "speaker_encoders": "embeddings to compare (default: the YAML's "
    "speaker_encoder)",
    "algorithms": "clustering algorithms, the first for maps and examples, of "
    f"{', '.join(ALGORITHMS)} (default: the YAML's cluster_algorithm and ward)",
    "k": "clusters per speaker (default: the YAML's n_clusters, which is "
    "also the number for maps and examples if it is among them)",
    "checkpoint": "a stage-1 folder: before and after training",
    "out": "where the report goes (default: OUTPUT_FOLDER/analysis)",
    "title": "name of the corpus (default: the YAML's corpus)",
    "listen": "who is shown first (default: the median speaker)",
    "embed_audio": "put that speaker's examples into the page",
    "seeds": "clusterings of each kind, for stability (default: %(default)s)",
    "permutations": "random clusterings that give chance levels (default: "
    "%(default)s)",
    "maps": "speakers whose maps are written as files (default: %(default)s)",
    "jobs": "processes (default: %(default)s)",
}


def add_arguments(parser):
    """Add the options of ``emoclust analyze`` to a parser."""
    add = adder(parser, _HELP)
    add("--speaker_encoders", "A,B", type=_names)
    add("--algorithms", "A,B", type=_names)
    add("--k", "A..B,C", type=parse_numbers)
    add("--checkpoint", "FOLDER")
    add("--out", "FOLDER")
    add("--title")
    add("--listen", "SPEAKER")
    add("--embed_audio", action="store_true")
    add("--seeds", "N", type=int, default=3)
    add("--permutations", "N", type=int, default=200)
    add("--maps", "N", type=int, default=24)
    add("--jobs", "N", type=int, default=2)


def parse_numbers(text):
    """Read numbers of clusters and ranges, both ends included, sorted."""
    numbers: set[int] = set()
    for part in text.split(","):
        first, dots, last = part.partition("..")
        try:
            numbers.update(range(int(first), int(last if dots else first) + 1))
        except ValueError:
            numbers.add(0)
    if min(numbers, default=0) < 2:
        raise argparse.ArgumentTypeError(
            f"numbers of clusters are written 2..10 or 4,8, found {text!r}"
        )
    return sorted(numbers)


def _names(text):
    return list(dict.fromkeys(x.strip() for x in text.split(",") if x.strip()))


def run(options):
    """Prepare and embed what the YAML says, and analyze it."""
    hparams = load_experiment(options.yaml, options.overrides)
    run_steps("prepare", hparams, options.device)
    return analyze_experiment(hparams, options, options.device)


def analyze_experiment(hparams, options, device):
    """Embed what a YAML's prepared manifests hold, analyze it, tell of it."""
    missing = [key for key in NEEDED if key not in hparams]
    if missing:
        raise AnalysisError(f"the YAML has no {', '.join(missing)}")
    encoders = options.speaker_encoders or [hparams["speaker_encoder"]]
    algorithms = options.algorithms or list(
        dict.fromkeys([hparams["cluster_algorithm"], "ward"])
    )
    default = hparams["n_clusters"]
    ks = options.k or [default]
    if not isinstance(ks[0], int):
        raise AnalysisError(
            f"n_clusters is {default!r}: say which numbers of clusters to "
            "look at, for example --k=2..10"
        )
    unknown = [x for x in algorithms if x not in ALGORITHMS]
    if unknown:
        raise AnalysisError(
            f"unknown clustering algorithm {unknown[0]!r}: choose from "
            f"{', '.join(ALGORITHMS)}"
        )
    if options.seeds < 2 or options.permutations < 1 or options.maps < 0:
        raise AnalysisError(
            "--seeds starts at 2, --permutations at 1 and --maps at 0"
        )
    out = pathlib.Path(
        options.out or pathlib.Path(hparams["output_folder"], "analysis")
    )
    sources = hparams["sources"].of_fold()
    caches = {}
    seen: frozenset[str] = frozenset()
    for encoder in encoders:
        embed_with(hparams, sources, [encoder], device)
        caches[encoder] = read_cache(hparams["embedding_folder"], encoder)
    if options.checkpoint:
        models = split_checkpoint(
            options.checkpoint, out / "models", hparams["seed"]
        )
        for name, folder in models.items():
            # An EncoderClassifier like any other; only its name is ours.
            hparams["embed"](
                sources=sources,
                encoder="ecapa",
                encoder_source=str(folder),
                embedding_folder=folder,
                device=device,
            )
            caches[name] = read_cache(folder, "ecapa")
        speakers = speakers_in(sources)
        certain, perhaps = seen_among(options.checkpoint, speakers)
        seen = frozenset(speakers[name] for name in certain + perhaps)
    return analyze(
        sources,
        caches,
        out,
        title=options.title or hparams["corpus"],
        algorithms=algorithms,
        ks=ks,
        default_k=default if default in ks else ks[len(ks) // 2],
        n_seeds=options.seeds,
        n_init=hparams["cluster_restarts"],
        n_permutations=options.permutations,
        seed=hparams["seed"],
        n_jobs=options.jobs,
        n_maps=options.maps,
        listen=options.listen,
        with_audio=options.embed_audio,
        seen=seen,
    )
