"""Votes and ratings in a protocol, against scores of the pooled utterances."""

import numpy as np
import pandas as pd
import pytest
from emoclust_lobes.evaluation.dimensions import concordance
from emoclust_lobes.evaluation.distributions import distribution_metrics
from emoclust_lobes.protocol.annotators import (
    annotator_rows,
    annotator_scores,
    annotators_table,
    merge_annotators,
    read_annotators,
)
from emoclust_lobes.protocol.schema import KEY, Condition

CLASSES = ["ang", "hap", "sad"]


def make_run(seed, fold=1, rated=True):
    rng = np.random.default_rng([seed, fold])
    ids = [f"f{fold}u{n}" for n in range(40)]
    of_test = np.random.default_rng(fold)
    counts = of_test.multinomial(4, [0.5, 0.3, 0.2], size=40)
    votes = [
        "|".join(f"{x}:{n}" for x, n in zip(CLASSES, row) if n)
        for row in counts
    ]
    speakers = [f"f{fold}s{n % 5}" for n in range(40)]
    test = pd.DataFrame({"spk_id": speakers, "votes": votes}, index=ids)
    chances = rng.dirichlet([1, 1, 1], size=40)
    rows = pd.DataFrame(chances, columns=[f"p_{x}" for x in CLASSES])
    rows["ID"] = ids
    rows["prediction"] = np.array(CLASSES)[chances.argmax(axis=1)]
    if rated:
        rows["arousal"] = of_test.normal(3, 1, 40)
        rows["predicted_arousal"] = rows["arousal"] + rng.normal(0, 1, 40)
    values = ("none", 1.0, "", fold, seed)
    key = dict(zip(KEY, values, strict=True))
    rows = rows.sample(frac=1, random_state=seed)
    return rows, counts, annotator_rows(rows, test, CLASSES, key)


def test_speakers_put_together_are_all_utterances():
    (first, counts, made), (second, others, more) = make_run(1), make_run(1, 2)
    found = annotator_scores(pd.concat([made, more]))
    both = pd.concat([first.sort_index(), second.sort_index()])
    chances = both[[f"p_{x}" for x in CLASSES]].to_numpy()
    counts = np.concatenate([counts, others])
    expected = distribution_metrics(counts, chances)
    for name in ("js", "cross_entropy", "soft_accuracy"):
        value, low, high = found[name]
        assert value == pytest.approx(expected[name], abs=1e-5)
        assert low < value < high
    known = np.sort(counts, axis=1)
    known = known[:, -1] > known[:, -2]
    expected = distribution_metrics(counts[known], chances[known])
    assert found["js_plurality"][0] == pytest.approx(expected["js"], abs=1e-5)
    ccc = concordance(both["arousal"], both["predicted_arousal"])
    assert found["ccc_arousal"][0] == pytest.approx(ccc, abs=1e-5)
    assert found["mean_ccc"] == found["ccc_arousal"]


def test_seeds_of_a_fold_are_averaged():
    tables = [make_run(seed, rated=False)[2] for seed in (1, 2)]
    each = [annotator_scores(table)["js"][0] for table in tables]
    found = annotator_scores(pd.concat(tables))
    assert found["js"][0] == pytest.approx(np.mean(each))
    assert "mean_ccc" not in found


def test_a_test_without_votes_has_no_rows():
    rows, _, made = make_run(1)
    test = pd.DataFrame({"spk_id": "a", "votes": ""}, index=rows["ID"])
    assert annotator_rows(rows, test, CLASSES, {}).empty
    assert list(annotator_rows(rows, test, CLASSES, {})) == list(made)


def test_a_run_replaces_its_like(tmp_path):
    made, other = make_run(1)[2], make_run(2)[2]
    runs = made[KEY].drop_duplicates()
    merge_annotators(tmp_path, runs, made)
    merge_annotators(tmp_path, runs, made.assign(js=0.5))
    merge_annotators(tmp_path, other[KEY].drop_duplicates(), other)
    every = read_annotators(tmp_path, pd.concat([runs, other[KEY]]))
    assert len(every) == len(made) + len(other)
    assert (every.loc[every["seed"] == 1, "js"] == 0.5).all()
    # Rows whose run is not there do not count
    assert set(read_annotators(tmp_path, runs)["seed"]) == {1}
    scored = {Condition("none"): annotator_scores(every)}
    table = annotators_table(scored)
    assert "JS divergence" in table and "mean CCC" in table
    # A run without votes leaves nothing of its like behind
    merge_annotators(tmp_path, runs, made[:0])
    assert set(read_annotators(tmp_path, every)["seed"]) == {2}
