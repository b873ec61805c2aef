"""Batches in which every anchor has positives and negatives."""

import collections

import numpy as np
from torch.utils.data import Sampler


class SpeakerClusterBatchSampler(Sampler):
    """Batches of speakers x clusters x utterances.

    A batch holds ``speakers`` speakers, up to ``clusters`` clusters of each
    and up to ``utterances`` utterances of each cluster: never the same
    utterance twice, never a cluster alone (its anchors would have no negative)
    and never an utterance alone (it would have no positive). Clusters of one
    utterance are passed over, and so are speakers that have fewer than two
    clusters left; their numbers are kept in ``unused_speakers`` and
    ``unused_utterances``.

    Speakers are drawn in rounds: all of them once, in a new random order,
    before any comes again. An epoch is a function of the seed and the epoch's
    number alone, so that a run can be resumed inside it and every process can
    make the same plan. On several processes SpeechBrain's
    ``DistributedSamplerWrapper`` deals the batches out.

    Arguments
    ---------
    speaker_ids : sequence
        Speaker of each utterance of the dataset.
    cluster_ids : sequence
        Cluster of each utterance within its speaker.
    speakers, clusters, utterances : int
        Shape of a batch; at least 1, 2 and 2.
    steps : int
        Batches in an epoch.
    seed : int
        Seed of the experiment.

    Raises
    ------
    ValueError
        When the shape cannot hold a positive and a negative, or when no
        speaker has two clusters of two utterances.

    Example
    -------
    >>> sampler = SpeakerClusterBatchSampler(
    ...     speaker_ids=list("aaaabbbbb"),
    ...     cluster_ids=[0, 0, 1, 1, 0, 0, 1, 1, 2],
    ...     speakers=2,
    ...     clusters=2,
    ...     utterances=2,
    ...     steps=3,
    ...     seed=1,
    ... )
    >>> [sorted(batch) for batch in sampler][0]
    [0, 1, 2, 3, 4, 5, 6, 7]
    >>> sampler.unused_utterances
    1
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
    ):
        if speakers < 1 or clusters < 2 or utterances < 2 or steps < 1:
            raise ValueError(
                "a batch needs at least 1 speaker, 2 clusters of each and 2 "
                "utterances of each cluster, and an epoch 1 step; asked for "
                f"{speakers} x {clusters} x {utterances}, {steps} steps"
            )
        self.speaker_ids = list(speaker_ids)
        self.wanted_speakers = speakers
        self.clusters = clusters
        self.utterances = utterances
        self.steps = steps
        self.seed = seed
        self.epoch = 0
        self.set_clusters(cluster_ids)

    def set_clusters(self, cluster_ids):
        """Give the utterances other clusters.

        Arguments
        ---------
        cluster_ids : sequence
            Cluster of each utterance within its speaker.

        Raises
        ------
        ValueError
            When no speaker has two clusters of two utterances.
        """
        members = collections.defaultdict(list)
        for index, key in enumerate(
            zip(self.speaker_ids, cluster_ids, strict=True)
        ):
            members[key].append(index)
        self.clusters_of = collections.defaultdict(list)
        for (speaker, _), indices in sorted(members.items()):
            if len(indices) >= 2:
                self.clusters_of[speaker].append(np.array(indices))
        self.clusters_of = {
            speaker: groups
            for speaker, groups in self.clusters_of.items()
            if len(groups) >= 2
        }
        if not self.clusters_of:
            raise ValueError(
                f"none of the {len(set(self.speaker_ids))} speakers has two "
                "clusters of two utterances: give more utterances per speaker "
                "or fewer clusters (n_clusters)"
            )
        used = sum(len(g) for gs in self.clusters_of.values() for g in gs)
        self.unused_speakers = len(set(self.speaker_ids)) - len(
            self.clusters_of
        )
        self.unused_utterances = len(self.speaker_ids) - used
        self.speakers = min(self.wanted_speakers, len(self.clusters_of))

    def set_epoch(self, epoch):
        """Choose the epoch whose batches come next."""
        self.epoch = epoch

    def __len__(self):
        return self.steps

    def __iter__(self):
        rng = np.random.default_rng([self.seed, self.epoch])
        names = list(self.clusters_of)
        waiting = []
        for _ in range(self.steps):
            batch = []
            for speaker in self._next_speakers(rng, names, waiting):
                groups = self.clusters_of[speaker]
                for group in self._some(rng, len(groups), self.clusters):
                    indices = groups[group]
                    chosen = self._some(rng, len(indices), self.utterances)
                    batch.extend(indices[chosen].tolist())
            yield batch

    def _next_speakers(self, rng, names, waiting):
        """Take the next speakers of the round; none stands in a batch twice."""
        chosen = []
        while len(chosen) < self.speakers:
            if not waiting:
                order = rng.permutation(len(names))
                # Those already in this batch go last in the new round.
                fresh = [names[i] for i in order if names[i] not in chosen]
                again = [names[i] for i in order if names[i] in chosen]
                waiting.extend(fresh + again)
            chosen.append(waiting.pop(0))
        return chosen

    @staticmethod
    def _some(rng, total, wanted):
        """Draw up to ``wanted`` of ``range(total)``, each at most once."""
        return rng.choice(total, size=min(wanted, total), replace=False)
