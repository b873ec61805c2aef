"""The grid of clusterings on planted clusters and at its edges."""

import pandas
import pytest
from emoclust_lobes.analysis.grid import STABILITY, analyze_grid, split_speakers
from emoclust_lobes.clustering.algorithms import cluster_speaker, speaker_seed
from emoclust_lobes.clustering.centering import remove_speaker


def run(table, vectors, algorithms=("kmeans",), ks=(3,), **options):
    options = {
        "n_seeds": 2,
        "n_init": 3,
        "n_permutations": 30,
        "seed": 1,
        "n_jobs": 1,
        **options,
    }
    speakers = {"planted": split_speakers(table, vectors)}
    return analyze_grid(speakers, list(algorithms), list(ks), **options)


def row_of(grid, target, measure="ami"):
    rows = grid.overall
    rows = rows[(rows["target"] == target) & (rows["measure"] == measure)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_planted_emotions_are_found_and_nothing_else(make_table, plant):
    table = make_table()
    grid = run(table, plant(table))
    for measure in ("ami", "ari", "nmi", "homogeneity", "purity"):
        found = row_of(grid, "emotion", measure)
        assert found["value"] == pytest.approx(1)
        assert found["chance_high"] < 0.9
        assert found["speakers"] == 4
    assert row_of(grid, "emotion")["p"] == pytest.approx(1 / 31)
    assert row_of(grid, "sentence")["value"] < 0.05
    assert row_of(grid, STABILITY)["value"] == pytest.approx(1)
    assert row_of(grid, "clusters", "silhouette")["value"] > 0.8


def test_clusters_are_those_of_the_clusters_step(make_table, plant):
    table = make_table()
    vectors = plant(table, noise=2)
    grid = run(table, vectors, ["kmeans", "ward"], [2, 4], seed=7)
    assert set(grid.clusters) == {
        ("planted", algorithm, k)
        for algorithm in ("kmeans", "ward")
        for k in (2, 4)
    }
    for name, rows in table.groupby("spk_id").indices.items():
        expected = cluster_speaker(
            remove_speaker(vectors[rows]), 4, "kmeans", 3, speaker_seed(7, name)
        )
        found = grid.clusters["planted", "kmeans", 4][rows]
        assert found.tolist() == expected.tolist()


def test_workers_do_not_change_the_numbers(make_table, plant):
    table = make_table(n_speakers=3)
    vectors = plant(table, noise=1)
    one, two = (run(table, vectors, ks=[2, 3], n_jobs=n) for n in (1, 2))
    pandas.testing.assert_frame_equal(one.overall, two.overall)
    pandas.testing.assert_frame_equal(one.speakers, two.speakers)


def test_a_copy_of_emotion_is_given_by_emotion_alone(make_table, plant):
    table = make_table()
    table["loudness_quarter"] = table["emotion"]
    grid = run(table, plant(table, noise=1.5))
    given = row_of(grid, "loudness", "ami_given_emotion")
    assert given["value"] == pytest.approx(row_of(grid, "emotion")["value"])
    for name in ("chance", "chance_low", "chance_high"):
        assert given[name] == pytest.approx(given["value"])


def test_what_has_nothing_to_do_with_emotion_is_not_given_by_it(
    make_table, plant
):
    table = make_table(n_takes=6)
    grid = run(table, plant(table, "sentence"), ks=[2])
    given = row_of(grid, "sentence", "ami_given_emotion")
    assert given["value"] == pytest.approx(1)
    assert row_of(grid, "emotion")["value"] < 0.05
    assert abs(given["chance"]) < 0.1 and given["p"] < 0.05
