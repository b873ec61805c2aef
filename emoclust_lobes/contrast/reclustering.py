"""Clusters made anew with the encoder that is being trained."""

import json

import numpy as np
import torch
from emoclust_lobes.clustering.algorithms import cluster_speaker, speaker_seed
from emoclust_lobes.clustering.centering import remove_speaker
from emoclust_lobes.parallel.processes import gather_rows
from threadpoolctl import threadpool_limits

from speechbrain import Stage
from speechbrain.utils.checkpoints import (
    mark_as_loader,
    mark_as_saver,
    register_checkpoint_hooks,
)
from speechbrain.utils.distributed import run_on_main


def cluster_again(vectors, speakers, n_clusters, algorithm, n_init, seed):
    """Cluster each speaker's utterances, as before stage 1.

    Arguments
    ---------
    vectors : numpy.ndarray
        Embeddings, shape [n, dim].
    speakers : sequence of str
        Speaker of each, shape [n].
    n_clusters, algorithm, n_init, seed
        As for ``emoclust_lobes.clustering.clusters.cluster_utterances``.

    Returns
    -------
    numpy.ndarray
        Cluster of each utterance within its speaker, shape [n].

    Example
    -------
    >>> cluster_again(
    ...     vectors=np.array([[0.0], [0.1], [5.0], [5.1]]),
    ...     speakers=["s"] * 4,
    ...     n_clusters=2,
    ...     algorithm="kmeans",
    ...     n_init=1,
    ...     seed=1,
    ... ).tolist()
    [0, 0, 1, 1]
    """
    speakers = np.asarray(speakers)
    clusters = np.zeros(len(speakers), dtype=np.int64)
    with threadpool_limits(1):
        for speaker in np.unique(speakers):
            own = speakers == speaker
            clusters[own] = cluster_speaker(
                remove_speaker(vectors[own]),
                n_clusters,
                algorithm,
                n_init,
                speaker_seed(seed, speaker),
            )
    return clusters


@register_checkpoint_hooks
class PoolClusters:
    """The clusters that a training uses now: in its dataset and its sampler.

    A checkpoint keeps them: a run that is resumed does not have the encoder
    any more that they were made with.

    Arguments
    ---------
    dataset : DynamicItemDataset
        The pool; the item ``cluster`` is changed in place.
    sampler : SpeakerClusterBatchSampler
        Its batches.

    Example
    -------
    >>> from emoclust_lobes.contrast.samplers import SpeakerClusterBatchSampler
    >>> from speechbrain.dataio.dataset import DynamicItemDataset
    >>> dataset = DynamicItemDataset({x: {"cluster": 0} for x in "abcd"})
    >>> sampler = SpeakerClusterBatchSampler(
    ...     speaker_ids=["s"] * 4,
    ...     cluster_ids=[0, 0, 1, 1],
    ...     speakers=1,
    ...     clusters=2,
    ...     utterances=2,
    ...     steps=1,
    ...     seed=1,
    ... )
    >>> PoolClusters(dataset, sampler).set([0, 1, 0, 1])
    >>> [dataset.data[x]["cluster"] for x in "abcd"]
    [0, 1, 0, 1]
    """

    def __init__(self, dataset, sampler):
        self.dataset = dataset
        self.sampler = sampler

    def set(self, clusters):
        """Change the cluster of every utterance, shape [n]."""
        for name, cluster in zip(self.dataset.data_ids, clusters, strict=True):
            self.dataset.data[name]["cluster"] = int(cluster)
        self.sampler.set_clusters(clusters)

    @mark_as_saver
    def _save(self, path):
        names = self.dataset.data_ids
        with open(path, "w", encoding="utf-8") as stream:
            json.dump([self.dataset.data[x]["cluster"] for x in names], stream)

    @mark_as_loader
    def _load(self, path, end_of_epoch):
        with open(path, encoding="utf-8") as stream:
            self.set(json.load(stream))


class Reclustering:
    """Embed the whole pool with the encoder as it is now, and cluster it.

    Several processes embed a share each; the main one clusters.

    Arguments
    ---------
    brain : EncoderBrain
        Has the encoder.
    loader : DataLoader
        Whole utterances of the pool, in order, with ``spk_id``; on several
        processes those that are ``own_rows``.
    clusters : PoolClusters
        What is changed.
    cluster : callable
        As ``cluster_again``, of vectors and speakers.

    Example
    -------
    >>> from types import SimpleNamespace
    >>> from emoclust_lobes.contrast.memory import EmbeddingMemory
    >>> from speechbrain import Brain
    >>> from speechbrain.dataio.batch import PaddedBatch
    >>> class Mean(Brain):
    ...     def encode(self, signals, lens, stage):
    ...         return signals.mean(dim=1, keepdim=True)
    >>> brain = Mean(
    ...     modules={"encoder": torch.nn.Identity()},
    ...     hparams={"memory": EmbeddingMemory(size=8)},
    ... )
    >>> loud = {"sig": torch.full([9], 5.0), "spk_id": "s"}
    >>> soft = {"sig": torch.full([9], 0.1), "spk_id": "s"}
    >>> again = Reclustering(
    ...     brain=brain,
    ...     loader=[PaddedBatch([loud, soft]), PaddedBatch([soft, loud])],
    ...     clusters=SimpleNamespace(set=print),  # PoolClusters in a training
    ...     cluster=lambda vectors, speakers: cluster_again(
    ...         vectors, speakers, 2, "kmeans", n_init=1, seed=1
    ...     ).tolist(),
    ... )
    >>> again()
    [0, 1, 1, 0]
    """

    def __init__(self, brain, loader, clusters, cluster):
        self.brain = brain
        self.loader = loader
        self.clusters = clusters
        self.cluster = cluster

    @torch.no_grad()
    def __call__(self):
        """Make the clusters anew."""
        self.brain.modules.eval()
        rows: list[tuple[np.ndarray, str]] = []
        for batch in self.loader:
            batch = batch.to(self.brain.device)
            embeddings = self.brain.encode(*batch.sig, Stage.VALID)
            vectors = embeddings.float().cpu().numpy()
            rows.extend(zip(vectors, batch.spk_id, strict=True))
        self.brain.modules.train()
        vectors, speakers = map(list, zip(*gather_rows(rows), strict=True))
        pool = [np.stack(vectors), speakers]
        self.clusters.set(run_on_main(self.cluster, args=pool))
        self.brain.hparams.memory.clear()
