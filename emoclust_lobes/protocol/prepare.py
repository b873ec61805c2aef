"""Run what a protocol lacks: first what runs share, then the runs."""

from emoclust_lobes.encoders.sources import encoder_source
from emoclust_lobes.encoders.utterance_vectors import SSL_SOURCE
from emoclust_lobes.experiment.steps import (
    cache_front_end,
    embed_with,
    take_steps,
)
from emoclust_lobes.protocol.facts import commit_of
from emoclust_lobes.protocol.plan import ProtocolError, plan_jobs
from emoclust_lobes.protocol.runner import run_jobs
from emoclust_lobes.protocol.runs import finished_runs


def run_missing(
    experiment, folder, *, systems, folds, seeds, labels, n_jobs, devices
):
    """Run what has no results in a folder; tell what failed, line by line.

    Embeddings and features are computed on the first of the devices.
    """
    jobs = plan_jobs(systems, folds, seeds, labels, finished_runs(folder))
    if not jobs:
        return []
    prepare_jobs(experiment, jobs, devices[0])
    commit = commit_of(experiment.root)
    return run_jobs(experiment, jobs, folder, n_jobs, devices, commit)


def refuse_failures(failures):
    """Raise a ProtocolError if something failed."""
    if failures:
        raise ProtocolError(
            "not everything could be run; the rest is done, and the same "
            "command runs what is missing:\n" + "\n".join(failures)
        )


def prepare_jobs(experiment, jobs, device):
    """Make what runs share, before they could get into each other's way."""
    for fold, seed in sorted({(job.fold, job.seed) for job in jobs}):
        systems = [
            system
            for job in jobs
            if (job.fold, job.seed) == (fold, seed)
            for system, _ in job.runs
        ]
        encoders = set().union(*(x.encoders for x in systems))
        hparams = experiment.load(fold=fold, seed=seed)
        if "ssl" in encoders:
            _refuse_another_layer(hparams)
        clustered = any(system.needs_clusters for system in systems)
        last = "clusters" if clustered else "prepare"
        sources = take_steps(hparams, device, last=last)
        embed_with(hparams, sources, sorted(encoders), device)
        if not all(system.baseline for system in systems):
            cache_front_end(hparams, sources, device)


def _refuse_another_layer(hparams):
    """Raise where ``ssl`` would not be the layer that baselines stand for."""
    wanted = hparams.get("ssl_vectors")
    used = encoder_source(hparams, "ssl") or SSL_SOURCE
    if wanted and wanted != used:
        raise ProtocolError(
            f"a baseline reads the layer of --ssl_vectors={wanted}, but "
            f"--speaker_encoder=ssl that of --speaker_encoder_source={used}, "
            "and both have one place in embedding_folder: give both the same "
            "layer, or another --speaker_encoder"
        )
