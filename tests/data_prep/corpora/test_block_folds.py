"""Folds over blocks of speakers: what is written, and what is told."""

import csv
import re

import pytest
from data_prep import ManifestError
from data_prep.corpora.block_folds import ClipCorpus, prepare_clips
from data_prep.manifests.summary import read_summary

TINY = {
    "name": "Tiny",
    "contents": ("*.wav",),
    "clip": re.compile(r"(?P<ID>(?P<spk_id>[a-d])_(?P<emotion>ang|sad|))\.wav"),
    "class_sets": {2: ("ang", "sad"), 1: ("sad",)},
    "speakers": dict.fromkeys("abcd", 2),
    "blocks": (("a",), ("b",), ("c", "d")),
}


@pytest.fixture
def prepare(make, tmp_path):
    """A function that prepares a corpus of the speakers that it is given."""

    def write(speakers, development=True, emotions=("ang", "sad"), **options):
        for speaker in speakers:
            for emotion in emotions:
                make.noise(tmp_path / f"data/{speaker}_{emotion}.wav")
        prepare_clips(
            ClipCorpus(**TINY, development=development),
            tmp_path / "data",
            tmp_path / "manifest",
            **{"fold": 1, "classes": 2, **options},
        )
        speakers = {}
        for path in (tmp_path / "manifest").glob("*.csv"):
            with open(path, newline="") as stream:
                rows = [row["spk_id"] for row in csv.DictReader(stream)]
            speakers[path.stem] = "".join(sorted(set(rows)))
        return read_summary(tmp_path / "manifest"), speakers

    return write


@pytest.mark.parametrize(
    "fold, train, valid, test",
    [(1, "cd", "b", "a"), (2, "a", "cd", "b"), (3, "b", "a", "cd")],
)
def test_blocks_take_turns(prepare, fold, train, valid, test):
    summary, speakers = prepare("abcd", fold=fold, tongue="none")
    assert speakers == {
        "train": train,
        "valid": valid,
        "test": test,
        "pool": train,
    }
    assert summary["corpus"] == "Tiny"
    assert summary["classes"] == ["ang", "sad"]
    assert summary["arguments"] == {
        "fold": fold,
        "classes": 2,
        "label_source": "intended",
        "tongue": "none",
        "expect_complete": True,
    }
    assert summary["folds"] == 3
    assert summary["blocks"] == "official"
    assert summary["missing"] == {}


def test_without_development_the_next_block_trains(prepare):
    _, speakers = prepare("abcd", development=False)
    assert speakers == {"train": "bcd", "test": "a", "pool": "bcd"}


def test_what_has_no_label_of_the_class_set_is_told_by_reason(prepare):
    emotions = ("ang", "sad", "")
    part = {"expect_complete": False, "classes": 1}
    summary, _ = prepare("abcd", emotions=emotions, **part)
    assert summary["unlabeled"] == {"label ang": 4, "no label": 4}
    assert summary["utterances"]["pool"] == 6
    assert summary["utterances"]["train"] == 2


def test_a_part_is_cut_anew_and_what_it_lacks_is_told(prepare):
    summary, speakers = prepare("acd", expect_complete=False)
    assert speakers == {"train": "d", "valid": "c", "test": "a", "pool": "d"}
    assert summary["blocks"] == "present speakers"
    assert summary["missing"] == {"b": 2}
    assert summary["arguments"]["expect_complete"] is False


def test_a_part_is_refused_where_all_are_expected(prepare):
    with pytest.raises(ManifestError) as error:
        prepare("acd")
    assert str(error.value) == (
        "Tiny is not complete: 6 of 8 utterances were found. These speakers "
        "differ: b 0 of 2. Add what is missing, or set expect_complete to "
        "False to work with a part."
    )


@pytest.mark.parametrize(
    "options, message",
    [
        ({"classes": 4}, "classes=4 is not offered: choose 2 or 1."),
        (
            {"label_source": "voice"},
            "label_source='voice' is not offered: choose intended.",
        ),
        ({"fold": 4}, "fold=4 does not exist: choose one of 1 to 3."),
    ],
)
def test_arguments_that_are_not_offered_are_refused(prepare, options, message):
    with pytest.raises(ManifestError) as error:
        prepare("abcd", **options)
    assert str(error.value) == message
