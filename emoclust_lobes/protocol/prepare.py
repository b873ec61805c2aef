"""What is there before runs start: earlier results, and what all share."""

from emoclust_lobes.protocol.cells import read_results


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

    Example
    -------
    >>> from emoclust_lobes.protocol.plan import Job, System
    >>> from emoclust_lobes.protocol.scripts import Experiment
    >>> from emoclust_lobes.testing.experiment import tiny_ravdess
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
        hparams = experiment.load(fold=fold, seed=seed)
        hparams["prepare"]()
        hparams["prepare_pools"]()
        inputs = {"sources": hparams["fold_sources"](), "device": device}
        if any(system.needs_clusters for system in systems):
            hparams["embed"](**inputs)
            hparams["cluster"](sources=inputs["sources"])
        references = [x.reference for x in systems if x.reference]
        for encoder in sorted(
            {x for r in references for x in r.get("encoders", [])}
        ):
            chosen = {}
            if encoder != hparams["speaker_encoder"]:
                source = hparams["ssl_vectors"] if encoder == "ssl" else None
                chosen = {"encoder": encoder, "encoder_source": source}
            hparams["embed"](**inputs, **chosen)
        trained = len(references) < len(systems)
        if trained and "cache_features" in hparams:
            hparams["cache_features"](**inputs)
