"""Results as files, read back by the programs they are for."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from emoclust_lobes.predict.output import (
    prediction_rows,
    row_columns,
    write_embeddings,
    write_rows,
)
from emoclust_lobes.predict.prediction import FilePrediction

ANGRY, SAD = {"ang": 0.75, "sad": 0.25}, {"ang": 0.375, "sad": 0.625}
PREDICTION = FilePrediction(
    path='odd, "name" é.wav',
    emotion="ang",
    confidence=0.5625,
    probabilities={"ang": 0.5625, "sad": 0.4375},
    seconds=4.0,
    windows=[(0.0, 3.0, ANGRY), (1.0, 4.0, SAD)],
    speaker="Kim",
)
WHOLE = {
    "path": 'odd, "name" é.wav',
    "emotion": "ang",
    "confidence": 0.5625,
    "prob_ang": 0.5625,
    "prob_sad": 0.4375,
    "seconds": 4.0,
    "windows": 2,
}
ANGRY_ROW = {
    "path": 'odd, "name" é.wav',
    "start": 0.0,
    "end": 2.0,
    "emotion": "ang",
    "confidence": 0.75,
    "prob_ang": 0.75,
    "prob_sad": 0.25,
    "windows": 1,
}
SAD_ROW = {
    **ANGRY_ROW,
    "start": 2.0,
    "end": 4.0,
    "emotion": "sad",
    "confidence": 0.625,
    "prob_ang": 0.375,
    "prob_sad": 0.625,
}
SEGMENTS = [ANGRY_ROW, SAD_ROW]


def written(form, segments, speakers=False):
    columns = row_columns(["ang", "sad"], segments, speakers)
    stream = io.StringIO()
    write_rows(prediction_rows(PREDICTION, segments), columns, form, stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("segments", "expected"), [(False, [WHOLE]), (True, SEGMENTS)]
)
def test_csv_and_json_say_the_same(segments, expected):
    table = pd.read_csv(io.StringIO(written("csv", segments)))
    assert list(table) == list(expected[0])
    assert table.to_dict("records") == expected
    assert json.loads(written("json", segments)) == expected


def test_speakers_stand_in_the_last_column():
    table = pd.read_csv(io.StringIO(written("csv", False, speakers=True)))
    assert table.iloc[0].to_dict() == {**WHOLE, "speaker": "Kim"}


def test_a_table_has_a_line_for_every_segment():
    header, first, second = written("table", True).splitlines()
    assert header.split() == list(SEGMENTS[0])
    assert first.split()[-7:] == "0.000 2.000 ang 0.750 0.750 0.250 1".split()
    assert second.split()[-7:] == "2.000 4.000 sad 0.625 0.375 0.625 1".split()


def test_no_rows_still_have_columns():
    for form in ("csv", "json", "table"):
        stream = io.StringIO()
        write_rows([], ["path"], form, stream)
        assert stream.getvalue().strip()


@pytest.mark.parametrize("n", [0, 3])
@pytest.mark.parametrize("suffix", ["npz", "parquet"])
def test_embeddings_are_read_back(n, suffix, tmp_path):
    path = tmp_path / f"embeddings.{suffix}"
    names = [f"é{number}.wav" for number in range(n)]
    vectors = np.random.default_rng(1).normal(size=(n, 4)).astype("float32")
    seconds = [0.5 + number for number in range(n)]
    write_embeddings(path, names, vectors, seconds)
    if suffix == "npz":
        with np.load(path, allow_pickle=False) as found:
            found = dict(found)
        assert found["embedding"].shape == (n, 4)
        assert found["embedding"].dtype == np.float32
    else:
        found = pd.read_parquet(path)
    assert list(found["path"]) == names
    assert list(found["seconds"]) == seconds
    for row, vector in zip(found["embedding"], vectors, strict=True):
        np.testing.assert_array_equal(row, vector)
