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

SPEAKERS_PER_JOB = 25  # a single one is less work than handing it over


def cluster_speakers(speakers, n_speakers, arguments, n_jobs=1):
    """Cluster each of many speakers, in several processes, and report.

    Speakers come as an iterator of name, vectors and labels (lists by name).
    """
    chunks = iter(
        lambda: list(itertools.islice(speakers, SPEAKERS_PER_JOB)), []
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
