"""Clusters inside speakers: right, repeatable and independent of order."""

import hashlib
import json

import numpy as np
import pytest
from clear_clusters import blobs
from data_prep.manifests.manifest import Utterance, read_manifests
from data_prep.storage.files import fingerprint
from emoclust_lobes.clustering.algorithms import (
    distances_and_margins,
    speaker_seed,
)
from emoclust_lobes.clustering.centering import remove_speaker
from emoclust_lobes.clustering.clusters import (
    LABELS,
    ClusterError,
    _fingerprint,
    cluster_utterances,
    read_clusters,
)
from emoclust_lobes.embeddings.extraction import embed_utterances
from emoclust_lobes.encoders.wheels import EncoderError
from sklearn.metrics import adjusted_rand_score

SPEAKERS = {"anna": blobs(4, 6, seed=1), "bert": blobs(3, 8, seed=2)}


def test_the_table_and_the_report_say_the_same(embed_speakers, tmp_path):
    cluster_utterances(
        **embed_speakers(SPEAKERS),
        cluster_folder=tmp_path / "out",
        n_clusters=4,
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


def test_the_order_of_utterances_changes_no_byte(embed_speakers, tmp_path):
    speakers = {
        "anna": blobs(4, 6, noise=0.4, seed=1),
        "bert": blobs(3, 8, noise=0.4, seed=2),
    }
    random = np.random.default_rng(0)
    found = []
    for order in (None, range(47, -1, -1), random.permutation(48)):
        where = embed_speakers(speakers, order)
        folder = tmp_path / f"noisy_{len(found)}"
        cluster_utterances(**where, cluster_folder=folder, n_clusters=4)
        names = ("clusters.csv", "clusters.json")
        found.append([(folder / name).read_bytes() for name in names])
    assert found[0] == found[1] == found[2]


def test_the_number_of_workers_changes_no_byte(embed_speakers, tmp_path):
    speakers = {
        f"s{number:02d}": blobs(3, 5, noise=0.4, seed=number)
        for number in range(60)  # more than one task
    }
    arguments = embed_speakers(speakers)
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
    embed_speakers, tmp_path
):
    for name in ("both", "alone"):
        speakers = SPEAKERS if name == "both" else {"anna": SPEAKERS["anna"]}
        cluster_utterances(
            **embed_speakers(speakers),
            cluster_folder=tmp_path / name,
            n_clusters=4,
        )
    both = read_clusters(tmp_path / "both")
    alone = read_clusters(tmp_path / "alone")
    assert both[both.spk_id == "anna"].equals(alone)


def test_seeds_differ_between_speakers_and_runs():
    seeds = {speaker_seed(s, x) for s in range(20) for x in ("a", "b", "c")}
    assert len(seeds) == 60
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_unchanged_inputs_are_skipped_and_changed_ones_are_not(
    embed_speakers, tmp_path
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
        where = embed_speakers(speakers, emotions=emotions)
        before = (folder / "clusters.json").stat().st_mtime_ns
        cluster_utterances(**where, **{**arguments, **changes})
        changed = (folder / "clusters.json").stat().st_mtime_ns != before
        cluster_utterances(**embed_speakers(SPEAKERS), **arguments)
        return changed

    cluster_utterances(**embed_speakers(SPEAKERS), **arguments)
    assert not runs()
    assert not runs(n_jobs=2)
    assert runs(without_sentences=True)
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


@pytest.mark.parametrize("rows_at_once", [1, 7, 48, 100])
def test_the_fingerprint_is_that_of_all_inputs_as_one(
    embed_speakers, rows_at_once
):
    utterances = read_manifests(embed_speakers(SPEAKERS)["sources"])
    vectors = np.arange(96, dtype=np.float32).reshape(48, 2)
    arguments = {"seed": 1, "encoder": {"name": "stäts"}}
    columns = ["ID", "spk_id", *LABELS]
    whole = {
        "arguments": arguments,
        "utterances": utterances[columns].values.tolist(),
        "vectors": hashlib.sha256(vectors.tobytes()).hexdigest(),
    }
    found = _fingerprint(arguments, utterances, vectors, rows_at_once)
    assert found == fingerprint(whole)


def test_short_speakers_are_counted_and_everything_is_strict_json(
    embed_speakers, tmp_path
):
    short = {
        "one": blobs(1, 1, seed=3),
        "six": blobs(3, 2, seed=4),
        **SPEAKERS,
    }
    folder = tmp_path / "out"
    cluster_utterances(
        **embed_speakers(short, emotions=False),
        cluster_folder=folder,
        n_clusters=4,
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
def test_wrong_arguments_are_named(
    embed_speakers, tmp_path, arguments, message
):
    arguments = {
        **embed_speakers(SPEAKERS),
        "cluster_folder": tmp_path / "out",
        "n_clusters": 4,
        **arguments,
    }
    with pytest.raises(ClusterError, match=message):
        cluster_utterances(**arguments)


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
