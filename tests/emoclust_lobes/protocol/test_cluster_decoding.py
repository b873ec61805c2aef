"""Decoding by cluster: against slow loops, and where it must help or not."""

import numpy as np
import pandas as pd
import pytest
from emoclust_lobes.protocol import cluster_decoding
from emoclust_lobes.protocol.baseline_runs import run_baseline
from emoclust_lobes.protocol.cluster_decoding import (
    N_CLUSTERS,
    WEIGHTS,
    cluster_speakers,
    decode_clusters,
    decode_folder,
    decode_run,
    mix_clusters,
)
from emoclust_lobes.protocol.plan import ProtocolError
from sklearn.metrics import recall_score

CLASSES = ["ang", "hap", "sad"]


def clips(seed, n_speakers=4, n=24, distance=20.0, sure=0.6):
    """Predictions, vectors and speakers; emotions are far-apart clusters."""
    random = np.random.default_rng(seed)
    numbers = np.resize(np.arange(3), n_speakers * n)
    speakers = np.repeat([f"s{seed}{x}" for x in range(n_speakers)], n)
    places = random.normal(0, 50, (n_speakers, 5)).repeat(n, axis=0)
    vectors = places + distance * np.eye(5)[numbers]
    vectors += random.normal(size=vectors.shape)
    logits = sure * np.eye(3)[numbers] + random.normal(0, 1, (len(numbers), 3))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    table = pd.DataFrame(shares, columns=[f"p_{x}" for x in CLASSES])
    table.insert(0, "ID", [f"{seed}-{x}" for x in range(len(numbers))])
    table.insert(1, "truth", np.array(CLASSES)[numbers])
    best = np.array(CLASSES)[shares.argmax(axis=1)]
    table.insert(2, "prediction", best)
    return table, vectors, speakers


def uar(table):
    return recall_score(table["truth"], table["prediction"], average="macro")


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_mixing_is_a_slow_loop(weight):
    table, _, _ = clips(0)
    clusters = np.random.default_rng(1).integers(0, 9, len(table))
    found = mix_clusters(table, clusters, weight, CLASSES)
    for row in range(len(table)):
        mixed = []
        for label in CLASSES:
            logs = np.log(table[f"p_{label}"].to_numpy())
            own = [
                logs[x]
                for x in range(len(logs))
                if clusters[x] == clusters[row]
            ]
            mixed.append(
                (1 - weight) * logs[row] + weight * sum(own) / len(own)
            )
        shares = np.exp(mixed) / np.sum(np.exp(mixed))
        np.testing.assert_allclose(
            found.loc[row, [f"p_{x}" for x in CLASSES]].to_list(), shares
        )
        assert found.loc[row, "prediction"] == CLASSES[int(np.argmax(mixed))]
    if weight == 0:
        assert found["prediction"].equals(table["prediction"])


def test_clusters_stay_inside_a_speaker_and_are_those_that_there_are():
    table, vectors, speakers = clips(0)
    clusters = pd.Series(cluster_speakers(vectors, speakers, 3))
    assert (pd.Series(speakers).groupby(clusters).nunique() == 1).all()
    assert (table["truth"].groupby(clusters).nunique() == 1).all()
    assert clusters.nunique() == 4 * 3
    # As many as there are vectors, at most
    few = cluster_speakers(vectors[:2], speakers[:2], 14)
    assert len(set(few)) == 2
    one = cluster_speakers(vectors[:1], speakers[:1], 14)
    assert len(one) == 1


def test_what_is_best_for_development_speakers_is_taken():
    test, valid = clips(1), clips(2)
    found, told = decode_clusters(test, valid, CLASSES)
    scores = {
        (weight, n): uar(
            mix_clusters(
                valid[0], cluster_speakers(*valid[1:], n), weight, CLASSES
            )
        )
        for weight in WEIGHTS
        for n in N_CLUSTERS
    }
    assert told == pytest.approx(max(scores.values()))
    weight, n = min(x for x in scores if scores[x] == max(scores.values()))
    expected = mix_clusters(
        test[0], cluster_speakers(*test[1:], n), weight, CLASSES
    )
    pd.testing.assert_frame_equal(found, expected)
    assert weight > 0 and uar(found) > uar(test[0]) + 0.2
    # No truth of the test is looked at
    blind = test[0].assign(truth="ang")
    again, _ = decode_clusters((blind, *test[1:]), valid, CLASSES)
    assert again["prediction"].equals(found["prediction"])


def test_clusters_that_mislead_development_speakers_are_not_used():
    test, valid = clips(1), clips(2, sure=20.0)
    places = np.random.default_rng(0).normal(size=valid[1].shape)
    found, _ = decode_clusters(test, (valid[0], places, valid[2]), CLASSES)
    assert found["prediction"].equals(test[0]["prediction"])


def test_without_development_speakers_it_is_refused():
    with pytest.raises(ProtocolError, match="development speakers, and there"):
        decode_run({}, clips(0)[0], None, CLASSES)


def test_a_finished_run_is_decoded_from_its_files(fold, tmp_path, monkeypatch):
    """As stage 2 leaves it, and as a baseline tells it: the same."""
    monkeypatch.setattr(cluster_decoding, "CENTERED", ("one",))
    test, valid, _ = run_baseline(**fold)
    for name, table in (("predictions", test), ("valid_predictions", valid)):
        told = pd.concat(
            [table.assign(enrolled="0"), table.assign(enrolled="all", p_ang=1)]
        )
        told.to_csv(tmp_path / f"{name}.csv", index=False)
    classes = ["ang", "hap", "neu", "sad"]
    found, uar = decode_folder(fold, tmp_path, classes)
    expected, same = decode_run(fold, test, valid, classes)
    assert uar == same
    pd.testing.assert_frame_equal(found[expected.columns], expected)
    assert not found["p_ang"].equals(test["p_ang"])
    (tmp_path / "valid_predictions.csv").unlink()
    with pytest.raises(ProtocolError, match="valid_predictions.csv is missing"):
        decode_folder(fold, tmp_path, classes)
