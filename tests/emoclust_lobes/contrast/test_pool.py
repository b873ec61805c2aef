"""The pool of stage 1: what is read, and which batches are made of it."""

import collections

import numpy as np
import pandas as pd
import pytest
import torch
from clear_clusters import blobs
from data_prep.errors import EmoclustError
from data_prep.manifests.manifest import Utterance
from emoclust_lobes.contrast.pool import (
    PoolBatches,
    clustered_pool,
    pool_sampler,
)
from emoclust_lobes.contrast.samplers import numbers_of
from emoclust_lobes.embeddings.parts import Embeddings
from emoclust_lobes.synthetic.embeddings import add_embeddings
from emoclust_lobes.training.dataset import ColumnarDataset
from sklearn.metrics import adjusted_rand_score
from torch.utils.data import DataLoader

from speechbrain.dataio.batch import PaddedBatch
from speechbrain.utils.data_pipeline import provides, takes

SESSIONS = ["morning", "", "noon", "morning"]


@pytest.fixture
def corpus(tmp_path, write_pool):
    """Sources and clusters of 48 utterances, and their true clusters.

    Three speakers; the vectors of each lie in four clear clusters around a
    place of the speaker's own.
    """
    vectors, truth = blobs(n_clusters=4, per_cluster=12)
    rows = range(48)
    utterances = [
        Utterance(
            ID=f"u{n:02d}",
            duration=1.0,
            wav=f"{n}.wav",
            spk_id="cab"[n % 3],
            session=SESSIONS[n % 4],
            sentence=f"text {n % 5}",
            emotion=["ang", "sad", ""][n % 3],
        )
        for n in rows
    ]
    places = 3 * np.random.default_rng(1).normal(size=(3, vectors.shape[1]))
    ids = np.array([each.ID for each in utterances])
    embeddings = Embeddings(
        {"name": "stats"},
        ids,
        np.zeros((48, 4), dtype=np.int64),
        (vectors + places[np.arange(48) % 3]).astype(np.float32),
    )
    add_embeddings(tmp_path / "embeddings", embeddings)
    clusters = pd.DataFrame({"ID": ids, "cluster": truth})
    clusters["spk_id"] = [each.spk_id for each in utterances]
    clusters["distance"] = clusters["margin"] = 0.1
    (tmp_path / "clusters").mkdir()
    path = tmp_path / "clusters/clusters.csv"
    clusters.to_csv(path, index=False)

    def read(pretraining="contrastive", **changes):
        options = {
            "n_clusters": 4,
            "n_init": 3,
            "without_sentences": False,
            "cluster_noise": 0.0,
            "elsewhere": "any",
            "seed": 1,
            **changes,
        }
        return clustered_pool(
            sources=options.pop("sources", one),
            cluster_folder=tmp_path / "clusters",
            embedding_folder=tmp_path / "embeddings",
            encoder="stats",
            pretraining=pretraining,
            **options,
        )

    one = write_pool(utterances)
    halves = {"east": utterances[:24], "west": utterances[24:]}
    two = [write_pool(half, name)[0] for name, half in halves.items()]
    return read, truth, two


def test_the_pool_has_what_the_contrast_compares(corpus):
    read, truth, _ = corpus
    pool = read()
    assert pool["ID"].tolist() == [f"u{n:02d}" for n in range(48)]
    assert pool["utterance_id"].equals(pool["ID"])
    assert pool["cluster"].tolist() == truth.tolist()
    assert pool["spk_id"].tolist() == list("cab") * 16
    assert pool["speaker"].tolist() == [2, 0, 1] * 16
    assert (pool["context"] == -1).all()


def test_contexts_number_what_positives_come_from(corpus):
    read, *_ = corpus
    pool = read(elsewhere="session")
    assert pool["context"].tolist() == [1, -1, 2, 1] * 12
    pool = read(elsewhere="sentence")
    assert pool["context"].tolist() == [n % 5 for n in range(48)]


def test_sentences_of_two_corpora_are_not_the_same(corpus):
    """Though both call theirs alike."""
    read, _, two = corpus
    context = read("aligned", elsewhere="sentence", sources=two)["context"]
    own = [n % 5 for n in range(24)]
    assert context[:24].tolist() == own
    assert not set(context[:24]) & set(context[24:])


def test_aligned_clusters_mean_the_same_for_every_speaker(corpus):
    read, truth, _ = corpus
    pool = read("aligned")
    assert adjusted_rand_score(truth, pool["cluster"]) == 1.0


@pytest.mark.parametrize(
    "pretraining, rows", [("simclr", 96), ("oracle", 32), ("shuffled", 48)]
)
def test_variants_change_the_rows_or_the_clusters(corpus, pretraining, rows):
    read, truth, _ = corpus
    pool = read(pretraining)
    assert len(pool) == rows and pool["ID"].is_unique
    assert pool["speaker"].equals(pd.Series(numbers_of(pool["spk_id"])))
    if pretraining == "shuffled":
        assert pool["cluster"].tolist() != truth.tolist()
        assert sorted(pool["cluster"]) == sorted(truth)


def test_noise_depends_on_the_seed(corpus):
    read, *_ = corpus
    pools = [read(cluster_noise=0.5, seed=seed) for seed in (1, 1, 2)]
    one, again, other = (pool["cluster"].tolist() for pool in pools)
    assert one == again != other


@pytest.mark.parametrize("pretraining", ["contrastive", "aligned", "simclr"])
def test_batches_have_the_shape_that_is_asked_for(corpus, pretraining):
    read, *_ = corpus
    pool = read(pretraining)
    sampler = pool_sampler(pool, pretraining, (2, 2, 3), steps=6, seed=1)
    sizes = collections.Counter(zip(pool["spk_id"], pool["cluster"]))
    batches = list(sampler)
    assert len(batches) == 6
    for batch in batches:
        rows = pool.iloc[batch]
        groups = collections.Counter(
            zip(rows["spk_id"], rows["cluster"], strict=True)
        )
        assert rows["spk_id"].nunique() == 2
        if pretraining == "simclr":  # three utterances twice, of each speaker
            assert list(groups.values()) == [2] * 6
            assert rows["utterance_id"].nunique() == 6
        else:
            assert len(groups) == 4
            for key, size in groups.items():
                assert size == min(3, sizes[key])


def test_two_views_meet_others_however_small_the_batch(corpus):
    read, *_ = corpus
    sampler = pool_sampler(read("simclr"), "simclr", (1, 2, 2), steps=1, seed=1)
    assert (sampler.clusters, sampler.utterances) == (2, 2)


class Counted:
    """Utterances of their own lengths, whose draws depend on the epoch."""

    epoch = 0

    def dataset(self, pool):
        @takes("utterance_id", "id")
        @provides("sig")
        def read(utterance_id, row_id):
            length = 3 + int(utterance_id[1:]) % 4
            return torch.arange(float(length)) + self.epoch

        return ColumnarDataset(
            pool, [read], ["id", "sig", "speaker", "cluster"]
        )


def assert_same(one, other):
    """Compare two batches."""
    assert one.id == other.id
    for name in ("speaker", "cluster"):
        assert torch.equal(getattr(one, name), getattr(other, name))
    for ours, theirs in zip(one.sig, other.sig, strict=True):
        assert torch.equal(ours, theirs)


def test_the_batch_of_a_step_is_that_of_a_loader(corpus):
    read, *_ = corpus
    pool, utterances = read(), Counted()
    dataset = utterances.dataset(pool)

    def sampler():
        return pool_sampler(pool, "contrastive", (2, 2, 2), steps=5, seed=1)

    batches, other = PoolBatches(dataset, sampler()), sampler()
    seen = set()
    for epoch in (1, 2):
        utterances.epoch = epoch
        batches.set_epoch(epoch)
        other.set_epoch(epoch)
        loader = DataLoader(
            dataset, batch_sampler=other, collate_fn=PaddedBatch
        )
        for step, expected in enumerate(loader):
            assert_same(batches.at(step), expected)
            assert_same(batches.at(step + 5), expected)  # they come round
            seen.add(tuple(expected.id))
    assert len(seen) == 10


def test_channel_views_are_of_one_cluster_and_come_together(corpus):
    read, *_ = corpus
    plain, views = read("contrastive"), read("contrastive", channel_views=True)
    assert views["ID"].tolist() == [
        f"{name}#{view}" for name in plain["ID"] for view in (1, 2)
    ]
    assert (views["cluster"][::2].to_numpy() == plain["cluster"]).all()
    sampler = pool_sampler(
        views, "contrastive", (2, 2, 4), steps=9, seed=1, channel_views=True
    )
    for batch in sampler:
        rows = views.iloc[batch]
        assert (rows["utterance_id"].value_counts() == 2).all()
        assert (rows.groupby(["spk_id", "cluster"]).size() <= 4).all()
        assert rows["utterance_id"].nunique() > 4


@pytest.mark.parametrize(
    "pretraining, elsewhere", [("simclr", "any"), ("contrastive", "session")]
)
def test_channel_views_contradict(corpus, pretraining, elsewhere):
    read, *_ = corpus
    with pytest.raises(EmoclustError, match="leave one of them out"):
        read(pretraining, elsewhere=elsewhere, channel_views=True)
