"""Everything that may be named on the command line."""

import os

import pytest
from data_prep.manifests.tables import read_recordings
from emoclust_lobes.predict.inputs import Clip, PredictError, find_clips


@pytest.fixture
def calls(tmp_path, monkeypatch):
    """A folder with audio at several depths, in which the command runs."""
    names = ["b.wav", "a.FLAC", "notes.txt", "x/1.ogg", "x/y/2.mp3", "[1].wav"]
    for name in names:
        path = tmp_path / "calls" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)


def names(*arguments, **kwargs):
    return [clip.name for clip in find_clips(arguments, **kwargs)]


def test_a_folder_gives_all_audio_below_it_sorted(calls):
    assert names("calls/") == [
        f"calls/{name}"
        for name in ["[1].wav", "a.FLAC", "b.wav", "x/1.ogg", "x/y/2.mp3"]
    ]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("calls/*.wav", ["[1].wav", "b.wav"]),
        ("calls/**/*.mp3", ["x/y/2.mp3"]),
        ("calls/[1].wav", ["[1].wav"]),  # a file before it is a pattern
        ("calls/?", ["x/1.ogg", "x/y/2.mp3"]),
        ("calls/*.txt", ["notes.txt"]),
    ],
)
def test_patterns(pattern, found, calls):
    assert names(pattern) == [f"calls/{name}" for name in found]


def test_arguments_keep_their_order_and_each_file_comes_once(calls):
    given = ["calls/x/1.ogg", "missing.wav", "calls/*.wav", "calls/b.wav"]
    assert names(*given) == [*given[:2], "calls/[1].wav", "calls/b.wav"]


def test_a_list_is_taken_as_it_is(calls):
    lines = ["calls/b.wav\n", "\r\n", " with space.wav\r\n", "last*.wav"]
    assert names("-", lines=lines) == [
        "calls/b.wav",
        " with space.wav",
        "last*.wav",
    ]


def test_a_table_with_byte_order_mark_quotes_and_relative_paths(calls):
    with open("calls/table.csv", "w", encoding="utf-8-sig") as stream:
        stream.write('who,path\r\nKim,b.wav\r\n"Ana, M.","x/1, é.ogg"\r\n')
    found = find_clips(["calls/table.csv"], speaker_column="who")
    assert found == [
        Clip("b.wav", os.path.join("calls", "b.wav"), "Kim"),
        Clip("x/1, é.ogg", os.path.join("calls", "x/1, é.ogg"), "Ana, M."),
    ]
    assert [clip.speaker for clip in find_clips(["calls/table.csv"])] == [
        "",
        "",
    ]


def test_of_several_columns_the_one_that_pools_take_counts(calls):
    with open("calls/table.csv", "w") as stream:
        stream.write("file,path,wav,speaker\nc.wav,b.wav,a.wav,Kim\n")
    ((pooled, _),) = read_recordings("calls/table.csv", "calls")
    assert names("calls/table.csv") == [pooled.wav] == ["a.wav"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"path,who\n", "there is no audio in t.csv"),
        (b"path\na.wav\n", "t.csv has no column who, but path"),
        (b"who\nKim\n", "t.csv has no column wav or path or file, but who"),
        (b"", "t.csv has no column wav or path or file, but none at all"),
        (
            b"path,who\na.wav,Kim\n,Kim\n",
            "t.csv has 1 unusable rows: line 3: no path",
        ),
        (
            b"path,who\na.wav,\n",
            "t.csv has 1 unusable rows: line 2: no speaker",
        ),
        (b"path,who\na.wav\n", "t.csv has 1 unusable rows: line 2: no speaker"),
        (b"path,who\n\xe9.wav,Kim\n", "t.csv is no CSV file in UTF-8 ("),
        (b'path,who\n"a.wav,Kim\n', "t.csv has 1 unusable rows: line 2: "),
        (None, "t.csv: No such file or directory"),
    ],
)
def test_a_table_that_cannot_be_used(content, reason, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(PredictError) as refused:
        find_clips(["t.csv"], speaker_column="who")
    assert str(refused.value).startswith(reason)


@pytest.mark.parametrize(
    ("heading", "cells", "part"),
    [
        ("start,end", "1.5,2", (1.5, 2.0)),
        ("start,end", "0 days 00:01:03,NaT", (63.0, None)),
        ("start,stop", "0,16000", (0, 16000)),
        ("start,stop", ",", (None, None)),
        ("duration", "3", (None, None)),  # of the whole file
    ],
)
def test_a_table_means_the_parts_that_corpora_take(heading, cells, part, calls):
    with open("calls/table.csv", "w") as stream:
        stream.write(f"path,speaker,{heading}\nb.wav,Kim,{cells}\n")
    ((utterance, _),) = read_recordings("calls/table.csv", "calls")
    (clip,) = find_clips(["calls/table.csv"])
    assert (clip.start, clip.stop) == (utterance.start, utterance.stop) == part
    assert [type(x) for x in clip[-2:]] == [type(x) for x in part]
    assert clip.name.partition("@")[2] == utterance.ID.partition("@")[2]


@pytest.mark.parametrize("heading", ["start", "onset,end", "start_time,stop"])
def test_a_part_that_is_not_clear_is_refused(heading, calls):
    with open("calls/table.csv", "w") as stream:
        stream.write(f"path,{heading}\nb.wav,1\n")
    with pytest.raises(PredictError, match="it is not clear which part"):
        find_clips(["calls/table.csv"])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nothing"], "there is no audio in nothing"),
        (["*.wav"], "there is no audio in *.wav"),
        (["-"], "there is no audio in the standard input"),
    ],
)
def test_nothing_to_hear(arguments, reason, tmp_path, monkeypatch):
    (tmp_path / "nothing").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PredictError) as refused:
        find_clips(arguments)
    assert str(refused.value) == reason


def test_speakers_are_known_from_tables_alone(calls):
    with pytest.raises(PredictError, match="calls is no CSV file"):
        find_clips(["calls"], speaker_column="who")
