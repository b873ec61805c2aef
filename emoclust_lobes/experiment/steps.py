"""The steps before training, as an experiment's YAML wires them."""

from emoclust_lobes.encoders.sources import encoder_source
from emoclust_lobes.experiment.command_line import (
    loading,
    refuse_missing_corpus,
)
from emoclust_lobes.experiment.option_kinds import UsageError
from emoclust_lobes.experiment.summaries import (
    describe_clusters,
    describe_embeddings,
    describe_manifests,
)
from emoclust_lobes.experiment.yaml_options import YamlOptions
from hyperpyyaml import load_hyperpyyaml

from speechbrain.utils.distributed import run_on_main

# Keys of the YAML: the steps, and what their summaries read.
NEEDED = (
    "prepare",
    "sources",
    "embed",
    "cluster",
    "manifest_folder",
    "embedding_folder",
    "speaker_encoder",
    "cluster_folder",
)


def load_experiment(param_file, overrides=None):
    """Load the YAML of an experiment, with at least the keys of ``NEEDED``."""
    options = YamlOptions(param_file)
    changes = options.overrides(overrides or {})
    refuse_missing_corpus(options, overrides or {})
    with open(param_file, encoding="utf-8") as stream, loading(param_file):
        hparams = load_hyperpyyaml(stream, changes)
    missing = [key for key in NEEDED if key not in hparams]
    if missing:
        raise UsageError(f"{param_file} has no {', '.join(missing)}")
    return hparams


def run_steps(last, hparams, device):
    """Take the steps up to ``last``, and tell what it has made."""
    sources = take_steps(hparams, device, last)
    if last == "prepare":
        return describe_manifests(hparams["manifest_folder"])
    if last == "embed":
        return describe_embeddings(
            sources, hparams["embedding_folder"], hparams["speaker_encoder"]
        )
    return describe_clusters(hparams["cluster_folder"])


def take_steps(hparams, device, last="clusters", pools=True):
    """Take the steps up to ``prepare``, ``embed`` or ``clusters``.

    All processes of a run call it, and are given the sources; clusters leave a
    ``cluster_fingerprint`` in ``hparams``. Without ``pools`` there is the
    labeled speech alone.
    """
    run_on_main(hparams["prepare"])
    if pools:
        run_on_main(hparams["sources"].prepare_pools)
        sources = hparams["sources"].of_fold()
    else:
        sources = hparams["sources"].labeled()
    if last == "prepare":
        return sources
    hparams["embed"](sources=sources, device=device)  # all take a share
    if last == "clusters":
        hparams["cluster_fingerprint"] = hparams["cluster"](sources=sources)
    return sources


def embed_with(hparams, sources, encoders, device):
    """Embed with these speaker encoders, each from its source in the YAML."""
    for encoder in encoders:
        hparams["embed"](
            sources=sources,
            encoder=encoder,
            encoder_source=encoder_source(hparams, encoder),
            device=device,
        )


def cache_front_end(hparams, sources, device):
    """Cache the features of the front end, where there is one."""
    if "cache_features" in hparams:  # of one that trains nothing is cached
        inputs = {"sources": sources, "device": device}
        run_on_main(hparams["cache_features"], kwargs=inputs)
