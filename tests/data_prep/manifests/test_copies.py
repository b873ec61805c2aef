"""Copies of recordings are no strangers to each other."""

import shutil

import pytest
from data_prep import (
    ManifestError,
    Source,
    prepare_generic,
    prepare_ravdess,
    read_manifest,
)


@pytest.fixture
def calls(make, tmp_path):
    for speaker in "abc":
        for emotion in ("hot", "cold"):
            for take in (1, 2):
                make.noise(tmp_path / f"calls/{speaker}/{emotion}/{take}.wav")
    return tmp_path / "calls"


def prepare(calls, **kwargs):
    kwargs = {"folds": 3, "classes": ["hot", "cold"], **kwargs}
    prepare_generic(calls, calls.parent / "m", **kwargs)


@pytest.mark.parametrize(
    "source, target",
    [
        ("a/hot/1.wav", "b/hot/3.wav"),  # in test and development
        ("c/hot/1.wav", "z/odd/3.wav"),  # both in the pool
        ("a/hot/1.wav", "z/odd/3.wav"),  # in test and in the pool
    ],
)
def test_one_recording_of_two_speakers_is_refused(calls, source, target):
    (calls / target).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(calls / source, calls / target)
    with pytest.raises(ManifestError, match="1 recordings of corpus") as error:
        prepare(calls)
    assert f"{source} ({source[0]}, " in str(error.value)
    assert f"{target} ({target[0]}, " in str(error.value)
    assert str(error.value).endswith(
        "keep each where it belongs, under the speaker whose voice it is, and "
        "delete the other files, or their rows in the table."
    )
    assert not (calls.parent / "m/manifest.json").exists()


def test_a_corpus_in_itself_is_named(calls):
    shutil.copytree(calls, calls.parent / "copy")
    (calls.parent / "copy").rename(calls / "calls")
    with pytest.raises(ManifestError) as error:
        prepare(calls)
    assert "12 recordings of corpus are there more" in str(error.value)
    assert str(error.value).endswith("inside itself: remove calls.")


def test_one_speaker_may_have_a_recording_twice(calls):
    shutil.copy(calls / "a/hot/1.wav", calls / "a/hot/3.wav")
    prepare(calls)
    table = read_manifest(Source(str(calls.parent / "m/test.csv"), str(calls)))
    assert len(table) == 5


def test_one_speaker_in_two_sessions_of_one_split_is_fine(make, tmp_path):
    corpus = make.ravdess(tmp_path / "ravdess", range(1, 7))
    name = "Actor_01/03-01-01-01-01-01-01.wav"
    shutil.copy(
        corpus / name, corpus / name.replace("-01-01.wav", "-02-01.wav")
    )
    prepare_ravdess(corpus, tmp_path / "m", expect_complete=False)
    other = name.replace("-01.wav", "-02.wav").replace("r_01", "r_02")
    shutil.copy(corpus / name, corpus / other)
    with pytest.raises(ManifestError, match="under several speakers"):
        prepare_ravdess(corpus, tmp_path / "n", expect_complete=False)


def test_several_speakers_of_one_file_are_fine(calls, make):
    make.noise(calls / "call.wav", 16000)
    lines = ["path,speaker,emotion,start,end"]
    for number, speaker in enumerate("xyz"):
        lines += [
            f"call.wav,{speaker},hot,0.{number},0.{number + 1}",
            f"call.wav,{speaker},cold,0.{number + 4},0.{number + 5}",
        ]
    make.text(calls / "list.csv", "\n".join(lines))
    prepare(calls, table="list.csv")
    table = read_manifest(Source(str(calls.parent / "m/test.csv"), str(calls)))
    assert table["duration"].tolist() == [0.1, 0.1]
