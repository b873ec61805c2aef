"""The dataset of columns against SpeechBrain's dictionary of rows."""

import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from emoclust_lobes.training.dataset import ColumnarDataset, Rows
from hypothesis import (
    given,
    strategies as st,
)
from torch.utils.data import DataLoader

from speechbrain.dataio.batch import PaddedBatch
from speechbrain.dataio.dataset import DynamicItemDataset
from speechbrain.utils.data_pipeline import provides, takes

KEYS = ["id", "emotion", "duration", "cluster", "known", "sig"]


@takes("id", "cluster")
@provides("sig")
def signal(name, cluster):
    """An item that depends on the row."""
    return torch.full((1 + len(name),), float(cluster))


def make_table(ids):
    """A table with a column of every kind."""
    numbers = np.arange(len(ids))
    return pd.DataFrame(
        {
            "ID": pd.Series(ids, dtype=str),
            "emotion": [["", "sad", "ä"][n % 3] for n in numbers],
            "duration": numbers / 7,
            "cluster": numbers % 4,
            "known": numbers % 2 == 0,
        }
    )


def both(ids):
    """Our dataset and SpeechBrain's, of one table."""
    table = make_table(ids)
    rows = table.set_index("ID").to_dict("index")
    options = {"dynamic_items": [signal], "output_keys": KEYS}
    return ColumnarDataset(table, **options), DynamicItemDataset(
        rows, **options
    )


def comparable(item):
    """An item with its types, and no tensor in it."""
    values = {**item, "sig": item["sig"].tolist()}
    return {key: (type(value), value) for key, value in values.items()}


names = st.lists(st.text("ab#ä\U0001f600", max_size=4), min_size=1, unique=True)


@given(ids=names)
def test_every_row_is_the_one_of_the_dictionary(ids):
    ours, theirs = both(ids)
    assert len(ours) == len(theirs)
    assert list(ours.data_ids) == theirs.data_ids
    assert list(map(comparable, ours)) == list(map(comparable, theirs))
    assert comparable(ours[-1]) == comparable(theirs[-1])
    assert dict(ours.data) == theirs.data
    for name in ids:
        assert ours.data[name] == theirs.data[name]
    for name in ("a", "b#", "none", ""):
        assert (name in ours.data) == (name in theirs.data)


@pytest.mark.parametrize("ids", ["abcdefgh", "hbcadgfe"])
def test_it_is_filtered_and_sorted_as_the_other(ids):
    ours, theirs = both(list(ids))
    conditions = {
        "key_min_value": {"cluster": 1},
        "key_test": {"emotion": lambda emotion: emotion != ""},
        "sort_key": "duration",
        "reverse": True,
    }
    found, expected = (
        [comparable(item) for item in dataset.filtered_sorted(**conditions)]
        for dataset in (ours, theirs)
    )
    assert found == expected and 0 < len(found) < len(ids)


def test_loaders_make_the_same_batches_in_their_own_processes():
    ours, theirs = both([f"u{n}" for n in range(11)])
    for workers in (0, 2):
        options = {
            "batch_size": 4,
            "collate_fn": PaddedBatch,
            "num_workers": workers,
        }
        batches = zip(
            DataLoader(ours, **options),
            DataLoader(theirs, **options),
            strict=True,
        )
        for one, other in batches:
            assert one.id == other.id and one.emotion == other.emotion
            assert torch.equal(one.cluster, other.cluster)
            assert torch.equal(one.sig.data, other.sig.data)


def test_a_pickle_of_it_is_the_size_of_its_columns():
    table = make_table([f"speaker/video/{n:08d}" for n in range(5000)])
    rows = Rows(table)
    content = pickle.dumps(rows)
    again = pickle.loads(content)
    assert list(again) == list(rows)
    assert again["speaker/video/00004000"] == rows.row(4000)
    assert len(content) < 5000 * (len(table["ID"][0]) + 8 * 6)


def test_the_end_is_an_end():
    ours, _ = both(list("ab"))
    with pytest.raises(IndexError):
        ours[2]
    with pytest.raises(KeyError, match="zz"):
        ours.data["zz"]
