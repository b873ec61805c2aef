"""The pool that stage 1 learns from: utterances, their clusters, batches.

Stage 2 draws from the same pool where it keeps the contrast beside the labels.
"""

import numpy as np
from data_prep.errors import EmoclustError
from data_prep.manifests.manifest import read_manifests
from emoclust_lobes.clustering.aligned import aligned_clusters
from emoclust_lobes.clustering.centering import scale_columns, sentences_of
from emoclust_lobes.clustering.clusters import read_clusters
from emoclust_lobes.contrast.samplers import (
    SpeakerClusterBatchSampler,
    UtteranceBatchSampler,
    numbers_of,
)
from emoclust_lobes.contrast.variants import (
    assign_clusters,
    find_variant,
    two_views,
)
from emoclust_lobes.embeddings.cache import read_cache


def clustered_pool(
    sources,
    cluster_folder,
    embedding_folder,
    encoder,
    pretraining,
    n_clusters,
    n_init,
    without_sentences,
    cluster_noise,
    elsewhere,
    seed,
    fingerprint=None,
    channel_views=False,
):
    """Read the pool and give each utterance what the contrast compares.

    Arguments
    ---------
    sources : list of Source
        Manifests of the pool.
    cluster_folder : str or pathlib.Path
        Where the clusters inside the speakers are.
    embedding_folder : str or pathlib.Path
        Where the speaker embeddings are; aligned clusters are made of them.
    encoder : str
        Name of the speaker encoder.
    pretraining : str
        One of ``emoclust_lobes.contrast.variants.VARIANTS``.
    n_clusters : int
        Number of aligned clusters.
    n_init : int
        Starts of the aligned clustering.
    without_sentences : bool
        As for ``cluster_utterances``; here of the aligned clusters.
    cluster_noise : float
        Share, from 0 to 1, of each speaker's utterances that exchange their
        clusters at random.
    elsewhere : {"any", "session", "sentence"}
        What the ``context`` of an utterance is; see
        ``ClusterContrastiveLoss``.
    seed : int
        Seed of the run.
    fingerprint : str
        Of the clusters inside the speakers, as for ``read_clusters``.
    channel_views : bool
        Give each utterance twice, as ID#1 and ID#2, for two channels.

    Returns
    -------
    pandas.DataFrame
        The columns of ``read_manifests`` and ``utterance_id``, ``cluster``,
        ``speaker`` (number of the speaker in sorted order) and ``context``
        (number of the session or sentence in its manifest, -1 where it is not
        known).

    Example
    -------
    >>> from emoclust_lobes.synthetic.noise import make_noise
    >>> folder = getfixture("tmp_path")
    >>> sources = make_noise(
    ...     folder, [8000, 16000, 9000, 17000, 8500, 16500, 9500, 17500]
    ... )
    >>> from emoclust_lobes.clustering.clusters import cluster_utterances
    >>> from emoclust_lobes.embeddings.extraction import embed_utterances
    >>> embeddings, clusters = folder / "embeddings", folder / "clusters"
    >>> embed_utterances(sources, embeddings, "stats")
    >>> made = cluster_utterances(sources, embeddings, "stats", clusters, 2)
    >>> pool = clustered_pool(
    ...     sources,
    ...     clusters,
    ...     embeddings,
    ...     encoder="stats",
    ...     pretraining="contrastive",
    ...     n_clusters=2,
    ...     n_init=1,
    ...     without_sentences=False,
    ...     cluster_noise=0.0,
    ...     elsewhere="any",
    ...     seed=1,
    ...     fingerprint=made,
    ... )
    >>> len(pool), pool["speaker"].tolist()[:2]
    (8, [0, 1])
    """
    variant = find_variant(pretraining)
    pool = read_manifests(sources, numbered=True)
    clusters = None
    if variant.clusters:
        clusters = read_clusters(cluster_folder, fingerprint)
    if variant.clusters == "aligned":
        vectors = scale_columns(
            read_cache(embedding_folder, encoder).select(pool["ID"]),
            pool,
            sources,
            encoder,
        )
        labels, _ = aligned_clusters(
            vectors=vectors,
            ids=pool["ID"],
            speakers=pool["spk_id"],
            n_clusters=n_clusters,
            n_init=n_init,
            seed=seed,
            sentences=sentences_of(pool) if without_sentences else None,
        )
        clusters = pool[["ID"]].assign(cluster=labels)
    pool = assign_clusters(pool, clusters, variant, cluster_noise, seed)
    if channel_views:
        if variant.clusters == "utterance" or elsewhere != "any":
            raise EmoclustError(
                "channel_views makes positives of two views of an utterance, "
                "which simclr does anyway, and positives_elsewhere="
                f"{elsewhere} excludes: leave one of them out"
            )
        pool = two_views(pool)
    pool["speaker"] = numbers_of(pool["spk_id"])
    pool["context"] = -1
    if elsewhere != "any":
        known = pool[elsewhere] != ""
        # Two corpora may number their sentences alike
        names = pool["manifest"].astype(str) + " " + pool[elsewhere]
        pool["context"] = np.where(known, numbers_of(names), -1)
    return pool


def pool_sampler(pool, pretraining, shape, steps, seed, channel_views=False):
    """Make the batches of a pool.

    Arguments
    ---------
    pool : pandas.DataFrame
        From ``clustered_pool``.
    pretraining : str
        Says what clusters are. Where there are none, batches of as many
        utterances are drawn in rounds, whoever speaks. Where each utterance is a cluster of two views,
        there are as many more clusters in a batch as there are fewer
        utterances in a cluster, so that batches keep their size; where
        clusters span the speakers, they are drawn inside speakers all the
        same.
    shape : tuple of int
        Speakers, clusters of each and utterances of each cluster in a batch.
    steps : int
        Batches in an epoch.
    seed : int
        Seed of the run.
    channel_views : bool
        Whether the pool has each utterance twice: a batch then has both views
        of half as many utterances.

    Returns
    -------
    SpeakerClusterBatchSampler or UtteranceBatchSampler

    Example
    -------
    >>> import pandas
    >>> pool = pandas.DataFrame({"spk_id": "s", "cluster": [0, 0, 1, 1, 1]})
    >>> sampler = pool_sampler(pool, "contrastive", (1, 2, 2), steps=3, seed=1)
    >>> [len(batch) for batch in sampler]
    [4, 4, 4]
    """
    speakers, clusters, utterances = shape
    kind = find_variant(pretraining).clusters
    if not kind:
        size = speakers * clusters * utterances
        return UtteranceBatchSampler(len(pool), size, steps, seed)
    if kind == "utterance":
        clusters, utterances = max(2, clusters * utterances // 2), 2
    try:
        return SpeakerClusterBatchSampler(
            speaker_ids=pool["spk_id"].tolist(),
            cluster_ids=pool["cluster"].tolist(),
            in_pairs=channel_views,
            speakers=speakers,
            clusters=clusters,
            utterances=utterances,
            steps=steps,
            seed=seed,
        )
    except ValueError as error:  # which says what to give
        raise EmoclustError(str(error)) from error


class PoolBatches:
    """The pool's batch of any epoch and step, without a loader beside."""

    def __init__(self, dataset, sampler):
        self.dataset = dataset
        self.sampler = sampler
        self.set_epoch(1)

    def set_epoch(self, epoch):
        """Choose the epoch whose batches come next."""
        self.sampler.set_epoch(epoch)
        self.plan = list(self.sampler)

    def at(self, step):
        """Return the batch of a step, counted from 0; they come round."""
        indices = self.plan[step % len(self.plan)]
        return self.dataset.batch(indices)
