"""Clusters made anew: as those before stage 1, and kept for a resumed run."""

import functools
import types

import numpy as np
import pytest
import torch
from clear_clusters import blobs
from data_prep.manifests.manifest import Utterance
from emoclust_lobes.clustering.clusters import cluster_utterances, read_clusters
from emoclust_lobes.contrast.memory import EmbeddingMemory
from emoclust_lobes.contrast.reclustering import (
    PoolClusters,
    Reclustering,
    cluster_again,
)
from emoclust_lobes.contrast.samplers import SpeakerClusterBatchSampler
from emoclust_lobes.embeddings.parts import Embeddings
from emoclust_lobes.encoders.front_ends import NoNormalization
from emoclust_lobes.synthetic.embeddings import add_embeddings
from emoclust_lobes.training.brain import EncoderBrain
from sklearn.metrics import adjusted_rand_score
from torch.utils.data import DataLoader

from speechbrain.dataio.batch import PaddedBatch
from speechbrain.dataio.dataset import DynamicItemDataset
from speechbrain.utils.checkpoints import Checkpointer

SPEAKERS = list("ab") * 24


@pytest.mark.parametrize("algorithm", ["kmeans", "spherical", "ward"])
@pytest.mark.parametrize("n_clusters", [3, "silhouette"])
def test_the_same_vectors_give_the_clusters_of_before(
    tmp_path, write_pool, algorithm, n_clusters
):
    """Where they are as unclear as real ones; one speaker is short."""
    vectors = np.random.default_rng(0).normal(size=(33, 6)).astype(np.float32)
    speakers = np.array(["a"] * 15 + ["b"] * 15 + ["c"] * 3)
    ids = np.array([f"{s}{n:02d}" for n, s in enumerate(speakers)])
    sources = write_pool(
        [
            Utterance(ID=i, duration=1.0, wav=f"{i}.wav", spk_id=s)
            for i, s in zip(ids, speakers, strict=True)
        ]
    )
    signatures = np.zeros((33, 4), dtype=np.int64)
    embeddings = Embeddings({"name": "stats"}, ids, signatures, vectors)
    add_embeddings(tmp_path, embeddings)
    options = {
        "n_clusters": n_clusters,
        "algorithm": algorithm,
        "n_init": 3,
        "seed": 7,
    }
    folder = tmp_path / "clusters"
    cluster_utterances(sources, tmp_path, "stats", folder, **options)
    before = read_clusters(folder)
    assert before["ID"].tolist() == ids.tolist()
    again = cluster_again(vectors, speakers, **options)
    assert again.tolist() == before["cluster"].tolist()
    # Speakers may lie among each other.
    mixed = np.random.default_rng(1).permutation(33)
    apart = mixed[np.argsort(speakers[mixed], kind="stable")]
    one, other = (
        dict(zip(rows, cluster_again(vectors[rows], speakers[rows], **options)))
        for rows in (mixed, apart)
    )
    assert one == other


def pool_parts(clusters, folder=None):
    """A dataset, its sampler and their clusters, in a Checkpointer if any."""
    dataset = DynamicItemDataset(
        {
            f"u{n:02d}": {"spk_id": speaker, "cluster": int(cluster)}
            for n, (speaker, cluster) in enumerate(
                zip(SPEAKERS, clusters, strict=True)
            )
        },
        output_keys=["id", "spk_id", "cluster"],
    )
    sampler = SpeakerClusterBatchSampler(
        SPEAKERS,
        clusters,
        speakers=2,
        clusters=2,
        utterances=3,
        steps=2,
        seed=1,
    )
    parts = PoolClusters(dataset, sampler)
    if folder is not None:
        return parts, Checkpointer(folder, {"pool_clusters": parts})
    return parts


def plan(parts, epoch=2):
    """What a training would hear: IDs and clusters of every batch."""
    parts.sampler.set_epoch(epoch)
    return [
        [tuple(parts.dataset[i].values()) for i in batch]
        for batch in parts.sampler
    ]


OLD = [n // 2 % 3 for n in range(48)]
NEW = [n // 2 % 4 for n in range(48)]


def test_dataset_and_sampler_change_together():
    parts = pool_parts(OLD)
    before = plan(parts)
    parts.set(np.array(NEW))
    assert plan(parts) == plan(pool_parts(NEW)) != before
    for batch in plan(parts):
        sizes = {}
        for _, speaker, cluster in batch:
            sizes[speaker, cluster] = sizes.get((speaker, cluster), 0) + 1
        assert list(sizes.values()) == [3] * 4


def test_a_cluster_for_every_utterance_or_an_error():
    with pytest.raises(ValueError, match="shorter"):
        pool_parts(OLD).set(NEW[:-1])


def test_a_resumed_run_has_the_clusters_it_had(tmp_path):
    parts, checkpointer = pool_parts(OLD, tmp_path)
    parts.set(np.array(NEW))
    checkpointer.save_checkpoint()
    resumed, checkpointer = pool_parts(OLD, tmp_path)
    assert plan(resumed) != plan(parts)
    checkpointer.recover_if_possible()
    assert plan(resumed) == plan(parts)


class MeanOverTime(torch.nn.Module):
    """The mean of an utterance's own frames, through BatchNorm and dropout."""

    def __init__(self):
        super().__init__()
        self.norm = torch.nn.BatchNorm1d(12)
        self.dropout = torch.nn.Dropout(0.5)
        self.linear = torch.nn.Linear(12, 12)

    def forward(self, features, lens):
        frames = (lens * features.shape[1]).round().long()
        means = torch.stack(
            [x[:n].mean(dim=0) for x, n in zip(features, frames, strict=True)]
        )
        return self.linear(self.dropout(self.norm(means))).unsqueeze(1)


@pytest.fixture
def reclustering():
    """A reclustering of utterances in clear clusters, and their clusters.

    They are given as a front end's cached features. In training mode BatchNorm
    and dropout would get in the way, and so would the augmentation.
    """
    vectors, truth = blobs(n_clusters=4, per_cluster=12)
    offsets = {"a": 0.0, "b": 10.0}
    features = [
        torch.tensor(vector, dtype=torch.float32) + offsets[speaker]
        for vector, speaker in zip(vectors, SPEAKERS, strict=True)
    ]
    parts = pool_parts(OLD)
    whole = DynamicItemDataset(
        {
            f"u{n:02d}": {"spk_id": s, "sig": x.expand(2 + n % 3, -1)}
            for n, (s, x) in enumerate(zip(SPEAKERS, features, strict=True))
        },
        output_keys=["id", "sig", "spk_id"],
    )
    memory = EmbeddingMemory(size=4)
    memory.add(torch.eye(2), torch.arange(2), torch.arange(2))
    torch.manual_seed(0)
    brain = EncoderBrain(
        {
            "compute_features": torch.nn.Identity(),
            "mean_var_norm": NoNormalization(),
            "embedding_model": MeanOverTime(),
        },
        hparams={"memory": memory, "augment": lambda features: features * 0},
        run_opts={"device": "cpu"},
    )
    brain.modules.train()
    return Reclustering(
        brain=brain,
        loader=DataLoader(whole, batch_size=5, collate_fn=PaddedBatch),
        clusters=parts,
        cluster=functools.partial(
            cluster_again, n_clusters=4, algorithm="kmeans", n_init=5, seed=1
        ),
    ), truth


def test_the_clusters_are_those_that_the_encoder_hears(reclustering):
    recluster, truth = reclustering
    brain, parts = recluster.brain, recluster.clusters
    before = {k: v.clone() for k, v in brain.modules.state_dict().items()}
    recluster()
    found = [parts.dataset.data[x]["cluster"] for x in parts.dataset.data_ids]
    for speaker in "ab":
        own = [n for n, each in enumerate(SPEAKERS) if each == speaker]
        score = adjusted_rand_score(truth[own], np.array(found)[own])
        assert score == 1.0
    assert plan(parts) == plan(pool_parts(found))
    # Training goes on as if nothing had happened, but for the memory, whose
    # clusters are of the past.
    assert len(brain.hparams.memory) == 0
    assert all(module.training for module in brain.modules.modules())
    for name, value in brain.modules.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert all(p.grad is None for p in brain.modules.parameters())


def test_vectors_and_speakers_are_handed_over_in_the_pools_order(reclustering):
    recluster, _ = reclustering
    seen = types.SimpleNamespace()

    def cluster(vectors, speakers):
        seen.vectors, seen.speakers = vectors, speakers
        return NEW

    recluster.cluster = cluster
    recluster()
    assert seen.speakers == SPEAKERS
    brain = recluster.brain
    brain.modules.eval()
    for batch, rows in zip(recluster.loader, range(0, 48, 5), strict=True):
        expected = brain.modules.embedding_model(*batch.sig).squeeze(1)
        found = torch.from_numpy(seen.vectors[rows : rows + 5])
        torch.testing.assert_close(found, expected.detach())
    assert plan(recluster.clusters) == plan(pool_parts(NEW))
