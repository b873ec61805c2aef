"""Clusters inside each speaker: one cluster per utterance, and a report.

``clusters.csv`` has ID, spk_id, cluster (numbered from 0 within the speaker),
distance to the cluster's center and margin to the second. They depend on the
speaker's embeddings, the arguments, the run's seed and the speaker's name
alone, unless sentences are removed or columns scaled.
"""

import hashlib
import json
import pathlib

import numpy as np
import pandas
from data_prep.errors import EmoclustError
from data_prep.manifests.manifest import read_manifests
from data_prep.storage.files import read_json, replacing, write_json
from data_prep.storage.locks import locked_by_main
from emoclust_lobes.clustering.algorithms import ALGORITHMS
from emoclust_lobes.clustering.centering import (
    remove_sentences,
    scale_columns,
    sentences_of,
)
from emoclust_lobes.clustering.jobs import cluster_speakers
from emoclust_lobes.clustering.report import CONFOUNDS, summarize
from emoclust_lobes.embeddings.cache import read_cache
from emoclust_lobes.parallel.processes import gather_rows, own_rows

from speechbrain.utils.distributed import run_on_main

LABELS = ["emotion", *CONFOUNDS]


class ClusterError(EmoclustError):
    """Clusters cannot be made or are missing; says what to do."""


def cluster_utterances(
    sources,
    embedding_folder,
    encoder,
    cluster_folder,
    n_clusters,
    algorithm="kmeans",
    n_init=10,
    without_sentences=False,
    seed=1234,
    n_jobs=1,
):
    """Cluster the utterances of each speaker, and report on the clusters.

    Nothing happens when ``cluster_folder`` holds the clusters of the same
    utterances, labels, embeddings and arguments. Another process that writes
    into it is waited for.

    When all processes of a distributed run call it, they share the speakers;
    the main process alone, as inside ``run_on_main``, does everything.

    Arguments
    ---------
    sources : list of (str, str)
        Manifests and the folders their ``$data_root`` stands for.
    embedding_folder : str or pathlib.Path
        Where ``embed_utterances`` keeps its cache.
    encoder : str
        Name of the speaker encoder.
    cluster_folder : str or pathlib.Path
        Where to write ``clusters.csv`` and ``clusters.json``.
    n_clusters : int or str
        Clusters per speaker, at least 2, or ``"silhouette"``: chosen for each
        speaker. A speaker of n utterances gets at most n // 2.
    algorithm : str
        ``"kmeans"``, ``"spherical"``, ``"ward"`` or ``"gmm"``.
    n_init : int
        Starts per speaker, of which the best counts.
    without_sentences : bool
        Whether to subtract what the speakers of a manifest say alike; see
        ``remove_sentences``.
    seed : int
        Seed of the run.
    n_jobs : int
        Number of processes, as for joblib.

    Returns
    -------
    str
        Fingerprint of the clusters, for ``read_clusters``.

    Raises
    ------
    ClusterError
        When an argument is not one of the above, or there is no utterance.
    EmbeddingError
        When embeddings are missing.
    ManifestError
        When no sentence is known that should be removed.

    Example
    -------
    >>> from emoclust_lobes.synthetic.noise import make_noise
    >>> folder = getfixture("tmp_path")
    >>> sources = make_noise(
    ...     folder, [8000, 16000, 9000, 17000, 8500, 16500, 9500, 17500]
    ... )
    >>> from emoclust_lobes.embeddings.extraction import embed_utterances
    >>> embeddings, clusters = folder / "embeddings", folder / "clusters"
    >>> embed_utterances(sources, embeddings, "stats")
    >>> made = cluster_utterances(sources, embeddings, "stats", clusters, 2)
    >>> sorted(set(read_clusters(clusters, made)["cluster"]))
    [0, 1]
    """
    if algorithm not in ALGORITHMS:
        raise ClusterError(
            f"unknown clustering algorithm {algorithm!r}: choose one of "
            f"{', '.join(ALGORITHMS)}"
        )
    if n_clusters != "silhouette" and not (
        isinstance(n_clusters, int) and n_clusters >= 2
    ):
        raise ClusterError(
            "n_clusters must be a whole number from 2 or 'silhouette', "
            f"found {n_clusters!r}"
        )
    folder = pathlib.Path(cluster_folder)
    utterances = read_manifests(sources, numbered=True)
    utterances = utterances.sort_values(["spk_id", "ID"], ignore_index=True)
    if utterances.empty:
        raise ClusterError("there is no utterance to cluster")
    cache = read_cache(embedding_folder, encoder)
    vectors = scale_columns(
        cache.select(utterances["ID"]),
        utterances,
        sources,
        cache.identity["name"],
    )
    if without_sentences:
        vectors = remove_sentences(
            vectors, utterances["spk_id"], sentences_of(utterances)
        )
    arguments = {
        "encoder": cache.identity,
        "algorithm": algorithm,
        "n_clusters": n_clusters,
        "n_init": n_init,
        "without_sentences": without_sentences,
        "seed": seed,
    }
    inputs = _fingerprint(arguments, utterances, vectors)
    with locked_by_main(folder, wait=True):
        if run_on_main(_is_done, args=[folder, inputs]):
            return inputs
        rows_of = utterances.groupby("spk_id", sort=True).indices
        names = sorted(rows_of)
        own = [names[number] for number in own_rows(len(names))]
        labels = {x: utterances[x].to_numpy() for x in LABELS}
        speakers = (
            (name, vectors[rows], {x: labels[x][rows].tolist() for x in LABELS})
            for name, rows in ((name, rows_of[name]) for name in own)
        )
        clustered = gather_rows(
            cluster_speakers(speakers, len(own), arguments, n_jobs)
        )
        written = {
            "folder": folder,
            "facts": {"fingerprint": inputs, **arguments},
            "utterances": utterances,
            "clustered": dict(zip(names, clustered, strict=True)),
        }
        run_on_main(_write, kwargs=written)
    return inputs


def read_clusters(cluster_folder, fingerprint=None):
    """Read the clusters that ``cluster_utterances`` wrote, by speaker and ID.

    A fingerprint, which it returned, refuses any others.
    """
    path = _csv(pathlib.Path(cluster_folder))
    if not path.exists():
        raise ClusterError(
            f"no clusters at {path}: cluster the utterances first"
        )
    types = {"ID": str, "spk_id": str, "cluster": int}
    _refuse_others(path.parent, fingerprint)
    try:
        clusters = pandas.read_csv(path, dtype=types, keep_default_na=False)
        report = read_json(path.parent / "clusters.json") or {}
        n_found = len(clusters[list(types)])
        if n_found != (n_wanted := report.get("utterances", n_found)):
            raise ValueError(f"{n_found:,} of {n_wanted:,} utterances")
    except (KeyError, ValueError) as error:
        _refuse_others(path.parent, fingerprint)
        raise ClusterError(
            f"{path} is damaged ({error}): remove its folder, and the utterances "
            "are clustered again"
        ) from error
    _refuse_others(path.parent, fingerprint)  # nor while they were read
    return clusters


def _refuse_others(folder, fingerprint):
    """Raise where clusters were made anew since they were made for a run."""
    if fingerprint and not _is_done(folder, fingerprint):
        raise ClusterError(
            f"another run has made other clusters in {folder} meanwhile: give "
            "each its own cluster_folder or output_folder"
        )


def _fingerprint(arguments, utterances, vectors, rows_at_once=10_000):
    """As ``files.fingerprint`` of all inputs, whose JSON is never whole."""
    start, end = (
        json.dumps(x, sort_keys=True, ensure_ascii=False)
        for x in (
            {"arguments": arguments, "utterances": []},
            {"vectors": hashlib.sha256(vectors).hexdigest()},
        )
    )
    digest = hashlib.sha256(start.removesuffix("]}").encode())
    columns = utterances[["ID", "spk_id", *LABELS]]
    for first in range(0, len(columns), rows_at_once):
        rows = columns.iloc[first : first + rows_at_once].values.tolist()
        text = json.dumps(rows, ensure_ascii=False)[1:-1]
        digest.update(((", " if first else "") + text).encode())
    digest.update(f"], {end[1:]}".encode())
    return digest.hexdigest()


def _csv(folder):
    return folder / "clusters.csv"


def _is_done(folder, inputs):
    """Whether the folder holds what these inputs give."""
    done = read_json(folder / "clusters.json")
    return done and done.get("fingerprint") == inputs and _csv(folder).exists()


def _write(folder, facts, utterances, clustered):
    """Write both files; without the second, the clusters are made again."""
    columns, reports = zip(*clustered.values(), strict=True)
    table = utterances[["ID", "spk_id"]].assign(
        **{x: np.concatenate([own[x] for own in columns]) for x in columns[0]}
    )
    (folder / "clusters.json").unlink(missing_ok=True)
    with replacing(_csv(folder)) as stream:
        table.to_csv(stream, index=False, float_format="%.6f")
    write_json(
        folder / "clusters.json",
        {
            **facts,
            "utterances": len(table),
            "clusters": sum(x["clusters"] for x in reports),
            "short_speakers": sum(x["short"] for x in reports),
            **summarize(reports),
            "speakers": dict(zip(clustered, reports, strict=True)),
        },
    )
