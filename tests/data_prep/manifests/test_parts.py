"""Parts of recordings: what columns mean, and where that is in a file."""

import datetime

import numpy
import pandas
import pytest
import soundfile
from data_prep import Source, prepare_generic, read_manifest
from data_prep.errors import ManifestError, UnusableAudio
from data_prep.manifests.parts import find_part_columns, locate_part, read_part
from hypothesis import assume, given, strategies


def seconds_of(text):
    columns = find_part_columns("t.csv", ["file", "start", "end"])
    return read_part({"start": text, "end": ""}, *columns)[0]


@given(strategies.timedeltas(datetime.timedelta(0), datetime.timedelta(9999)))
def test_seconds_may_be_written_as_pandas_and_audformat_do(duration):
    seconds = duration.total_seconds()
    assert seconds_of(str(pandas.Timedelta(duration))) == seconds
    assert seconds_of(pandas.Timedelta(duration).isoformat()) == seconds
    assert seconds_of(f"{seconds:.6f}") == seconds


@pytest.mark.parametrize("text", ["-1", "1:30", "x", "inf", "1e99", "-1 days"])
def test_what_is_no_number_of_seconds_is_refused(text):
    with pytest.raises(ValueError, match="is no number of seconds"):
        seconds_of(text)


@pytest.mark.parametrize("text", ["-1", "1.5", "1e3", "²", "NaT"])
def test_what_is_no_number_of_samples_is_refused(text):
    columns = find_part_columns("t.csv", ["start", "stop"])
    with pytest.raises(ValueError, match="is no number of samples"):
        read_part({"start": text, "stop": ""}, *columns)


@pytest.mark.parametrize(
    "columns",
    [
        "start",
        "start end stop",
        "stop end",
        "start_time end_time",
        "Start End",
        "start(s) end(s)",
        "begin end",
        "onset offset",
        "offset duration",
        "start_ms end_ms",
        "segment_start segment_end",
        "start_sample stop_sample",
        "end_sec",
        "start duration",
    ],
)
def test_other_names_of_parts_are_refused(columns):
    with pytest.raises(ManifestError, match="call them start and end, in sec"):
        find_part_columns("t.csv", ["path", *columns.split()])


@pytest.mark.parametrize(
    "columns", ["", "duration", "agenda", "restart", "gender", "trend", "ended"]
)
def test_other_columns_mean_no_part(columns):
    assert find_part_columns("t.csv", columns.split())[0] == ()


@given(
    strategies.integers(1, 96000),
    *[strategies.integers(0, 9_000_000)] * 2,
    strategies.integers(0, 9_000_000),
)
def test_seconds_and_samples_are_the_same_part(rate, start, length, rest):
    assume(length / rate >= 0.05)
    after = start + length
    place = (start, after + rest, rate)
    assert locate_part(start, after, *place[1:]) == (start, after)
    assert locate_part(start / rate, after / rate, *place[1:]) == (start, after)
    assert locate_part(None, after, *place[1:]) == (0, after)
    assert locate_part(start / rate, None, after, rate) == (start, after)


def test_an_end_that_was_rounded_up_is_the_last_sample():
    assert locate_part(0.0, 1.0, 15990, 16000) == (0, 15990)
    for start, stop in [(0.0, 1.02), (0, 16000), (1.0, None), (2.0, 1.0)]:
        with pytest.raises(UnusableAudio, match="is not in it"):
            locate_part(start, stop, 15990, 16000)
    for start, stop in [(0, 2), (2, 4), (0.0, 0.04), (15000, 15700)]:
        with pytest.raises(UnusableAudio, match="shorter than 0.05 s"):
            locate_part(start, stop, 15990, 16000)
    assert locate_part(None, None, 1, 16000) == (0, 1)


@pytest.mark.parametrize("unit", ["seconds", "audformat", "samples"])
def test_a_call_in_parts_is_what_its_table_says(tmp_path, unit):
    rate, rows = 8000, ["file,speaker,emotion,start,end"]
    if unit == "samples":
        rows = ["file,speaker,emotion,start,stop"]
    for speaker in "abc":
        noise = numpy.random.default_rng(ord(speaker)).normal(0, 0.1, 4 * rate)
        soundfile.write(tmp_path / f"{speaker}.wav", noise, rate)
        for second, emotion in enumerate(["sad", "hot"]):
            ends = {
                "seconds": (second, second + 1.5),
                "audformat": (
                    pandas.Timedelta(second, "s"),
                    pandas.Timedelta(second + 1.5, "s"),
                ),
                "samples": (second * rate, second * rate + 12000),
            }[unit]
            cells = [f"{speaker}.wav", speaker, emotion, *map(str, ends)]
            rows.append(",".join(cells))
    (tmp_path / "list.csv").write_text("\n".join(rows))
    prepare_generic(tmp_path, tmp_path / "m", table="list.csv", folds=3)
    source = Source(str(tmp_path / "m/test.csv"), str(tmp_path))
    table = read_manifest(source)
    assert table["duration"].tolist() == [1.5, 1.5]
    assert table["start"].tolist() == ["0", "8000"]
    assert table["stop"].tolist() == ["12000", "20000"]
