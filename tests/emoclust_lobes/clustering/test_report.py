"""The cluster report against closed forms and slow counts."""

import json
import math

import numpy as np
import pytest
from agreement_oracles import ORACLES, PAIRS
from emoclust_lobes.clustering.report import MEASURES, report_speaker, summarize
from hypothesis import given


def report(emotion, clusters, other=None, seed=1, **labels):
    """Report on points that lie where their cluster is."""
    clusters = np.unique(clusters, return_inverse=True)[1]
    unknown = [""] * len(clusters)
    return report_speaker(
        np.eye(clusters.max() + 1)[clusters],
        clusters,
        clusters if other is None else np.asarray(other),
        {
            "emotion": emotion,
            "sentence": labels.get("sentence", unknown),
            "session": labels.get("session", unknown),
            "gender": labels.get("gender", unknown),
        },
        seed=seed,
    )


@given(PAIRS)
def test_measures_are_those_of_scikit_learn(rows):
    labels, clusters = zip(*rows, strict=True)
    found = report(list(labels), clusters)["emotion"]
    for name in MEASURES:
        expected = ORACLES[name](labels, clusters)
        assert found[name] == pytest.approx(expected, abs=1e-6)


def test_random_clusters_score_their_chance_level():
    random = np.random.default_rng(1)
    emotion = np.repeat(list("abcdefgh"), 8)
    found = [
        report(emotion, random.permutation(64) % 8, seed=seed)["emotion"]
        for seed in range(60)
    ]
    for name in ("ami", "ari", "nmi", "purity"):
        scores = np.array([x[name] for x in found])
        chances = np.array([x["chance"][name] for x in found])
        error = scores.std() / math.sqrt(len(scores))
        assert abs(scores.mean() - chances.mean()) < 4 * error
    assert abs(np.mean([x["chance"]["ami"] for x in found])) < 0.02
    assert abs(np.mean([x["chance"]["ari"] for x in found])) < 0.02
    # What makes the bare numbers misleading:
    assert np.mean([x["chance"]["nmi"] for x in found]) > 0.2
    assert np.mean([x["chance"]["purity"] for x in found]) > 0.25


def test_unlabeled_utterances_count_for_all_but_the_emotion():
    sentence = ["1", "2", "1", "2", "1", "2"]
    clusters = [0, 1, 0, 1, 0, 1]
    emotion = ["sad", "hap", "sad", "hap", "", ""]
    found = report(emotion, clusters, sentence=sentence)
    assert found["emotion"]["utterances"] == 4
    assert found["emotion"]["ami"] == found["sentence_ami"] == 1
    assert found["utterances"] == 6 and found["sizes"] == [3, 3]


def test_what_is_not_known_or_constant_is_null():
    clusters = [0, 0, 1, 1]
    found = report([""] * 4, clusters, gender=["F"] * 4)
    assert found["emotion"] is None
    assert found["sentence_ami"] is None
    assert found["session_ami"] is None
    assert found["gender_ami"] is None
    assert found["stability_ami"] == 1 and found["silhouette"] == 1


def test_a_single_cluster_agrees_with_nothing():
    found = report(["a", "b"], [0, 0], sentence=["1", "2"])
    assert found["clusters"] == 1 and found["sizes"] == [2]
    for name in ("emotion", "stability_ami", "silhouette", "sentence_ami"):
        assert found[name] is None


def test_stability_is_one_for_renamed_clusters_and_low_for_others():
    clusters = np.repeat([0, 1, 2], 6)
    same = report([""] * 18, clusters, other=(clusters + 1) % 3)
    other = report([""] * 18, clusters, other=np.tile([0, 1, 2], 6))
    assert same["stability_ami"] == 1
    assert other["stability_ami"] < 0.1


def test_means_are_over_the_speakers_that_have_the_number():
    known = report(["a", "a", "b", "b"], [0, 0, 1, 1])
    worse = report(["a", "b", "a", "b", "a"], [0, 0, 1, 1, 1])
    silent = report([""] * 4, [0, 0, 1, 1])
    summary = summarize([known, worse, silent])
    for name in ("ami", "ari", "nmi", "purity"):
        mean = (known["emotion"][name] + worse["emotion"][name]) / 2
        assert summary["mean"]["emotion"][name] == pytest.approx(mean, abs=1e-6)
        chance = (
            known["emotion"]["chance"][name] + worse["emotion"]["chance"][name]
        ) / 2
        found = summary["mean"]["emotion"]["chance"][name]
        assert found == pytest.approx(chance, abs=1e-6)
    assert summary["speakers_with"]["emotion"] == 2
    assert summary["speakers_with"]["silhouette"] == 3
    assert summary["speakers_with"]["gender_ami"] == 0


@pytest.mark.parametrize("reports", [[], [report([""] * 2, [0, 0])]])
def test_a_summary_of_nothing_is_null_and_never_nan(reports):
    summary = summarize(reports)
    assert set(summary["mean"].values()) == {None}
    json.dumps(summary, allow_nan=False)


def test_the_same_seed_gives_the_same_chance_level():
    emotion, clusters = np.tile(list("abc"), 5), np.repeat([0, 1, 2], 5)
    one, same = (report(emotion, clusters, seed=3) for _ in range(2))
    other = report(emotion, clusters, seed=4)
    assert one == same
    assert one["emotion"]["chance"] != other["emotion"]["chance"]
