"""Clusters are read as they were made, or not at all."""

import pandas
import pytest
from clear_clusters import blobs
from emoclust_lobes.clustering.clusters import (
    ClusterError,
    cluster_utterances,
    read_clusters,
)


def test_clusters_are_read_as_those_that_were_made(
    embed_speakers, tmp_path, monkeypatch
):
    def cluster(n_clusters):
        return cluster_utterances(
            **embed_speakers({"anna": blobs(4, 6)}),
            cluster_folder=tmp_path,
            n_clusters=n_clusters,
        )

    with pytest.raises(ClusterError, match="no clusters at .*clusters.csv"):
        read_clusters(tmp_path)
    made = cluster(4)
    assert cluster(4) == made  # found
    assert read_clusters(tmp_path, made).equals(read_clusters(tmp_path))
    for before, after in ((3, 3), (4, 3), (3, 4)):
        cluster(before)

        def read(*arguments, really=pandas.read_csv, after=after, **options):
            table = really(*arguments, **options)
            monkeypatch.undo()
            cluster(after)
            return table

        monkeypatch.setattr(pandas, "read_csv", read)
        with pytest.raises(ClusterError, match=f"in {tmp_path} meanwhile"):
            read_clusters(tmp_path, made)
        monkeypatch.undo()


def test_damaged_clusters_are_named_with_what_to_do(embed_speakers, tmp_path):
    utterances = embed_speakers({"anna": blobs(4, 6)})
    cluster_utterances(**utterances, cluster_folder=tmp_path, n_clusters=4)
    path = tmp_path / "clusters.csv"
    whole = path.read_bytes()
    first, *rows = whole.splitlines(keepends=True)
    for damaged in (
        b"",
        b"\0\xff\xfe",
        first,
        first + b"".join(rows[:-1]),
        whole.replace(b"cluster", b"custer"),
        whole[: len(whole) // 2],
    ):
        path.write_bytes(damaged)
        with pytest.raises(ClusterError, match="clustered again") as told:
            read_clusters(tmp_path)
        assert str(path) in str(told.value)
