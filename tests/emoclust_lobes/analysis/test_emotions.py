"""Matching, pairs and parts against brute force."""

import itertools

import numpy as np
import pytest
from emoclust_lobes.analysis.emotions import (
    UNMATCHED,
    confusion,
    match_clusters,
    separate_pairs,
    vary_utterances,
)
from hypothesis import (
    given,
    strategies as st,
)
from sklearn.metrics import adjusted_mutual_info_score


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "c", ""]), st.integers(0, 3)),
        min_size=1,
        max_size=15,
    )
)
def test_no_other_matching_has_more_utterances_in_place(rows):
    emotions, clusters = (np.array(x) for x in zip(*rows, strict=True))
    found = match_clusters(emotions, clusters)
    assert len(set(found.values())) == len(found)
    in_place = sum(found.get(c) == e for e, c in rows)
    best = 0
    for names in itertools.permutations("abc---", 4):
        best = max(best, sum(names[c] == e for e, c in rows))
    assert in_place == best


def test_planted_emotions_are_on_the_diagonal(make_table):
    table = make_table()
    clusters = table["emotion"].map({"ang": 2, "hap": 0, "sad": 1}).to_numpy()
    counts, accuracy, chance = confusion(table, clusters, seed=1)
    assert accuracy == 1
    assert 0.33 < chance < 0.75
    assert counts["ang"].tolist() == [24, 0, 0]
    assert counts[UNMATCHED].tolist() == [0, 0, 0]


def test_rows_of_the_confusion_are_the_emotions_utterances(make_table):
    table = make_table()
    table.loc[:3, "emotion"] = ""
    clusters = np.arange(len(table)) % 5
    counts, accuracy, _ = confusion(table, clusters, seed=1)
    expected = table["emotion"].value_counts().drop("")
    assert counts.sum(axis=1).to_dict() == expected.to_dict()
    diagonal = sum(counts.loc[x, x] for x in counts.index)
    assert accuracy == pytest.approx(diagonal / expected.sum())
    assert counts[UNMATCHED].sum() > 0


def test_pairs_are_the_mean_ami_of_their_utterances(make_table):
    table = make_table()
    clusters = np.random.default_rng(3).integers(3, size=len(table))
    found = separate_pairs(table, clusters)
    assert len(found) == 3
    for row in found.itertuples():
        values = []
        for name in table["spk_id"].unique():
            mine = (table["spk_id"] == name) & table["emotion"].isin(
                [row.first, row.second]
            )
            values.append(
                adjusted_mutual_info_score(
                    table["emotion"][mine], clusters[mine]
                )
            )
        assert row.ami == pytest.approx(np.mean(values), abs=1e-9)
        assert row.speakers == 4


def test_parts_of_planted_emotions_find_them(make_table, plant):
    table = make_table(n_speakers=3, n_takes=6)
    # One speaker has too little; sizes are compared on the other two.
    table = table[(table["spk_id"] != "s0") | (table.index % 4 == 0)]
    table = table.reset_index(drop=True)
    found = vary_utterances(
        table, plant(table), "kmeans", 3, n_init=5, seed=1, n_jobs=1
    )
    assert sorted(set(found["utterances"])) == [10, 15, 20, 30, 36]
    for _, rows in found.groupby("utterances"):
        assert rows["spk_id"].tolist() == ["s1", "s2"]
    assert found["ami"].min() > 0.9
