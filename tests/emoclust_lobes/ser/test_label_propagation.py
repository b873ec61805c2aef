"""Labels that spread over clusters, against a loop over the utterances."""

import collections

import pandas as pd
import pytest
from emoclust_lobes.ser.label_propagation import propagate_labels
from hypothesis import (
    given,
    strategies as st,
)

# Speaker, cluster (None: not in the pool), emotion, labeled
utterances = st.tuples(
    st.sampled_from(["anna", "ben"]),
    st.none() | st.integers(0, 3),
    st.sampled_from(["ang", "hap", "sad"]),
    st.booleans(),
)


def tables(rows):
    """Training manifest, its labeled rows, and the pool in another order."""
    columns = ["spk_id", "cluster", "emotion", "labeled"]
    table = pd.DataFrame(rows, columns=columns)
    table.insert(0, "ID", [f"u{number}" for number in range(len(rows))])
    train = table[["ID", "spk_id", "emotion"]]
    pool = table.dropna(subset=["cluster"]).rename(
        columns={"ID": "utterance_id"}
    )
    return train, train[table["labeled"]], pool[::-1]


def by_hand(rows, across_speakers):
    """Rows that have a label in the end: number, label, whether it spread."""
    found = []
    for number, (speaker, cluster, emotion, labeled) in enumerate(rows):
        if labeled:
            found.append((f"u{number}", emotion, False))
            continue
        votes = collections.Counter(
            theirs
            for other, their_cluster, theirs, known in rows
            if known and their_cluster == cluster is not None
            if across_speakers or other == speaker
        )
        (best, most), *others = votes.most_common() or [("", 0)]
        if most and all(count < most for _, count in others):
            found.append((f"u{number}", best, True))
    return found


@pytest.mark.parametrize("across_speakers", [False, True])
@given(st.lists(utterances, min_size=1, max_size=30))
def test_it_is_what_a_loop_finds(across_speakers, rows):
    train, labeled, pool = tables(rows)
    table = propagate_labels(train, labeled, pool, across_speakers)
    assert list(table.columns) == [*train.columns, "propagated"]
    found = table[["ID", "emotion", "propagated"]].itertuples(index=False)
    assert list(map(tuple, found)) == by_hand(rows, across_speakers)


@given(st.lists(utterances, min_size=1, max_size=30))
def test_hidden_labels_are_not_read(rows):
    train, labeled, pool = tables(rows)
    hidden = train.assign(emotion="")
    hidden.loc[labeled.index, "emotion"] = labeled["emotion"]
    ways = (
        propagate_labels(each, labeled, pool, across_speakers=False)
        for each in (train, hidden)
    )
    pd.testing.assert_frame_equal(*ways)


def test_views_of_an_utterance_are_one(tmp_path):
    train, labeled, pool = tables([("s", 0, "ang", True), ("s", 1, "", False)])
    twice = pd.concat([pool, pool])
    table = propagate_labels(train, labeled, twice, across_speakers=False)
    assert table["ID"].tolist() == ["u0"]
