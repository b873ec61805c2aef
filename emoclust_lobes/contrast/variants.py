"""What a pretraining contrasts: the clusters, or something in their place.

The method stands or falls with controls that share everything with it but
the clusters. Each is a row of ``VARIANTS``; they differ in which cluster an
utterance is given, and in what is done about speakers.
"""

from typing import NamedTuple

import numpy as np
import pandas
from emoclust_lobes.clustering.algorithms import speaker_seed
from emoclust_lobes.clustering.clusters import ClusterError


class Variant(NamedTuple):
    """One kind of pretraining.

    Arguments
    ---------
    clusters : {"speaker", "shuffled", "emotion", "utterance", "aligned"}
        What an utterance's cluster is: that of the k-means inside its
        speaker, another's of the speaker at random, its emotion label, itself,
        or that of one k-means over all speakers.
    contrastive : bool
        Whether the contrastive loss is used.
    speaker : {"", "with", "against"}
        Whether speaker classification is learned beside it: not at all, with
        it, or against it, through gradient reversal.
    positives : {"speaker", "all"}
        For ``ClusterContrastiveLoss``.
    negatives : {"", "all"}
        For ``ClusterContrastiveLoss``; "" leaves the choice to the user.

    Example
    -------
    >>> Variant(speaker="with")._replace(contrastive=False).clusters
    'speaker'
    """

    clusters: str = "speaker"
    contrastive: bool = True
    speaker: str = ""
    positives: str = "speaker"
    negatives: str = ""

    def pairs(self, negatives):
        """Say whose utterances attract and repel, for the contrastive loss.

        Arguments
        ---------
        negatives : {"speaker", "all"}
            The user's choice, where the variant leaves it.

        Returns
        -------
        dict
            Arguments of ``ClusterContrastiveLoss``.

        Example
        -------
        >>> Variant().pairs("speaker")
        {'positives': 'speaker', 'negatives': 'speaker'}
        >>> find_variant("simclr").pairs("speaker")
        {'positives': 'speaker', 'negatives': 'all'}
        """
        return {
            "positives": self.positives,
            "negatives": self.negatives or negatives,
        }


VARIANTS = {
    "contrastive": Variant(),
    "multitask": Variant(speaker="with"),
    "adversarial": Variant(speaker="against"),
    "speaker": Variant(contrastive=False, speaker="with"),
    # Two crops of an utterance against the rest of the batch: Chen et al.
    # 2020 (arXiv 2002.05709).
    "simclr": Variant(clusters="utterance", negatives="all"),
    "shuffled": Variant(clusters="shuffled"),  # a control
    "oracle": Variant(clusters="emotion"),  # an upper bound: it reads labels
    "aligned": Variant(clusters="aligned", positives="all"),
}


def find_variant(pretraining):
    """Look up a kind of pretraining.

    Arguments
    ---------
    pretraining : str
        Its name, a key of ``VARIANTS``.

    Returns
    -------
    Variant

    Raises
    ------
    ValueError
        When there is none of that name.

    Example
    -------
    >>> find_variant("adversarial").speaker
    'against'
    >>> find_variant("magic")
    Traceback (most recent call last):
    ...
    ValueError: unknown pretraining 'magic': choose one of contrastive, \
multitask, adversarial, speaker, simclr, shuffled, oracle, aligned
    """
    if pretraining not in VARIANTS:
        raise ValueError(
            f"unknown pretraining {pretraining!r}: choose one of "
            f"{', '.join(VARIANTS)}"
        )
    return VARIANTS[pretraining]


def assign_clusters(pool, clusters, variant, cluster_noise, seed):
    """Give each utterance of the pool the cluster that a variant contrasts.

    What an utterance gets depends on the seed and on its speaker's utterances
    alone, not on the order of the rows.

    Arguments
    ---------
    pool : pandas.DataFrame
        A manifest: one row per utterance, with ID, spk_id and emotion.
    clusters : pandas.DataFrame
        Columns ID and cluster, as ``read_clusters`` gives them; those of
        ``aligned_clusters`` for the variant that wants them.
    variant : Variant
        From ``find_variant``.
    cluster_noise : float
        Share, from 0 to 1, of each speaker's utterances that exchange their
        clusters among themselves at random; the clusters keep their sizes. 1
        makes every variant a ``shuffled`` one. More noise exchanges what less
        noise exchanges, and more.
    seed : int
        Seed of the run.

    Returns
    -------
    pandas.DataFrame
        The pool, in its order, with two more columns: ``utterance_id`` (the ID
        in the manifest) and ``cluster`` (int). Without the utterances that
        have no emotion label when the clusters are emotions; with each
        utterance twice, as ID#1 and ID#2, when every utterance is its own
        cluster.

    Raises
    ------
    ClusterError
        When an utterance has no cluster, or no utterance has the emotion
        label that the variant needs.
    ValueError
        When ``cluster_noise`` is not between 0 and 1, or would change
        nothing.

    Example
    -------
    >>> import pandas
    >>> pool = pandas.DataFrame(
    ...     {"ID": ["a", "b"], "spk_id": "s", "emotion": ["sad", ""]}
    ... )
    >>> clusters = pandas.DataFrame({"ID": ["b", "a"], "cluster": [0, 1]})
    >>> def assign(name):
    ...     variant = find_variant(name)
    ...     table = assign_clusters(pool, clusters, variant, 0.0, seed=1)
    ...     return table[["ID", "cluster"]].values.tolist()
    >>> assign("contrastive")
    [['a', 1], ['b', 0]]
    >>> assign("simclr")
    [['a#1', 0], ['a#2', 0], ['b#1', 1], ['b#2', 1]]
    >>> assign("oracle")
    [['a', 0]]
    """
    if not 0 <= cluster_noise <= 1:
        raise ValueError(
            f"cluster_noise must be between 0 and 1, not {cluster_noise}"
        )
    rows = pandas.Index(clusters["ID"]).get_indexer(pool["ID"])
    missing = pool["ID"][rows < 0]
    if len(missing):
        raise ClusterError(
            f"{len(missing)} of {len(pool)} utterances have no cluster, the "
            f"first is {missing.iloc[0]}: cluster the utterances again"
        )
    pool = pool.reset_index(drop=True)
    pool["utterance_id"] = pool["ID"]
    if variant.clusters == "utterance":
        if cluster_noise > 0:
            raise ValueError(
                "cluster_noise changes nothing where every utterance is its "
                f"own cluster: set it to 0, not {cluster_noise}"
            )
        return _two_views(pool)
    if variant.clusters == "emotion":
        labels = pool["emotion"]
        pool = pool[labels != ""].reset_index(drop=True)
        if pool.empty:
            raise ClusterError(
                f"none of the pool's {len(labels)} utterances has an emotion "
                "label to take the place of its cluster: give a labeled pool"
            )
        found = np.unique(pool["emotion"], return_inverse=True)[1]
    else:
        found = clusters["cluster"].to_numpy()[rows]
    noise = 1.0 if variant.clusters == "shuffled" else cluster_noise
    return _exchange(pool.assign(cluster=found), noise, seed)


def _two_views(pool):
    """Repeat each utterance; its number within its speaker is its cluster."""
    numbers = pool.sort_values("ID").groupby("spk_id").cumcount()
    pool = pool.assign(cluster=numbers)
    twice = pool.loc[pool.index.repeat(2)].reset_index(drop=True)
    views = np.tile(["#1", "#2"], len(pool))
    return twice.assign(ID=twice["utterance_id"] + views)


def _exchange(pool, share, seed):
    """Let a share of each speaker's utterances exchange their clusters."""
    if not share:  # nobody does, and there may be a million of them
        return pool
    clusters = pool["cluster"].to_numpy(copy=True)
    ids = pool["ID"].to_numpy()
    for speaker, rows in pool.groupby("spk_id").indices.items():
        rng = np.random.default_rng(speaker_seed(seed, speaker))
        rows = rng.permutation(rows[ids[rows].argsort()])
        chosen = rows[: round(share * len(rows))]
        clusters[chosen] = clusters[rng.permutation(chosen)]
    return pool.assign(cluster=clusters)
