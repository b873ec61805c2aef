"""Decide the clips of a test speaker's cluster together, without labels.

Each clip's log-probabilities are mixed with the mean of those of its cluster, of
the speaker's clips: (1 - w) log p(clip) + w mean log p(cluster). How many
clusters, and w, are chosen on the development speakers. All clips of the test
speaker are heard, as where all are enrolled: rows of their own.
"""

import itertools
import pathlib

import numpy as np
import pandas as pd
from data_prep.manifests.manifest import Source, read_manifest
from emoclust_lobes.embeddings.extraction import read_embeddings
from emoclust_lobes.evaluation.metrics import emotion_metrics
from emoclust_lobes.protocol.plan import CENTERED, ProtocolError
from scipy.special import logsumexp
from sklearn.cluster import AgglomerativeClustering

# Clusters of a speaker, and weights of the cluster's mean; 0 leaves all as it is
N_CLUSTERS = (4, 8, 14)
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
FLOOR = 1e-6  # of a probability, before its logarithm


def cluster_speakers(vectors, speakers, n_clusters):
    """Cluster the vectors of each speaker by Ward's criterion.

    Returns a number for each cluster of each speaker. A speaker with fewer
    vectors than clusters has one for each vector.
    """
    numbers = np.zeros(len(vectors), dtype=int)
    for rows in pd.Series(speakers).groupby(speakers).indices.values():
        n, found = min(n_clusters, len(rows)), np.zeros(len(rows), dtype=int)
        if n > 1:
            ward = AgglomerativeClustering(n)
            found = ward.fit_predict(vectors[rows])
        numbers[rows] = found + numbers.max() + 1
    return numbers


def mix_clusters(predictions, clusters, weight, classes):
    """Predict again, from log-probabilities that are mixed by cluster.

    ``predictions`` have ``p_CLASS``, ``clusters`` is a number for each row.
    """
    columns = [f"p_{label}" for label in classes]
    logs = np.log(predictions[columns].clip(lower=FLOOR))
    means = logs.groupby(np.asarray(clusters)).transform("mean")
    mixed = ((1 - weight) * logs + weight * means).to_numpy()
    shares = np.exp(mixed - logsumexp(mixed, axis=1, keepdims=True))
    best = np.array(classes)[shares.argmax(axis=1)]
    told = predictions.assign(prediction=best)
    told[columns] = shares
    return told


def decode_clusters(test, valid, classes):
    """Decode a test with what is best for the development speakers; tell their UAR.

    ``test, valid`` are predictions, vectors and speakers, row by row. Returns
    predictions and the UAR of the development speakers; of equal ones the least
    weight and the fewest clusters are taken.
    """

    def decode(split, n_clusters, weight):
        predictions, vectors, speakers = split
        clusters = cluster_speakers(vectors, speakers, n_clusters)
        return mix_clusters(predictions, clusters, weight, classes)

    best = (-1.0, 0, 0.0)
    for weight, n_clusters in itertools.product(WEIGHTS, N_CLUSTERS):
        told = decode(valid, n_clusters, weight)
        scores = emotion_metrics(told["truth"], told["prediction"], classes)
        if scores["uar"] > best[0]:
            best = (scores["uar"], n_clusters, weight)
    return decode(test, *best[1:]), best[0]


def decode_run(hparams, test, valid, classes):
    """Decode the predictions of a run; return them, and the UAR of ``valid``."""
    if valid is None:
        raise ProtocolError(
            "decode_clusters chooses its weight on development speakers, and "
            "there are none: give the system without it"
        )

    def whole(predictions, split):
        csv = pathlib.Path(hparams["manifest_folder"], f"{split}.csv")
        table = read_manifest(Source(str(csv), hparams["data_folder"]))
        speakers = predictions["ID"].map(table.set_index("ID")["spk_id"])
        vectors = read_embeddings(
            hparams["embedding_folder"], "+".join(CENTERED), predictions["ID"]
        )
        return predictions, vectors, speakers.to_numpy()

    return decode_clusters(whole(test, "test"), whole(valid, "valid"), classes)


def decode_folder(hparams, folder, classes):
    """Decode what a finished run of stage 2 has left in its folder."""
    tables = []
    for name in ("predictions", "valid_predictions"):
        path = pathlib.Path(folder, f"{name}.csv")
        if not path.exists():
            raise ProtocolError(
                f"{path} is missing, by which decode_clusters chooses: the run "
                "has no development speakers, or is of before they were kept; "
                "remove its folder to run it again"
            )
        table = pd.read_csv(
            path,
            dtype={"enrolled": str, "truth": str, "prediction": str, "ID": str},
            keep_default_na=False,
        )
        # With several numbers of enrolled clips, without any
        first = table["enrolled"].iloc[0]
        tables.append(table[table["enrolled"] == first].reset_index(drop=True))
    test, valid = tables
    return decode_run(hparams, test, valid, classes)
