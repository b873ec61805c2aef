"""Shares of the labels: nested, fair to the classes, of one seed."""

import math

import pandas as pd
import pytest
from emoclust_lobes.ser.labels import labeled_share, repeated
from hypothesis import (
    given,
    strategies as st,
)

SHARES = [0.01, 0.05, 0.1, 0.25, 0.5, 0.9, 1.0]
emotions = st.lists(st.sampled_from(["ang", "hap", "neu"]), min_size=1)


def table_of(labels):
    """A manifest with these labels."""
    ids = [f"u{number:03d}" for number in range(len(labels))]
    return pd.DataFrame({"ID": ids, "emotion": labels})


@given(labels=emotions, seed=st.integers(0, 5))
def test_a_smaller_share_is_part_of_a_larger_one(labels, seed):
    table = table_of(labels)
    kept = [set(labeled_share(table, x, seed)["ID"]) for x in SHARES]
    for smaller, larger in zip(kept, kept[1:]):
        assert smaller <= larger
    assert kept[-1] == set(table["ID"])


@given(labels=emotions, share=st.floats(0.001, 1))
def test_each_class_keeps_its_share_and_at_least_one(labels, share):
    kept = labeled_share(table_of(labels), share, seed=1)["emotion"].tolist()
    for name in set(labels):
        wanted = share * labels.count(name)
        assert kept.count(name) >= 1
        if wanted >= 1:
            assert abs(kept.count(name) - wanted) <= 0.5
        else:
            assert kept.count(name) == 1


@given(labels=emotions, data=st.data())
def test_the_choice_does_not_depend_on_the_order_of_the_rows(labels, data):
    table = table_of(labels)
    order = data.draw(st.permutations(range(len(table))))
    shuffled = table.iloc[order].reset_index(drop=True)
    kept = labeled_share(table, 0.4, seed=1)
    again = labeled_share(shuffled, 0.4, seed=1)
    assert set(again["ID"]) == set(kept["ID"])
    # The rows stay in the order that they had.
    expected = [name for name in shuffled["ID"] if name in set(kept["ID"])]
    assert again["ID"].tolist() == expected
    assert again["ID"].map(dict(table.values)).equals(again["emotion"])


def test_every_utterance_is_kept_for_some_seed_about_equally_often():
    table = table_of(["ang"] * 20)
    counts = dict.fromkeys(table["ID"], 0)
    for seed in range(400):
        for name in labeled_share(table, 0.25, seed)["ID"]:
            counts[name] += 1
    deviation = math.sqrt(400 * 0.25 * 0.75)
    assert all(abs(n - 100) < 4.5 * deviation for n in counts.values())


@pytest.mark.parametrize("share", [0, -0.1, 1.01])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match=f"at most 1, not {share}"):
        labeled_share(table_of(["ang"]), share, seed=1)


@given(n_kept=st.integers(1, 12), n_rows=st.integers(1, 60))
def test_repeated_rows_fill_an_epoch(n_kept, n_rows):
    table = table_of(["ang"] * n_kept).assign(row=range(n_kept))
    found = repeated(table, n_rows)
    assert abs(len(found) - max(n_kept, n_rows)) <= n_kept / 2 or (
        n_rows < n_kept == len(found)
    )
    assert found["ID"].is_unique
    assert found["ID"].tolist()[:n_kept] == table["ID"].tolist()
    assert list(found.index) == list(range(len(found)))
    counts = found["utterance_id"].value_counts()
    assert set(counts.index) == set(table["ID"]) and counts.nunique() == 1
    for each in found.itertuples():
        assert each.ID.partition("#")[0] == each.utterance_id
        assert table["ID"][each.row] == each.utterance_id
