"""Statistics against slow loops, SciPy and simulations without effect."""

import statistics

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
import scipy.stats
from emoclust_lobes.evaluation.metrics import interval
from emoclust_lobes.protocol.averages import pooled_confusion, summarize
from emoclust_lobes.protocol.schema import Condition
from emoclust_lobes.protocol.statistics import (
    NOTHING,
    Difference,
    FoldTest,
    corrected_t,
    holm,
    paired_difference,
    uar_interval,
)
from hypothesis import given

N_DRAWS = 60


def _slow_uar(rows, drawn, seeds=None):
    """UAR of the speakers in ``drawn``, one hit after the other.

    ``seeds`` has those that are drawn in each fold; a fold counts once.
    """
    n_classes = len(rows["hits"].iloc[0].split())
    right, all_ = np.zeros(n_classes), np.zeros(n_classes)
    for speaker in drawn:
        own = rows[rows["speaker"] == speaker]
        for row in own.itertuples():
            known = list(own.loc[own["fold"] == row.fold, "seed"])
            chosen = seeds[row.fold] if seeds else known
            share = chosen.count(row.seed) / len(chosen)
            for place, pair in enumerate(row.hits.split()):
                hit, count = map(int, pair.split("/"))
                right[place] += share * hit
                all_[place] += share * count
    return (right[all_ > 0] / all_[all_ > 0]).mean()


def _drawn(names, seed=0):
    """The speakers of each draw, by name."""
    rng = np.random.default_rng(seed)
    shares = np.full(len(names), 1 / len(names))
    for counts in rng.multinomial(len(names), shares, N_DRAWS):
        yield np.repeat(names, counts)


def test_summary_by_hand(results):
    summary = summarize(results.runs).set_index(list(Condition._fields))
    for condition, row in summary.iterrows():
        runs = Condition(*condition).of(results.runs)
        folds = [list(x["uar"]) for _, x in runs.groupby("fold")]
        means = [statistics.mean(x) for x in folds]
        assert row["uar"] == pytest.approx(statistics.mean(means))
        assert row["uar_fold_std"] == pytest.approx(statistics.stdev(means))
        assert row["uar_seed_std"] == pytest.approx(
            statistics.mean([statistics.stdev(x) for x in folds])
        )
        assert (row["folds"], row["runs"], row["n"]) == (3, 6, 180)
        assert (row["seeds_min"], row["seeds_max"]) == (2, 2)
    assert len(summary) == 15
    # Folds count alike whatever their seeds
    runs = Condition("none").of(results.runs)
    fewer = runs[(runs["fold"] < 3) | (runs["seed"] == 0)]
    row = summarize(fewer).iloc[0]
    means = fewer.groupby("fold")["uar"].mean()
    assert row["uar"] == pytest.approx(means.mean())
    assert (row["seeds_min"], row["seeds_max"], row["runs"]) == (1, 2, 5)


def test_pooled_confusion_counts_every_utterance_once(results):
    condition = Condition("contrastive")
    pooled = pooled_confusion(results.runs, condition)
    expected = np.zeros((4, 4))
    for text in condition.of(results.runs)["confusion"]:
        for i, line in enumerate(text.split(";")):
            for j, count in enumerate(line.split()):
                expected[i, j] += int(count) / 2  # two seeds
    np.testing.assert_allclose(pooled, expected)
    assert pooled.sum() == 180


def test_folds_of_a_bootstrap_count_alike_too(results):
    condition = Condition("contrastive")
    rows = condition.of(results.speakers)
    # A fold with one seed, and a speaker who is tested in two folds
    rows = rows[(rows["fold"] > 1) | (rows["seed"] == 0)]
    rows = rows.assign(speaker=rows["speaker"].replace("f3s0", "f1s0"))
    names = sorted(set(rows["speaker"]))
    slow = [_slow_uar(rows, x) for x in _drawn(names)]
    found = uar_interval(rows, condition, N_DRAWS)
    assert found == pytest.approx(interval(slow))
    one = rows[rows["speaker"] == names[0]]
    assert np.isnan(uar_interval(one, condition, N_DRAWS)).all()


def test_classes_that_nobody_drawn_has_do_not_count(make_runs):
    _, speakers = make_runs({("none", 1.0, ""): 0.6}, n_folds=1, n_seeds=1)
    speakers["hits"] = ["3/4 0/0", "2/4 1/2", "4/4 0/0"]
    names = sorted(set(speakers["speaker"]))
    slow = [_slow_uar(speakers, x) for x in _drawn(names)]
    found = uar_interval(speakers, Condition("none"), N_DRAWS)
    assert found == pytest.approx(interval(slow))


def test_difference_is_that_of_slow_loops(results):
    ours, theirs = Condition("contrastive"), Condition("none")
    # A run that one of them lacks, and a fold that has one seed for it
    lost = (results.runs["system"] == "none") & (
        (results.runs["fold"] == 1) & (results.runs["seed"] == 1)
    )
    runs = results.runs[~lost]
    found = paired_difference(
        runs, results.speakers, ours, theirs, n_draws=N_DRAWS
    )
    by_fold = {}
    for a in ours.of(runs).itertuples():
        for b in theirs.of(runs).itertuples():
            if (a.fold, a.seed) == (b.fold, b.seed):
                by_fold.setdefault(a.fold, []).append(a.uar - b.uar)
    means = list(map(statistics.mean, by_fold.values()))
    assert found.pairs == sum(map(len, by_fold.values())) == 5
    assert found.value == pytest.approx(statistics.mean(means))
    folds = corrected_t(means, 60 / 100)
    assert found.p == pytest.approx(folds.p)
    assert found.over_folds == pytest.approx((folds.low, folds.high))
    assert found.detectable[0] == pytest.approx(folds.detectable)
    assert found.low < found.value < found.high
    # What a single seed of a fold would be worth cannot be told
    assert np.isnan(found.over_seeds).all()


def test_what_no_seed_changes_meets_the_mean_over_seeds(results):
    """Its one run a fold, against all seeds of the other."""
    fixed = Condition("contrastive"), Condition("none")
    runs, speakers = (
        x[(x["system"] != "contrastive") | (x["seed"] == 0)]
        for x in (results.runs, results.speakers)
    )
    found = paired_difference(
        runs, speakers, *fixed, deterministic=["contrastive"], n_draws=N_DRAWS
    )
    ours, theirs = (x.of(runs).groupby("fold")["uar"].mean() for x in fixed)
    assert found.pairs == 3
    assert found.value == pytest.approx((ours - theirs).mean())
    assert found.p == pytest.approx(corrected_t(ours - theirs, 60 / 100).p)
    our_rows, their_rows = (x.of(speakers) for x in fixed)
    names = sorted(set(our_rows["speaker"]))
    slow = [
        _slow_uar(our_rows, x) - _slow_uar(their_rows, x) for x in _drawn(names)
    ]
    assert (found.low, found.high) == pytest.approx(interval(slow))
    # The other way round it is the same, and with seeds it is another
    turned = paired_difference(
        runs, speakers, *fixed[::-1], deterministic=["contrastive"]
    )
    assert turned.value == pytest.approx(-found.value)
    first = paired_difference(runs, speakers, *fixed, n_draws=N_DRAWS)
    assert first.value != pytest.approx(found.value)


def test_few_labels_do_not_make_the_folds_smaller(make_runs):
    few = {("none", 0.1, ""): 0.5, ("contrastive", 0.1, ""): 0.7}
    runs, speakers = make_runs(few)
    assert set(runs["n_train"]) == {10}
    ours, theirs = (Condition(x, 0.1) for x in ("contrastive", "none"))
    found = paired_difference(runs, speakers, ours, theirs)
    ours, theirs = (x.of(runs).groupby("fold")["uar"] for x in (ours, theirs))
    differences = ours.mean() - theirs.mean()
    assert found.p == pytest.approx(corrected_t(differences, 60 / 100).p)


def test_interval_of_a_difference_is_paired(results):
    conditions = Condition("contrastive"), Condition("none")
    found = paired_difference(
        results.runs, results.speakers, *conditions, n_draws=N_DRAWS
    )
    ours, theirs = (x.of(results.speakers) for x in conditions)
    names = sorted(set(ours["speaker"]))
    slow = [_slow_uar(ours, x) - _slow_uar(theirs, x) for x in _drawn(names)]
    assert (found.low, found.high) == pytest.approx(interval(slow))
    z = scipy.stats.norm.ppf([0.975, 0.8]).sum()
    assert found.detectable[1] == pytest.approx(z * statistics.stdev(slow))


@pytest.mark.parametrize("fixed", [False, True])
def test_interval_over_speakers_and_seeds_is_a_slow_bootstrap(make_runs, fixed):
    conditions = {("contrastive", 1.0, ""): 0.7, ("none", 1.0, ""): 0.5}
    runs, speakers = make_runs(conditions, n_seeds=3)
    if fixed:
        runs, speakers = (
            x[(x["system"] != "none") | (x["seed"] == 0)]
            for x in (runs, speakers)
        )
    both = Condition("contrastive"), Condition("none")
    found = paired_difference(
        runs,
        speakers,
        *both,
        deterministic=["none"] if fixed else (),
        n_draws=N_DRAWS,
    )
    ours, theirs = (x.of(speakers) for x in both)
    names = sorted(set(ours["speaker"]))
    rngs = {fold: np.random.default_rng([0, fold]) for fold in (1, 2, 3)}
    # Two of three seeds, in each fold for itself
    draws = {
        fold: rng.multinomial(2, [1 / 3] * 3, N_DRAWS)
        for fold, rng in rngs.items()
    }
    slow = []
    for place, drawn in enumerate(_drawn(names)):
        seeds = {
            fold: np.repeat([0, 1, 2], counts[place]).tolist()
            for fold, counts in draws.items()
        }
        own = dict.fromkeys(seeds, [0]) if fixed else seeds
        slow.append(
            _slow_uar(ours, drawn, seeds) - _slow_uar(theirs, drawn, own)
        )
    assert found.over_seeds == pytest.approx(interval(slow))
    assert found.over_seeds != pytest.approx((found.low, found.high))


def test_where_no_seed_changes_anything_seeds_add_nothing(results):
    runs, speakers = (x[x["seed"] == 0] for x in results[1:])
    both = ["contrastive", "none"]
    found = paired_difference(
        runs, speakers, *map(Condition, both), deterministic=both
    )
    assert found.over_seeds == (found.low, found.high)


@pytest.mark.parametrize(
    ("ends", "holds"),
    [
        ([(0.1, 0.2)] * 3, True),
        ([(-0.2, -0.1)] * 3, True),
        ([(0.1, 0.2), (0.1, 0.2), (-0.1, 0.2)], False),
        ([(0.1, 0.2), (-0.1, 0.2), (0.1, 0.2)], False),
        ([(-0.1, 0.2), (0.1, 0.2), (0.1, 0.2)], False),
        ([(0.1, 0.2), (-0.2, -0.1), (0.1, 0.2)], False),
        ([(0.1, 0.2), (np.nan, np.nan), (0.1, 0.2)], False),
    ],
)
def test_a_difference_holds_where_all_three_are_clear_of_zero(ends, holds):
    speakers, seeds, folds = ends
    found = Difference(0.1, *speakers, 0.01, 6, seeds, folds)
    assert found.holds is holds


def test_a_system_does_not_differ_from_itself(results):
    same = Condition("contrastive"), Condition("copy")
    tables = [
        pd.concat([x, same[0].of(x).assign(system="copy")])
        for x in (results.runs, results.speakers)
    ]
    found = paired_difference(*tables, *same)
    assert found == (0, 0, 0, 1, 6, (0, 0), (0, 0), (0, 0))
    assert not found.holds


def test_nothing_in_common_is_no_difference(results):
    found = paired_difference(
        results.runs, results.speakers, Condition("none"), Condition("?")
    )
    assert found == NOTHING and not found.holds
    runs = results.runs[
        (results.runs["fold"] == 1) & (results.runs["seed"] == 1)
    ]
    one = paired_difference(
        runs, results.speakers, Condition("contrastive"), Condition("none")
    )
    assert one.pairs == 1 and np.isnan(one.p) and one.low < one.high


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=20), st.floats(0.01, 3))
def test_corrected_t_test_against_scipy(differences, test_share):
    if np.std(differences) < 1e-3:
        return
    plain = corrected_t(differences, 0)
    expected = scipy.stats.ttest_1samp(differences, 0)
    assert plain.p == pytest.approx(expected.pvalue)
    known = expected.confidence_interval(0.95)
    assert (plain.low, plain.high) == pytest.approx(known, abs=1e-12)
    corrected = corrected_t(differences, test_share)
    wider = np.sqrt(1 + len(differences) * test_share)
    law = scipy.stats.t(len(differences) - 1)
    assert corrected.p == pytest.approx(
        2 * law.sf(abs(expected.statistic / wider))
    )
    assert corrected.high - corrected.low == pytest.approx(
        wider * (known.high - known.low)
    )
    assert (corrected.p < 0.05) == (corrected.low > 0 or corrected.high < 0)


def test_a_detectable_difference_is_found_four_times_in_five():
    rng = np.random.default_rng(0)
    folds, deviation, found = 6, 0.03, []
    one = rng.normal(size=folds)
    one = deviation * (one - one.mean()) / one.std(ddof=1)
    size = corrected_t(one, 0.25).detectable
    for _ in range(2000):
        # As the correction has it: a part is the same in all folds
        shared = rng.normal(0, deviation * np.sqrt(0.25))
        apart = rng.normal(size + shared, deviation, folds)
        found.append(corrected_t(apart, 0.25).p < 0.05)
    assert 0.75 < np.mean(found) < 0.88


def test_differences_that_do_not_vary():
    assert corrected_t([0.0, 0.0], 0.5) == FoldTest(0, 0, 1, 0)
    assert corrected_t([0.25, 0.25], 0.5) == FoldTest(0.25, 0.25, 0, 0)
    assert np.isnan(corrected_t([0.1], 0.5)).all()


@given(st.lists(st.floats(0, 1) | st.just(float("nan")), max_size=8))
def test_holm_rejects_step_by_step(p_values):
    corrected = holm(p_values)
    assert np.isnan(corrected).tolist() == np.isnan(p_values).tolist()
    for level in (0.01, 0.05, 0.2, 0.7):
        # The procedure as it was defined: smallest first, stop at the first
        # that is not below the level over those that are left.
        left = sorted(x for x in p_values if not np.isnan(x))
        rejected = 0
        while left and left[0] * len(left) <= level:
            left.pop(0)
            rejected += 1
        assert (corrected <= level).sum() == rejected


def _null_differences(rng, n_runs, fold_effect=0.02, seed_effect=0.02):
    """Differences of two systems that are as good: [runs, folds, seeds].

    Whatever a fold's speakers and training set do is shared by its seeds.
    """
    folds = rng.normal(0, fold_effect, (n_runs, 6, 1))
    return folds + rng.normal(0, seed_effect, (n_runs, 6, 3))


@pytest.mark.slow
def test_false_alarms_are_at_most_five_percent():
    differences = _null_differences(np.random.default_rng(0), 600)
    rates = {
        share: np.mean(
            [corrected_t(x.ravel(), share).p <= 0.05 for x in differences]
        )
        for share in (0, 1 / 4)
    }
    assert rates[0] > 0.10  # what the correction is for
    assert rates[1 / 4] <= 0.05


@pytest.mark.slow
def test_intervals_hold_the_truth_most_of_the_time():
    rng = np.random.default_rng(0)
    n_speakers, n_each, held = 24, 10, 0
    for _ in range(50):
        # Recalls of speakers around .6, two classes, two systems alike
        truth = np.clip(rng.normal(0.6, 0.15, (n_speakers, 2)), 0, 1)
        tables = []
        for system in ("a", "b"):
            hits = rng.binomial(n_each, truth)
            tables.append(
                pd.DataFrame(
                    {
                        "system": system,
                        "labels": 1.0,
                        "enrolled": "",
                        "fold": np.arange(n_speakers) // 4,
                        "seed": 0,
                        "speaker": [f"s{x:02}" for x in range(n_speakers)],
                        "hits": [f"{x}/{n_each} {y}/{n_each}" for x, y in hits],
                        "uar": hits.mean(axis=1) / n_each,
                        "n": 80,
                        "n_train": 320,
                    }
                )
            )
        speakers = pd.concat(tables)
        runs = speakers.drop_duplicates(["system", "fold"])
        found = paired_difference(
            runs, speakers, Condition("a"), Condition("b"), n_draws=300
        )
        held += found.low <= 0 <= found.high
    assert 0.86 <= held / 50 <= 0.99
