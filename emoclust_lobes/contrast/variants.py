"""What a pretraining contrasts: the clusters, or something in their place.

Controls share everything with the method but the clusters; they differ in
which cluster an utterance is given, in what is done about speakers, and in
whether vectors are learned themselves.
"""

from typing import NamedTuple

import numpy as np
import pandas
from data_prep.errors import EmoclustError
from emoclust_lobes.clustering.algorithms import speaker_seed
from emoclust_lobes.clustering.clusters import ClusterError


class Variant(NamedTuple):
    """One kind of pretraining.

    ``clusters`` says what an utterance's cluster is: "speaker", of the k-means
    inside its speaker; "shuffled", another's of the speaker at random;
    "emotion", its label; "utterance", itself; "aligned", of one k-means over
    all speakers; "", none. Speakers are classified "with" or "against"
    (gradient reversal) the contrast; with ``distils`` the speaker encoder's
    vectors are regressed. "" as positives or negatives leaves them to the
    user.
    """

    clusters: str = "speaker"
    contrastive: bool = True
    speaker: str = ""
    distils: bool = False
    positives: str = "speaker"
    negatives: str = ""

    @property
    def measure(self):
        """The number, on development speakers, that says which epoch is best."""
        return "cluster_auc" if self.clusters else "vector_cosine"

    def pairs(self, negatives):
        """Return the loss's ``positives`` and ``negatives``; the latter if left
        open.
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
    "distil": Variant(clusters="", contrastive=False, distils=True),
    "distil_contrastive": Variant(distils=True),
}


def find_variant(pretraining):
    """Look up a pretraining of ``VARIANTS``; raises ValueError where there is
    none.
    """
    if pretraining not in VARIANTS:
        raise EmoclustError(
            f"unknown pretraining {pretraining!r}: choose one of "
            f"{', '.join(VARIANTS)}"
        )
    return VARIANTS[pretraining]


def assign_clusters(pool, clusters, variant, cluster_noise, seed):
    """Give each utterance of the pool the ``cluster`` that a variant contrasts.

    It depends on the seed and the speaker's utterances alone, not on the order
    of rows. A share ``cluster_noise`` of each speaker's utterances exchange
    theirs at random; more noise exchanges what less does, and more. Where
    every utterance is its own cluster, it comes twice, as ID#1 and ID#2.
    """
    if not 0 <= cluster_noise <= 1:
        raise EmoclustError(
            f"cluster_noise must be between 0 and 1, not {cluster_noise}"
        )
    if variant.clusters in ("utterance", "") and cluster_noise > 0:
        raise EmoclustError(
            "cluster_noise changes nothing where every utterance is its own "
            f"cluster, or none is made: set it to 0, not {cluster_noise}"
        )
    if not variant.clusters:
        return pool.assign(cluster=0, utterance_id=pool["ID"])
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
        numbers = pool.sort_values("ID").groupby("spk_id").cumcount()
        return two_views(pool.assign(cluster=numbers))
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


def two_views(pool):
    """Repeat each utterance of a pool, as ID#1 and ID#2 beside each other."""
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
        n_chosen = round(share * len(rows))
        # One has nobody to exchange with; of two, a random order leaves half
        chosen = rows[: 2 if n_chosen == 1 else n_chosen]
        clusters[chosen] = clusters[rng.permutation(chosen)]
    return pool.assign(cluster=clusters)
