"""A pool in tars is the pool it was as files, down to the last bit."""

import shutil

import numpy as np
import pandas
import pytest
import torch
from emoclust_lobes.embeddings.cache import read_cache
from emoclust_lobes.synthetic import make_pool, make_ravdess, pack_tars
from emoclust_lobes.synthetic.embeddings import cached_ids

from tests.training.recipe_runs import only

SMALL = [
    "--n_clusters=2",
    "--contrastive_epochs=2",
    "--steps_per_epoch=3",
    "--clusters_per_speaker=2",
    "--utterances_per_cluster=2",
]
COMPARED = (
    "clusters/stats/clusters.csv",
    "clusters/stats/clusters.json",
    "contrastive/metrics.json",
    "contrastive/history.csv",
    "contrastive/speakers.txt",
)


@pytest.fixture
def train(tmp_path, run_here):
    """Function that runs stage 1; returns what it leaves."""
    make_ravdess(
        tmp_path / "ravdess", n_speakers=6, n_statements=1, n_repetitions=1
    )

    def leave():
        # The same paths each time: they are in some of the files
        output = tmp_path / "results"
        shutil.rmtree(output, ignore_errors=True)
        pools = f"--pools=[own, {tmp_path / 'pool'}]"
        options = ["ravdess", tmp_path, output, *SMALL, pools]
        run_here("train_contrastive.py", *options)
        folder = only(output, "seed_*")
        cache = read_cache(output / "embeddings", "stats")
        ids = cached_ids(cache)
        pool = pandas.read_csv(folder / "manifest/pools/pool/pool.csv")
        files = {name: (folder / name).read_bytes() for name in COMPARED}
        weights = torch.load(only(folder, "contrastive/embedding_model.ckpt"))
        return pool, ids, cache.select(ids), files, weights

    return leave


def test_stage_1_is_the_same_to_the_bit_from_files_and_from_tars(
    train, tmp_path
):
    folder = tmp_path / "pool"
    make_pool(folder, n_speakers=3, n_sessions=2, n_utterances=3)
    pool, ids, vectors, files, weights = train()

    pack_tars(folder, tmp_path / "tars", n_tars=2)
    shutil.rmtree(folder)
    (tmp_path / "tars").rename(folder)
    packed, packed_ids, packed_vectors, packed_files, packed_weights = train()

    assert len(packed) == 18 and (packed.pop("member").str.len() > 0).all()
    assert set(packed.pop("wav")) == {
        "$data_root/shard-000.tar",
        "$data_root/shard-001.tar",
    }
    pandas.testing.assert_frame_equal(packed, pool.drop(columns="wav"))
    assert packed_ids == ids
    assert np.array_equal(packed_vectors, vectors)
    assert packed_files == files
    assert packed_weights.keys() == weights.keys()
    assert all(torch.equal(packed_weights[x], weights[x]) for x in weights)
