"""Who speaks and what is said, taken out: against slow loops, and in use."""

import json

import numpy as np
import pandas as pd
import pytest
from clear_clusters import blobs
from data_prep.errors import ManifestError
from data_prep.manifests.manifest import Source, Utterance, read_manifests
from emoclust_lobes.clustering.algorithms import cluster_speaker
from emoclust_lobes.clustering.centering import (
    remove_sentences,
    remove_speaker,
    scale_columns,
    sentences_of,
)
from emoclust_lobes.clustering.clusters import cluster_utterances, read_clusters
from hypothesis import (
    given,
    strategies as st,
)
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

sizes = st.tuples(st.integers(2, 25), st.integers(2, 6))


@given(sizes, st.integers(0, 2**32 - 1))
def test_removing_a_speaker_is_a_mean_less_and_a_length_of_one(shape, seed):
    vectors = np.random.default_rng(seed).normal(size=shape).astype("float32")
    mean = sum(vectors.astype(float)) / len(vectors)
    expected = [(x - mean) / sum((x - mean) ** 2) ** 0.5 for x in vectors]
    np.testing.assert_allclose(remove_speaker(vectors), expected, atol=1e-6)


spoken = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["", "x", "y"])),
    min_size=1,
    max_size=12,
)


@given(spoken, st.integers(0, 2**32 - 1))
def test_removing_sentences_is_the_other_speakers_mean_less(spoken, seed):
    vectors = np.random.default_rng(seed).normal(size=(len(spoken), 3))
    speakers, sentences = map(list, zip(*spoken, strict=True))
    centered = [None] * len(spoken)
    for speaker in set(speakers):
        own = [n for n, name in enumerate(speakers) if name == speaker]
        for n, vector in zip(own, remove_speaker(vectors[own]), strict=True):
            centered[n] = vector
    expected = []
    for vector, (speaker, sentence) in zip(centered, spoken, strict=True):
        others = [
            centered[n]
            for n, (who, what) in enumerate(spoken)
            if who != speaker and what == sentence != ""
        ]
        mean = sum(others) / len(others) if others else 0
        expected.append(vector - mean)
    found = remove_sentences(vectors, speakers, sentences)
    np.testing.assert_allclose(found, expected, atol=1e-12)


def say(name, sentence):
    return Utterance(
        ID=name, duration=1.0, wav="a.wav", spk_id="s", sentence=sentence
    )


def test_sentences_of_two_manifests_are_not_the_same(write_pool):
    """One that stands in both belongs to the first."""
    sources = [
        *write_pool([say("b", "s1"), say("c", "")], "one"),
        *write_pool([say("a", "s1"), say("b", "s1")], "two"),
    ]
    table = read_manifests(sources, numbered=True)
    table = table.sort_values("ID", ignore_index=True)
    assert sentences_of(table).tolist() == ["1 s1", "0 s1", ""]


def test_sentences_that_are_not_known_cannot_be_removed(write_pool):
    sources = write_pool([say("a", "")])
    with pytest.raises(ManifestError, match="know of none: set it to False"):
        sentences_of(read_manifests(sources, numbered=True))


@pytest.fixture
def wordy(embed_speakers):
    """Arguments for speakers whose sentences are further apart than emotions.

    And the true clusters of each.
    """
    rng = np.random.default_rng(4)
    sentence = 10 * np.array([[1.0, 0, 0, 0, 0, 0], [-1, 0, 0, 0, 0, 0]])
    speakers = {}
    for name in ("anna", "bert", "cleo"):
        truth = np.repeat([0, 1, 2], 8)
        points = 3 * np.eye(6)[truth + 1] + 0.1 * rng.normal(size=(24, 6))
        points += sentence[
            np.arange(24) % 2
        ]  # as `embed_speakers` numbers them
        speakers[name] = points, truth
    return embed_speakers(speakers), truth


@pytest.mark.parametrize("removed", [False, True])
def test_clusters_follow_the_sentence_until_it_is_removed(
    wordy, tmp_path, removed
):
    arguments, truth = wordy
    cluster_utterances(
        **arguments,
        cluster_folder=tmp_path / "out",
        n_clusters=3,
        without_sentences=removed,
    )
    table = read_clusters(tmp_path / "out")
    for _, own in table.groupby("spk_id"):
        score = adjusted_rand_score(truth, own["cluster"])
        assert score == 1 if removed else score < 0.6
    report = json.loads((tmp_path / "out/clusters.json").read_text())
    assert report["without_sentences"] is removed


def test_what_others_say_elsewhere_moves_no_cluster(embed_speakers, tmp_path):
    """Neither does what test speakers say, whose manifest is another."""
    pool = {
        "anna": blobs(4, 6, noise=2.0, seed=1),
        "bert": blobs(3, 8, noise=2.0, seed=2),
    }
    test = {name: blobs(4, 6, seed=seed) for seed, name in enumerate("cd")}
    found = []
    for held_out in (pool, {"cleo": blobs(2, 9, seed=5)}, test):
        # Embeddings are added to those there are; manifests stay apart
        more = embed_speakers(held_out, name=f"held_out_{len(found)}")
        both = embed_speakers(pool, name="train")
        both["sources"] = [*both["sources"], *more["sources"]]
        folder = tmp_path / str(len(found))
        cluster_utterances(
            **both,
            cluster_folder=folder,
            n_clusters=4,
            without_sentences=True,
        )
        table = read_clusters(folder)
        found.append(table[table["spk_id"].isin(list(pool))].values.tolist())
    assert found[0] == found[1] == found[2]


def units(n_speakers=4, seed=0):
    """Utterances of a pool and a test of as many speakers, in mixed units."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "ID": [f"u{n}" for n in range(20 * n_speakers)],
            "spk_id": [f"s{n // 20}" for n in range(20 * n_speakers)],
            "manifest": [
                n // (10 * n_speakers) for n in range(20 * n_speakers)
            ],
        }
    )
    vectors = rng.normal(size=(len(table), 3)) * [1, 1000, 0]
    vectors += 50 * rng.normal(size=(n_speakers, 3)).repeat(20, axis=0)
    return vectors, table, [Source("m/pool.csv", ""), Source("m/test.csv", "")]


def test_columns_with_units_are_those_of_the_training_speakers():
    vectors, table, sources = units()
    found = scale_columns(vectors, table, sources, "egemaps")
    learned = (table["manifest"] == 0).to_numpy()
    centered = vectors[learned].copy()
    for name in set(table["spk_id"][learned]):
        rows = (table["spk_id"][learned] == name).to_numpy()
        centered[rows] -= centered[rows].mean(axis=0)
    expected = vectors[:, :2] / np.sqrt(np.square(centered[:, :2]).mean(axis=0))
    np.testing.assert_allclose(found[:, :2], expected)
    assert np.isfinite(found).all()  # a column that says nothing
    # Those who are tested have no say
    vectors[~learned] *= 7
    again = scale_columns(vectors, table, sources, "egemaps")
    np.testing.assert_allclose(again[learned], found[learned])
    # Clusters do not follow the units that a column happens to have
    inches = scale_columns(vectors * [2.54, 1, 1], table, sources, "egemaps")
    np.testing.assert_allclose(inches, again)
    assert scale_columns(vectors, table, sources, "campplus") is vectors


def test_units_of_test_speakers_alone_are_refused():
    vectors, table, sources = units()
    with pytest.raises(ValueError, match="give a pool"):
        scale_columns(vectors, table, sources[1:] * 2, "egemaps")


def test_egemaps_of_real_speech_follows_emotions(emoclust_data):
    """Ten actors of EMO-DB: AMI with emotion .31 as it is, .54 in units."""
    opensmile = pytest.importorskip("opensmile")
    smile = opensmile.Smile(
        opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals
    )
    paths = sorted((emoclust_data / "emodb").rglob("*.flac"))
    paths = [x for x in paths if x.stem[:2] in ("03", "08", "09")]
    speakers = np.array([x.stem[:2] for x in paths])
    emotions = np.array([x.stem[5] for x in paths])
    vectors = np.concatenate([smile.process_file(x).to_numpy() for x in paths])
    table = pd.DataFrame({"spk_id": speakers, "manifest": 0})
    scaled = scale_columns(vectors, table, [Source("pool.csv", "")], "egemaps")

    def ami(points):
        return np.mean(
            [
                adjusted_mutual_info_score(
                    emotions[speakers == name],
                    cluster_speaker(
                        remove_speaker(points[speakers == name]),
                        7,
                        "kmeans",
                        10,
                        seed=1,
                    ),
                )
                for name in sorted(set(speakers))
            ]
        )

    assert ami(scaled) > ami(vectors) + 0.1
