"""Speakers are clustered by several processes as by one."""

import numpy as np
import pytest
from data_prep.manifests.manifest import Source, Utterance, write_manifest
from emoclust_lobes.clustering.clusters import cluster_utterances
from emoclust_lobes.embeddings.parts import Embeddings
from emoclust_lobes.synthetic.embeddings import add_embeddings

from tests.distributed.scenarios import one_of, start

SPEAKERS, UTTERANCES, DIM = 5, 12, 4


def lay_out(folder):
    """A pool with embeddings; the last speaker has one utterance."""
    utterances = [
        Utterance(
            ID=f"{speaker}_{number}",
            duration=1.0,
            wav="none.wav",
            spk_id=f"s{speaker}",
            sentence=str(number % 3),
        )
        for speaker in range(SPEAKERS)
        for number in range(UTTERANCES if speaker < SPEAKERS - 1 else 1)
    ]
    write_manifest(folder / "manifest", {"pool": utterances}, {})
    ids = np.array([x.ID for x in utterances])
    vectors = np.random.default_rng(0).normal(size=(len(ids), DIM))
    add_embeddings(
        folder / "embeddings",
        Embeddings(
            {"name": "stats"},
            ids,
            np.zeros((len(ids), 4), dtype=np.int64),
            vectors.astype(np.float32),
        ),
    )


def cluster(folder, name):
    cluster_utterances(
        [Source(str(folder / "manifest" / "pool.csv"), str(folder))],
        folder / "embeddings",
        "stats",
        folder / name,
        n_clusters=3,
    )
    return [
        (folder / name / f"clusters.{ending}").read_bytes()
        for ending in ("csv", "json")
    ]


def cluster_and_again(number, world, folder):
    """The second time there is nothing to do, for no process."""
    with one_of(number, world, folder):
        first = cluster(folder, "shared")
        written = (folder / "shared" / "clusters.csv").stat().st_mtime_ns
        assert cluster(folder, "shared") == first
        assert (folder / "shared/clusters.csv").stat().st_mtime_ns == written


@pytest.mark.parametrize("world", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_speakers_are_shared(tmp_path, world):
    lay_out(tmp_path)
    start(cluster_and_again, world, tmp_path)
    shared = [
        (tmp_path / "shared" / f"clusters.{ending}").read_bytes()
        for ending in ("csv", "json")
    ]
    assert shared == cluster(tmp_path, "alone")
