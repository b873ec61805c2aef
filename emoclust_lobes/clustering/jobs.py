"""Clustering many speakers in several processes."""

import itertools

import joblib
from emoclust_lobes.clustering.algorithms import (
    cluster_speaker,
    distances_and_margins,
    speaker_seed,
)
from emoclust_lobes.clustering.centering import remove_speaker
from emoclust_lobes.clustering.report import report_speaker
from threadpoolctl import threadpool_limits
from tqdm import tqdm


def cluster_speakers(
    speakers, n_speakers, arguments, n_jobs=1, speakers_per_job=25
):
    """Cluster each of many speakers and report on the clusters.

    Arguments
    ---------
    speakers : iterator of (str, numpy.ndarray, dict)
        Name, vectors and labels (a list by name) of each. Few are held at a
        time.
    n_speakers : int
        How many will come.
    arguments : dict
        ``algorithm``, ``n_clusters``, ``n_init`` and ``seed``, as for
        ``cluster_utterances``.
    n_jobs : int
        Number of processes, as for joblib.
    speakers_per_job : int
        How many a process is given at once.

    Returns
    -------
    list of (dict, dict)
        Of each speaker the columns ``cluster``, ``distance`` and ``margin``,
        and the report.

    Example
    -------
    >>> import numpy as np
    >>> vectors = np.array([[0.0, 1], [0, 2], [9, 1], [9, 2]])
    >>> names = ("emotion", "sentence", "session", "gender")
    >>> labels = dict.fromkeys(names, ["", "", "", ""])  # none is known
    >>> options = {"algorithm": "ward", "n_clusters": 2, "n_init": 1, "seed": 1}
    >>> speakers = iter([("ann", vectors, labels)])
    >>> ((columns, report),) = cluster_speakers(speakers, 1, options)
    >>> columns["cluster"].tolist(), report["clusters"]
    ([0, 0, 1, 1], 2)
    """
    chunks = iter(
        lambda: list(itertools.islice(speakers, speakers_per_job)), []
    )
    jobs = (joblib.delayed(_cluster_chunk)(x, arguments) for x in chunks)
    pool = joblib.Parallel(n_jobs=n_jobs, return_as="generator")
    clustered = []
    with tqdm(total=n_speakers, desc="clustering", unit="spk") as progress:
        for results in pool(jobs):
            clustered += results
            progress.update(len(results))
    return clustered


def _cluster_chunk(speakers, arguments):
    # A speaker's few hundred vectors are too little work for more threads.
    with threadpool_limits(1):
        return [
            _cluster_one(name, vectors, labels, arguments)
            for name, vectors, labels in speakers
        ]


def _cluster_one(name, vectors, labels, arguments):
    """Cluster one speaker twice, for the result and for its stability."""
    vectors = remove_speaker(vectors)
    algorithm, n_clusters = arguments["algorithm"], arguments["n_clusters"]
    seeds = [speaker_seed(arguments["seed"] + x, name) for x in (0, 1)]
    clusters, other_clusters = (
        cluster_speaker(
            vectors, n_clusters, algorithm, arguments["n_init"], seed
        )
        for seed in seeds
    )
    distances, margins = distances_and_margins(
        vectors, clusters, directions=algorithm == "spherical"
    )
    columns = {"cluster": clusters, "distance": distances, "margin": margins}
    report = report_speaker(vectors, clusters, other_clusters, labels, seeds[0])
    fewest = 2 if n_clusters == "silhouette" else n_clusters
    return columns, {"short": len(vectors) // 2 < fewest, **report}
