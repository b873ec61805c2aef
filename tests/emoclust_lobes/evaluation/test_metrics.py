"""Scores against slow counts."""

import numpy as np
import pytest
from emoclust_lobes.evaluation.metrics import (
    cluster_auc,
    emotion_metrics,
    interval,
)
from hypothesis import (
    given,
    strategies as st,
)

CLASSES = ["ang", "hap", "neu", "sad"]
labels = st.sampled_from(CLASSES)


@given(pairs=st.lists(st.tuples(labels, labels), min_size=1, max_size=60))
def test_scores_equal_slow_counts(pairs):
    truth, prediction = zip(*pairs)
    scores = emotion_metrics(truth, prediction, CLASSES)
    recalls, f1s = [], []
    for name in CLASSES:
        hits = sum(t == p == name for t, p in pairs)
        n_true = sum(t == name for t in truth)
        n_predicted = sum(p == name for p in prediction)
        row = [
            sum(t == name and p == other for t, p in pairs) for other in CLASSES
        ]
        assert scores["confusion"][CLASSES.index(name)] == row
        if n_true == 0:
            assert scores["recall"][name] is None
            continue
        recalls.append(hits / n_true)
        f1s.append(2 * hits / (n_true + n_predicted))
        assert scores["recall"][name] == pytest.approx(hits / n_true)
    assert scores["uar"] == pytest.approx(sum(recalls) / len(recalls))
    assert scores["macro_f1"] == pytest.approx(sum(f1s) / len(f1s))
    assert scores["wa"] == pytest.approx(
        sum(t == p for t, p in pairs) / len(pairs)
    )
    assert scores["n"] == len(pairs)


def test_a_label_outside_the_class_set_is_an_error():
    with pytest.raises(ValueError, match="fru"):
        emotion_metrics(["ang"], ["fru"], CLASSES)
    with pytest.raises(ValueError, match="no utterances"):
        emotion_metrics([], [], CLASSES)


def slow_auc(embeddings, speakers, clusters):
    """Compare every same-cluster pair with every different-cluster pair."""
    areas = []
    for speaker in set(speakers):
        own = [i for i, s in enumerate(speakers) if s == speaker]
        same, different = [], []
        for a in own:
            for b in own:
                if a < b:
                    cosine = (
                        embeddings[a]
                        @ embeddings[b]
                        / np.linalg.norm(embeddings[a])
                        / np.linalg.norm(embeddings[b])
                    )
                    pairs = same if clusters[a] == clusters[b] else different
                    pairs.append(cosine)
        if same and different:
            wins = [(s > d) + 0.5 * (s == d) for s in same for d in different]
            areas.append(sum(wins) / len(wins))
    return sum(areas) / len(areas)


def test_cluster_auc_equals_comparing_all_pairs():
    rng = np.random.default_rng(1)
    embeddings = rng.normal(size=(40, 6))
    speakers = rng.integers(0, 4, size=40).tolist()
    clusters = rng.integers(0, 3, size=40).tolist()
    assert cluster_auc(embeddings, speakers, clusters) == pytest.approx(
        slow_auc(embeddings, speakers, clusters)
    )


def test_cluster_auc_without_pairs_is_none():
    assert cluster_auc(np.eye(2), ["a", "b"], [0, 0]) is None


def test_interval_is_the_middle():
    assert interval(np.arange(101)) == (2.5, 97.5)
