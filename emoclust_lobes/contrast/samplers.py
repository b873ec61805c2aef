"""Batches in which every anchor has positives and negatives."""

import itertools

import numpy as np
import pandas
from torch.utils.data import BatchSampler, Sampler

from speechbrain.dataio.sampler import ReproducibleRandomSampler


class SpeakerClusterBatchSampler(Sampler):
    """Batches of speakers x clusters x utterances, ``steps`` of them an epoch.

    A batch holds ``speakers`` speakers, up to ``clusters`` clusters of each
    and up to ``utterances`` utterances of each cluster: never the same
    utterance twice, never a cluster alone (its anchors would have no negative)
    and never an utterance alone (it would have no positive). What cannot be
    used is counted in ``unused_speakers`` and ``unused_utterances``. With
    ``in_pairs`` utterances 2i and 2i + 1, two views of one, come together.

    Speakers are drawn in rounds: all of them once, in a new random order,
    before any comes again. An epoch is a function of the seed and the epoch's
    number alone, so that a run can be resumed inside it and every process can
    make the same plan, of which it takes its share.
    """

    def __init__(
        self,
        speaker_ids,
        cluster_ids,
        speakers,
        clusters,
        utterances,
        steps,
        seed,
        in_pairs=False,
    ):
        if speakers < 1 or clusters < 2 or utterances < 2 or steps < 1:
            raise ValueError(
                "a batch needs at least 1 speaker, 2 clusters of each and 2 "
                "utterances of each cluster, and an epoch 1 step; asked for "
                f"{speakers} x {clusters} x {utterances}, {steps} steps"
            )
        self.clusters = clusters
        self.in_pairs = in_pairs
        step = 2 if in_pairs else 1
        self.utterances = -(-utterances // step)
        self.steps = steps
        self.seed = seed
        self.epoch = 0
        self._index(
            numbers_of(speaker_ids)[::step], numbers_of(cluster_ids)[::step]
        )
        self.speakers = min(speakers, len(self.n_clusters))

    def _index(self, speakers, clusters):
        """Find out where clusters of two utterances or more lie."""
        if len(clusters) != len(speakers):
            raise ValueError(
                f"found {len(clusters)} clusters of {len(speakers)} "
                "utterances: give each utterance its cluster"
            )
        order = np.lexsort((clusters, speakers))
        speakers, clusters = speakers[order], clusters[order]
        changes = (np.diff(speakers) != 0) | (np.diff(clusters) != 0)
        first = np.flatnonzero(np.concatenate([[True], changes]))
        sizes = np.diff(first, append=len(order))
        usable = sizes >= (1 if self.in_pairs else 2)
        first, sizes = first[usable], sizes[usable]
        per_speaker = np.bincount(speakers[first])
        usable = per_speaker[speakers[first]] >= 2
        n_speakers = len(np.unique(speakers))
        if not usable.any():
            raise ValueError(
                f"none of the {n_speakers} speakers has two "
                "clusters of two utterances: give more utterances per speaker "
                "or fewer clusters (n_clusters)"
            )
        # Utterances in the order of clusters; where each cluster begins and
        # how many it has; where the clusters of each speaker begin, and how
        # many these are.
        self.order = order
        self.first, self.sizes = first[usable], sizes[usable]
        self.n_clusters = per_speaker[per_speaker >= 2]
        self.first_cluster = np.cumsum(self.n_clusters) - self.n_clusters
        self.unused_speakers = n_speakers - len(self.n_clusters)
        self.unused_utterances = len(order) - int(self.sizes.sum())

    def set_epoch(self, epoch):
        """Choose the epoch whose batches come next."""
        self.epoch = epoch

    def __len__(self):
        return self.steps

    def __iter__(self):
        speakers = self._speakers()
        for _ in range(self.steps):
            batch = itertools.islice(speakers, self.speakers)
            yield list(itertools.chain.from_iterable(batch))

    def _speakers(self):
        """Utterances of one speaker after the other, in rounds, for ever."""
        rng = np.random.default_rng([self.seed, self.epoch])
        total = len(self.n_clusters)
        order = np.arange(total)
        for done in itertools.count(step=total):
            begun = order[total - done % self.speakers :]
            order = rng.permutation(total)
            # Those already in this batch go last in the new round.
            again = np.isin(order, begun)
            order = np.concatenate([order[~again], order[again]])
            yield from self._utterances(rng, order)

    def _utterances(self, rng, speakers):
        """Draw clusters of these speakers, and utterances of the clusters."""
        clusters = _draw(rng, self.n_clusters[speakers], self.clusters)
        missing = clusters < 0
        clusters += self.first_cluster[speakers, None]
        sizes = np.where(missing, 0, self.sizes[clusters])
        places = _draw(rng, sizes.ravel(), self.utterances)
        drawn = (places >= 0).reshape(len(speakers), -1)
        places += self.first[clusters].reshape(-1, 1)
        rows = self.order[places].reshape(drawn.shape)
        for utterances, mask in zip(rows, drawn):
            drawn_here = utterances[mask]
            if self.in_pairs:
                drawn_here = np.stack([2 * drawn_here, 2 * drawn_here + 1], 1)
            yield drawn_here.ravel().tolist()


class UtteranceBatchSampler(BatchSampler):
    """Batches of utterances: each comes once before any comes again."""

    def __init__(self, n_utterances, size, steps, seed):
        size = min(size, n_utterances)
        self.utterances = ReproducibleRandomSampler(
            range(n_utterances), seed=seed, num_samples=size * steps
        )
        super().__init__(self.utterances, size, drop_last=False)

    def set_epoch(self, epoch):
        """Choose the epoch whose batches come next."""
        self.utterances.set_epoch(epoch)


def numbers_of(names):
    """Number names, shape [n], from 0 in sorted order.

    Names are integers, or text without a zero character, at which pandas 2 ends
    it.
    """
    # Sorts the different names only, where numpy would sort all.
    return pandas.factorize(np.asarray(names, dtype=object), sort=True)[0]


def _draw(rng, totals, wanted):
    """Draw up to ``wanted`` of each ``range(total)``, each number at most once.

    [totals, wanted], -1 first where a total is smaller: Floyd's algorithm for
    all at once (Bentley and Floyd, CACM 30, 1987).
    """
    drawn = np.empty((len(totals), wanted), dtype=int)
    for column in range(wanted):
        last = totals - wanted + column
        fresh = rng.integers(np.maximum(last, 0), endpoint=True)
        again = (drawn[:, :column] == fresh[:, None]).any(axis=1)
        drawn[:, column] = np.where(again, last, fresh)
        drawn[last < 0, column] = -1
    return drawn
