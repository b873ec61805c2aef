"""What is there before runs start: earlier results, and what all share."""

from emoclust_lobes.encoders.sources import encoder_source
from emoclust_lobes.encoders.utterance_vectors import SSL_SOURCE
from emoclust_lobes.protocol.cells import read_results
from emoclust_lobes.protocol.plan import ProtocolError


def finished_cells(folder):
    """Tell which cells have results.

    Arguments
    ---------
    folder : pathlib.Path
        Where the results of a protocol are, or will be.

    Returns
    -------
    set of (str, float, int, int)
        System, share of the labels, fold and seed.

    Raises
    ------
    ValueError
        As ``read_results``.

    Example
    -------
    >>> finished_cells(getfixture("tmp_path"))
    set()
    """
    if not (folder / "cells.csv").exists():
        return set()
    cells = read_results(folder).cells
    key = cells[["system", "labels", "fold", "seed"]]
    return set(key.itertuples(index=False, name=None))


def prepare_jobs(experiment, jobs, device):
    """Make what runs share, before they could get into each other's way.

    Arguments
    ---------
    experiment : Experiment
        What all have in common.
    jobs : list of Job
        From ``plan_jobs``.
    device : str
        Where embeddings and features are computed.

    Raises
    ------
    ProtocolError
        When a reference and the clusters want ``ssl`` of different layers.

    Example
    -------
    >>> from emoclust_lobes.protocol.plan import Job, System
    >>> from emoclust_lobes.protocol.scripts import Experiment
    >>> from emoclust_lobes.synthetic.experiment import tiny_ravdess
    >>> folder = getfixture("tmp_path")
    >>> experiment = Experiment("hparams/ravdess.yaml", tiny_ravdess(folder))
    >>> stats = System("stats", {}, {}, reference={"encoders": ["stats"]})
    >>> prepare_jobs(experiment, [Job(1, 1986, ((stats, 1.0),))], "cpu")
    >>> sorted(x.name for x in (folder / "results").iterdir())
    ['embeddings', 'fold_1']
    """
    for fold, seed in sorted({(job.fold, job.seed) for job in jobs}):
        systems = [
            system
            for job in jobs
            if (job.fold, job.seed) == (fold, seed)
            for system, _ in job.cells
        ]
        references = [x.reference for x in systems if x.reference]
        encoders = {x for r in references for x in r.get("encoders", [])}
        hparams = experiment.load(fold=fold, seed=seed)
        if "ssl" in encoders:
            _refuse_another_layer(hparams)
        hparams["prepare"]()
        hparams["sources"].prepare_pools()
        inputs = {"sources": hparams["sources"].of_fold(), "device": device}
        if any(system.needs_clusters for system in systems):
            hparams["embed"](**inputs)
            hparams["cluster"](sources=inputs["sources"])
        for encoder in sorted(encoders):
            source = encoder_source(hparams, encoder)
            hparams["embed"](**inputs, encoder=encoder, encoder_source=source)
        trained = len(references) < len(systems)
        if trained and "cache_features" in hparams:
            hparams["cache_features"](**inputs)


def _refuse_another_layer(hparams):
    """Raise where ``ssl`` would not be the layer that references stand for."""
    wanted = hparams.get("ssl_vectors")
    used = encoder_source(hparams, "ssl") or SSL_SOURCE
    if wanted and wanted != used:
        raise ProtocolError(
            f"a reference reads the layer of --ssl_vectors={wanted}, but "
            f"--speaker_encoder=ssl that of --speaker_encoder_source={used}, "
            "and both have one place in embedding_folder: give both the same "
            "layer, or another --speaker_encoder"
        )
