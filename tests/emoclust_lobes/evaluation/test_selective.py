"""Risk, coverage and thresholds against slow loops, simulation and scipy."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from data_prep.errors import EmoclustError
from data_prep.storage.files import write_json
from emoclust_lobes.evaluation.selective import (
    UNKNOWN,
    answer,
    area_under_risk,
    find_threshold,
    operating_points,
    risk_bound,
    risk_coverage,
)
from hypothesis import (
    given,
    strategies as st,
)

CLASSES = ["ang", "sad"]
SURE = st.lists(
    st.tuples(st.sampled_from([0.5, 0.6, 0.7, 0.8, 0.9]), st.booleans()),
    min_size=1,
    max_size=30,
)


def made_up(n, seed, calibrated=True):
    """Predictions whose confidence is how often they are right."""
    rng = np.random.default_rng(seed)
    p_ang = rng.random(n)
    prediction = np.where(p_ang >= 0.5, "ang", "sad")
    sure = np.maximum(p_ang, 1 - p_ang) if calibrated else np.full(n, 0.5)
    other = np.where(prediction == "ang", "sad", "ang")
    truth = np.where(rng.random(n) < sure, prediction, other)
    return pd.DataFrame(
        {
            "enrolled": "",
            "truth": truth,
            "prediction": prediction,
            "p_ang": p_ang,
            "p_sad": 1 - p_ang,
        }
    )


@given(SURE)
def test_risk_and_coverage_are_those_of_a_slow_loop(rows):
    coverage, risk = risk_coverage(*zip(*rows, strict=True))
    slow = []
    for least in sorted({sure for sure, _ in rows}, reverse=True):
        answered = [right for sure, right in rows if sure >= least]
        wrong = sum(not right for right in answered)
        slow.append((len(answered) / len(rows), wrong / len(answered)))
    np.testing.assert_allclose(list(zip(coverage, risk, strict=True)), slow)


def test_the_area_is_the_mean_over_the_orders_of_equals():
    rng = np.random.default_rng(0)
    sure = rng.choice([0.5, 0.7, 0.9], 12)
    right = rng.random(12) < 0.6

    def loop(order):
        wrong = (~right[order]).cumsum()
        return np.mean(wrong / np.arange(1, 13))

    areas = []
    for _ in range(4000):
        shuffled = rng.permutation(12)
        areas.append(loop(shuffled[np.argsort(-sure[shuffled], kind="stable")]))
    assert area_under_risk(sure, right) == pytest.approx(
        np.mean(areas), abs=0.005
    )
    distinct = sure + 1e-6 * np.arange(12)
    assert area_under_risk(distinct, right) == pytest.approx(
        loop(np.argsort(-distinct))
    )


@pytest.mark.parametrize("errors, n", [(0, 30), (3, 40), (39, 40), (40, 40)])
def test_the_bound_is_that_of_an_exact_binomial_test(errors, n):
    bound = risk_bound(errors, n, 0.05)
    interval = scipy.stats.binomtest(errors, n, alternative="less")
    assert bound == pytest.approx(interval.proportion_ci(0.95, "exact").high)


def test_points_count_what_lies_above_their_thresholds():
    valid, test = made_up(503, 1), made_up(211, 2)
    found = operating_points(test, valid, CLASSES, 2.0)
    assert found["n"] == 503 and len(found["points"]) == 20
    assert found["points"][0]["n"] == 503
    for point in found["points"]:
        for rows, n, errors in (
            (valid, "n", "errors"),
            (test, "test_n", "test_errors"),
        ):
            odds = (rows["p_ang"] / rows["p_sad"]) ** 0.5  # temperature 2
            sure = np.maximum(odds, 1 / odds)
            sure = sure / (1 + sure)
            above = rows[sure > point["threshold"] + 1e-12]
            assert abs(point[n] - len(above)) <= 1
            wrong = (above["truth"] != above["prediction"]).sum()
            assert abs(point[errors] - wrong) <= 1
    counts = [x["n"] for x in found["points"]]
    assert counts == sorted(counts, reverse=True)
    assert operating_points(test, None, CLASSES, 1.0) is None


def test_only_the_last_number_of_enrolled_clips_counts():
    valid = made_up(100, 3)
    both = pd.concat(
        [made_up(100, 4).assign(enrolled="0"), valid.assign(enrolled="all")]
    )
    assert operating_points(valid, both, CLASSES, 1.0) == operating_points(
        valid, valid, CLASSES, 1.0
    )


def test_the_bound_holds_in_new_draws(tmp_path):
    """What is promised with 95 % is broken in no more than 5 % of the draws."""
    new = made_up(200_000, 0)
    sure = new[["p_ang", "p_sad"]].max(axis=1).to_numpy()
    wrong = (new["truth"] != new["prediction"]).to_numpy()
    broken = answered = 0
    for seed in range(1, 121):
        valid = made_up(300, seed)
        selective = operating_points(valid, valid, CLASSES, 1.0)
        write_json(tmp_path / "metrics.json", {"selective": selective})
        try:
            threshold = find_threshold(tmp_path, 0.2)
        except EmoclustError:
            continue
        answered += 1
        broken += wrong[sure > threshold].mean() > 0.2
    assert answered > 60
    assert broken / 120 <= 0.05


def test_most_is_answered_of_what_keeps_the_bound(tmp_path):
    selective = operating_points(
        made_up(500, 1), made_up(3000, 2), CLASSES, 1.0
    )
    write_json(tmp_path / "metrics.json", {"selective": selective})
    thresholds = [find_threshold(tmp_path, x) for x in (0.1, 0.2, 0.4)]
    assert thresholds[0] > thresholds[1] > thresholds[2] == 0.0
    for share, threshold in zip((0.1, 0.2), thresholds[:2], strict=True):
        met = [x for x in selective["points"] if x["bound"] <= share]
        assert threshold == min(x["threshold"] for x in met)


def test_what_cannot_be_promised_is_refused(tmp_path):
    guesses = made_up(300, 1, calibrated=False)
    selective = operating_points(guesses, guesses, CLASSES, 1.0)
    write_json(tmp_path / "metrics.json", {"selective": selective})
    least = min(x["bound"] for x in selective["points"])
    with pytest.raises(EmoclustError, match=rf"promised is {least:.3f} \("):
        find_threshold(tmp_path, 0.1)
    assert find_threshold(tmp_path, least + 1e-9) >= 0
    for share in (0, 1, -0.5, float("nan")):
        with pytest.raises(EmoclustError, match="between 0 and 1"):
            find_threshold(tmp_path, share)
    write_json(tmp_path / "metrics.json", {"selective": None})
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(EmoclustError, match="without development speakers"):
            find_threshold(folder, 0.1)


def test_at_the_threshold_nothing_is_known():
    assert answer("sad", 0.7, 0.7) == UNKNOWN
    assert answer("sad", 0.71, 0.7) == "sad"
    assert answer("sad", 1e-9, 0.0) == "sad"
