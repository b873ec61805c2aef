"""The batches of one epoch, from the labels to the last batch.

The pool has VoxCeleb2's shape: 1,092,009 utterances of 5,994 speakers.
"""

import numpy as np
from emoclust_lobes.contrast.samplers import SpeakerClusterBatchSampler
from pytorch_metric_learning.samplers import MPerClassSampler

from benchmarks.part import Part

VOXCELEB2 = 1_092_009
UTTERANCES_PER_SPEAKER = 182
N_CLUSTERS = 4
SPEAKERS, CLUSTERS, UTTERANCES = 16, 2, 2  # of a batch
BATCH = SPEAKERS * CLUSTERS * UTTERANCES


def _pool(size):
    """Speaker and cluster of each utterance."""
    speakers = np.arange(size) // UTTERANCES_PER_SPEAKER
    clusters = np.random.default_rng(0).integers(N_CLUSTERS, size=size)
    return speakers, clusters


def ours(size):
    """Our sampler; enough batches to hear each utterance once."""
    speakers, clusters = _pool(size)
    speakers = [f"id{speaker:05d}" for speaker in speakers]
    clusters = clusters.tolist()

    def run():
        sampler = SpeakerClusterBatchSampler(
            speaker_ids=speakers,
            cluster_ids=clusters,
            speakers=SPEAKERS,
            clusters=CLUSTERS,
            utterances=UTTERANCES,
            steps=size // BATCH,
            seed=0,
        )
        for _ in sampler:
            pass

    return run


def metric_learning(size):
    """pytorch-metric-learning's, with each cluster as a class."""
    speakers, clusters = _pool(size)
    labels = (speakers * N_CLUSTERS + clusters).tolist()

    def run():
        sampler = MPerClassSampler(
            labels,
            m=UTTERANCES,
            batch_size=BATCH,
            length_before_new_iter=size // BATCH * BATCH,
        )
        for _ in sampler:
            pass

    return run


PART = Part(
    name="batches of one epoch",
    unit="utterances",
    sizes=(VOXCELEB2 // 16, VOXCELEB2 // 4, VOXCELEB2),
    growth=(VOXCELEB2 // 16, VOXCELEB2 // 4, VOXCELEB2),
    sides={"ours": ours, "MPerClassSampler": metric_learning},
    aim="under 2 s and 300 MB for VoxCeleb2",
    repeats=3,
)
