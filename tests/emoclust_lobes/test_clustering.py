"""Clusters inside speakers: right, repeatable and independent of order."""

import json

import numpy as np
import pytest
from data_prep.manifest import Utterance
from emoclust_lobes.cluster_algorithms import (
    ALGORITHMS,
    cluster_speaker,
    distances_and_margins,
    remove_speaker,
    unit,
)
from emoclust_lobes.clustering import (
    ClusterError,
    cluster_utterances,
    read_clusters,
    speaker_seed,
)
from emoclust_lobes.embedding_cache import EmbeddingError, Embeddings
from emoclust_lobes.embeddings import embed_utterances
from emoclust_lobes.wheel_encoders import EncoderError
from hypothesis import (
    HealthCheck,
    given,
    settings,
    strategies as st,
)
from sklearn.metrics import adjusted_rand_score, silhouette_score

sizes = st.tuples(st.integers(2, 25), st.integers(2, 6))


def blobs(n_clusters, per_cluster, dim=12, noise=0.1, seed=0):
    """Points around well separated directions, shuffled, with the truth."""
    random = np.random.default_rng(seed)
    centres = np.linalg.qr(random.normal(size=(dim, dim)))[0][:n_clusters]
    truth = random.permutation(np.repeat(np.arange(n_clusters), per_cluster))
    return centres[truth] + noise * random.normal(size=(len(truth), dim)), truth


@pytest.fixture
def corpus(tmp_path, write_pool):
    """Function that lays out speakers with embeddings; returns arguments."""

    def make(speakers, order=None, emotions=True, name="pool"):
        utterances, vectors = [], []
        for speaker, (points, truth) in speakers.items():
            for number, label in enumerate(truth):
                utterances.append(
                    Utterance(
                        ID=f"{speaker}_{number:03d}",
                        duration=1.0,
                        wav="none.wav",
                        spk_id=speaker,
                        gender="F",
                        sentence=str(number % 2),
                        emotion=f"e{label}" if emotions else "",
                    )
                )
            # Who speaks dwarfs how, until the speaker's mean is gone.
            vectors.append(points + 10 * len(vectors))
        rows = np.arange(len(utterances)) if order is None else order
        Embeddings(
            {"name": "stats", "source": "made up", "revision": "1"},
            np.array([utterances[row].ID for row in rows]),
            np.zeros((len(rows), 4), dtype=np.int64),
            np.concatenate(vectors).astype(np.float32)[rows],
        ).save(tmp_path / "embeddings/stats.npz")
        return {
            "sources": write_pool([utterances[row] for row in rows], name),
            "embedding_folder": tmp_path / "embeddings",
            "encoder": "stats",
        }

    return make


@pytest.fixture
def cluster_noisy(corpus, tmp_path):
    """Function that clusters a corpus in some order and returns both files."""
    speakers = {
        "anna": blobs(4, 6, noise=0.4, seed=1),
        "bert": blobs(3, 8, noise=0.4, seed=2),
    }

    def cluster(order):
        folder = tmp_path / "noisy"
        (folder / "clusters.json").unlink(missing_ok=True)  # no skip
        cluster_utterances(
            **corpus(speakers, order), cluster_folder=folder, n_clusters=4
        )
        names = ("clusters.csv", "clusters.json")
        return [(folder / name).read_bytes() for name in names]

    return cluster


SPEAKERS = {"anna": blobs(4, 6, seed=1), "bert": blobs(3, 8, seed=2)}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("n_clusters", [2, 5])
def test_every_algorithm_finds_clear_clusters(algorithm, n_clusters):
    vectors, truth = blobs(n_clusters, 12)
    labels = cluster_speaker(
        remove_speaker(vectors), n_clusters, algorithm, n_init=10, seed=1
    )
    assert adjusted_rand_score(truth, labels) == 1


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_silhouette_finds_the_number_of_clear_clusters(algorithm):
    for n_clusters in (2, 4, 7):
        vectors, truth = blobs(n_clusters, 10)
        labels = cluster_speaker(
            remove_speaker(vectors), "silhouette", algorithm, 10, seed=1
        )
        assert adjusted_rand_score(truth, labels) == 1


def test_silhouette_takes_the_best_of_all_numbers_allowed():
    vectors = remove_speaker(np.random.default_rng(3).normal(size=(13, 4)))
    found = cluster_speaker(vectors, "silhouette", "kmeans", 5, seed=1)
    scores = {
        k: silhouette_score(
            vectors,
            cluster_speaker(vectors, k, "kmeans", 5, 1),
            metric="cosine",
        )
        for k in range(2, 7)  # 13 utterances: at most 6 clusters
    }
    assert found.max() + 1 == max(scores, key=scores.get)


@given(sizes, st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=30)
def test_removing_a_speaker_is_a_mean_less_and_a_length_of_one(shape, seed):
    vectors = np.random.default_rng(seed).normal(size=shape).astype("float32")
    expected = []
    for row in vectors:
        shifted = [
            float(x) - sum(float(v) for v in vectors[:, d]) / len(vectors)
            for d, x in enumerate(row)
        ]
        length = sum(x * x for x in shifted) ** 0.5
        expected.append([x / length for x in shifted])
    np.testing.assert_allclose(remove_speaker(vectors), expected, atol=1e-6)


@pytest.mark.parametrize("directions", [False, True])
@given(sizes, st.integers(1, 4), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_distance_and_margin_match_a_slow_loop(directions, shape, k, seed):
    random = np.random.default_rng(seed)
    vectors = random.normal(size=shape)
    labels = random.integers(0, k, shape[0])
    distances, margins = distances_and_margins(vectors, labels, directions)
    centres = {}
    for label in set(labels.tolist()):
        centre = sum(vectors[labels == label]) / (labels == label).sum()
        if directions:
            centre = centre / np.sqrt((centre**2).sum())
        centres[label] = centre
    for vector, label, distance, margin in zip(
        vectors, labels.tolist(), distances, margins, strict=True
    ):
        far = {
            x: np.sqrt(((vector - c) ** 2).sum()) for x, c in centres.items()
        }
        own = far.pop(label)
        assert distance == pytest.approx(own)
        assert margin == pytest.approx(min(far.values()) - own if far else 0)


@pytest.mark.parametrize("algorithm", ["kmeans", "spherical"])
def test_no_utterance_is_nearer_to_another_centre(algorithm):
    vectors = remove_speaker(np.random.default_rng(5).normal(size=(60, 6)))
    labels = cluster_speaker(vectors, 6, algorithm, n_init=3, seed=1)
    _, margins = distances_and_margins(
        vectors, labels, directions=algorithm == "spherical"
    )
    assert margins.min() > -1e-9


def test_spherical_starts_help_and_repeat():
    vectors = remove_speaker(np.random.default_rng(6).normal(size=(80, 8)))

    def score(n_init):
        labels = ALGORITHMS["spherical"](vectors, 8, n_init, seed=2)
        sums = [vectors[labels == x].sum(axis=0) for x in range(8)]
        return sum(np.linalg.norm(x) for x in sums)

    # The first start is the same, so more starts can only be better.
    assert score(20) > score(1)
    assert score(20) == score(20)


@pytest.mark.parametrize(
    "utterances, clusters", [(1, 1), (2, 1), (3, 1), (4, 2), (9, 4), (40, 5)]
)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_speaker_gets_at_most_half_as_many_clusters_as_utterances(
    algorithm, utterances, clusters
):
    vectors = np.random.default_rng(7).normal(size=(utterances, 6))
    labels = cluster_speaker(
        remove_speaker(vectors), 5, algorithm, n_init=2, seed=1
    )
    assert set(labels) == set(range(clusters))


@given(st.integers(4, 30), st.integers(2, 6), st.integers(0, 1000))
@settings(deadline=None, max_examples=30)
def test_clusters_are_numbered_as_they_first_appear(n, k, seed):
    vectors = remove_speaker(np.random.default_rng(seed).normal(size=(n, 5)))
    labels = cluster_speaker(vectors, k, "kmeans", n_init=1, seed=seed)
    seen = list(dict.fromkeys(labels.tolist()))
    assert seen == list(range(len(seen)))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_identical_utterances_are_no_problem(algorithm):
    vectors = np.repeat([[1.0, 0, 0], [0, 1.0, 0]], 6, axis=0)
    labels = cluster_speaker(remove_speaker(vectors), 4, algorithm, 2, seed=1)
    assert set(labels[:6]).isdisjoint(labels[6:])
    silent = remove_speaker(np.ones((8, 3)))
    assert np.isfinite(silent).all()
    labels = cluster_speaker(silent, 4, algorithm, 2, seed=1)
    assert np.isfinite(distances_and_margins(silent, labels)).all()


def test_the_table_and_the_report_say_the_same(corpus, tmp_path):
    cluster_utterances(
        **corpus(SPEAKERS), cluster_folder=tmp_path / "out", n_clusters=4
    )
    table = read_clusters(tmp_path / "out")
    assert list(table.columns) == "ID spk_id cluster distance margin".split()
    report = json.loads((tmp_path / "out/clusters.json").read_text())
    anna = table[table.spk_id == "anna"]
    assert report["utterances"] == len(table) == 48
    assert report["clusters"] == 8
    assert report["encoder"]["source"] == "made up"
    assert report["speakers"]["anna"]["sizes"] == [6, 6, 6, 6]
    assert report["speakers"]["anna"]["emotion"]["ami"] == 1
    assert report["mean"]["gender_ami"] is None
    assert adjusted_rand_score(SPEAKERS["anna"][1], anna.cluster) == 1
    vectors = remove_speaker(SPEAKERS["anna"][0].astype("float32"))
    distances, margins = distances_and_margins(vectors, anna.cluster)
    np.testing.assert_allclose(anna.distance, distances, atol=1e-5)
    np.testing.assert_allclose(anna.margin, margins, atol=1e-5)


@given(st.permutations(range(48)))
@settings(
    deadline=None,
    max_examples=5,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_order_of_utterances_changes_no_byte(cluster_noisy, order):
    assert cluster_noisy(order) == cluster_noisy(None)


def test_the_number_of_workers_changes_no_byte(corpus, tmp_path):
    speakers = {
        f"s{number:02d}": blobs(3, 5, noise=0.4, seed=number)
        for number in range(60)  # more than one task
    }
    arguments = corpus(speakers)
    for n_jobs in (1, 2):
        cluster_utterances(
            **arguments,
            cluster_folder=tmp_path / str(n_jobs),
            n_clusters=3,
            n_jobs=n_jobs,
        )
    for name in ("clusters.csv", "clusters.json"):
        one, two = ((tmp_path / x / name).read_bytes() for x in "12")
        assert one == two


def test_a_speakers_clusters_do_not_depend_on_who_else_is_there(
    corpus, tmp_path
):
    for name in ("both", "alone"):
        speakers = SPEAKERS if name == "both" else {"anna": SPEAKERS["anna"]}
        cluster_utterances(
            **corpus(speakers), cluster_folder=tmp_path / name, n_clusters=4
        )
    both = read_clusters(tmp_path / "both")
    alone = read_clusters(tmp_path / "alone")
    assert both[both.spk_id == "anna"].equals(alone)


def test_seeds_differ_between_speakers_and_runs():
    seeds = {speaker_seed(s, x) for s in range(20) for x in ("a", "b", "c")}
    assert len(seeds) == 60
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_unchanged_inputs_are_skipped_and_changed_ones_are_not(
    corpus, tmp_path
):
    folder = tmp_path / "out"
    arguments = {
        "cluster_folder": folder,
        "n_clusters": 4,
        "n_init": 2,
        "seed": 1,
    }

    def runs(**changes):
        """Say whether a run with these changes did anything."""
        speakers = changes.pop("speakers", SPEAKERS)
        emotions = changes.pop("emotions", True)
        where = corpus(speakers, emotions=emotions)
        before = (folder / "clusters.json").stat().st_mtime_ns
        cluster_utterances(**where, **{**arguments, **changes})
        changed = (folder / "clusters.json").stat().st_mtime_ns != before
        cluster_utterances(**corpus(SPEAKERS), **arguments)
        return changed

    cluster_utterances(**corpus(SPEAKERS), **arguments)
    assert not runs()
    assert not runs(n_jobs=2)
    assert runs(seed=2)
    assert runs(n_init=3)
    assert runs(n_clusters=3)
    assert runs(algorithm="ward")
    assert runs(emotions=False)
    assert runs(speakers={**SPEAKERS, "anna": blobs(4, 6, seed=9)})
    assert runs(speakers={"anna": SPEAKERS["anna"]})
    (folder / "clusters.csv").unlink()
    assert runs()
    assert (folder / "clusters.csv").exists()


def test_short_speakers_are_counted_and_everything_is_strict_json(
    corpus, tmp_path
):
    short = {
        "one": blobs(1, 1, seed=3),
        "six": blobs(3, 2, seed=4),
        **SPEAKERS,
    }
    folder = tmp_path / "out"
    cluster_utterances(
        **corpus(short, emotions=False), cluster_folder=folder, n_clusters=4
    )

    def refuse(constant):
        raise AssertionError(f"{constant} in clusters.json")

    report = json.loads(
        (folder / "clusters.json").read_text(), parse_constant=refuse
    )
    assert report["short_speakers"] == 2
    assert report["speakers"]["one"]["sizes"] == [1]
    assert report["speakers"]["six"]["clusters"] == 3
    assert report["mean"]["emotion"] is None
    assert report["speakers_with"]["stability_ami"] == 3
    assert not read_clusters(folder).isna().any(axis=None)
    one = read_clusters(folder).query("spk_id == 'one'").iloc[0]
    assert (one.cluster, one.distance, one.margin) == (0, 0, 0)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"algorithm": "dbscan"}, "choose one of kmeans, spherical, ward, gmm"),
        ({"n_clusters": 1}, "a whole number from 2 or 'silhouette', found 1"),
        ({"n_clusters": "elbow"}, "found 'elbow'"),
        ({"n_clusters": 2.5}, "found 2.5"),
        ({"sources": []}, "no utterance"),
    ],
)
def test_wrong_arguments_are_named(corpus, tmp_path, arguments, message):
    arguments = {
        **corpus(SPEAKERS),
        "cluster_folder": tmp_path / "out",
        "n_clusters": 4,
        **arguments,
    }
    with pytest.raises(ClusterError, match=message):
        cluster_utterances(**arguments)


def test_utterances_without_embedding_are_named(corpus, tmp_path):
    less = corpus({"anna": SPEAKERS["anna"]})["embedding_folder"]
    cache = Embeddings.load(less / "stats.npz")
    arguments = corpus(SPEAKERS)
    cache.save(less / "stats.npz")
    with pytest.raises(EmbeddingError, match="24 of 48 utterances .* bert_000"):
        cluster_utterances(
            **arguments, cluster_folder=tmp_path / "out", n_clusters=4
        )


def test_unit_vectors_keep_their_direction():
    vectors = np.random.default_rng(1).normal(size=(5, 3))
    np.testing.assert_allclose(
        unit(vectors) * np.linalg.norm(vectors, axis=1)[:, None], vectors
    )


def test_clusters_of_real_speech_follow_emotion_and_not_the_sentence(
    emoclust_data, tmp_path, write_pool
):
    utterances = []
    for path in sorted(emoclust_data.glob("ravdess/Actor_0[1-4]/*.flac")):
        emotion, _, sentence, _, actor = path.stem.split("-")[2:]
        utterances.append(
            Utterance(
                ID=path.stem,
                duration=3.7,
                wav=path.relative_to(emoclust_data).as_posix(),
                spk_id=actor,
                sentence=sentence,
                emotion=emotion,
            )
        )
    assert len(utterances) == 240
    sources = [write_pool(utterances)[0]._replace(data_root=str(emoclust_data))]
    try:
        embed_utterances(sources, tmp_path, "ge2e")
    except EncoderError as error:
        pytest.skip(str(error))
    cluster_utterances(sources, tmp_path, "ge2e", tmp_path / "out", 8)
    report = json.loads((tmp_path / "out/clusters.json").read_text())["mean"]
    assert report["emotion"]["ami"] > 0.4
    assert report["sentence_ami"] < 0.1
    assert abs(report["emotion"]["chance"]["ami"]) < 0.05
    assert report["stability_ami"] > 0.5
