"""Folds over blocks of speakers: what is written, and what is told."""

import collections
import csv

import pytest
from data_prep.corpora.block_folds import prepare_block_folds
from data_prep.errors import ManifestError
from data_prep.manifests.manifest import Utterance
from data_prep.manifests.preparation import Scan
from data_prep.manifests.summary import read_summary

BLOCKS = (("a",), ("b",), ("c", "d"))
EMOTIONS = ("ang", "sad")


@pytest.fixture
def prepare(make, tmp_path):
    """A function that prepares a corpus of the speakers that it is given."""

    def write(speakers, **options):
        utterances = []
        for speaker in speakers:
            for emotion in EMOTIONS:
                name = f"{speaker}_{emotion}"
                make.noise(tmp_path / f"data/{name}.wav")
                utterances.append(
                    Utterance(
                        ID=name,
                        wav=f"{name}.wav",
                        spk_id=speaker,
                        emotion=emotion,
                        label_source="intended",
                    )
                )
        nothing = collections.Counter()
        given = {
            "corpus": "Tiny",
            "scan": Scan(utterances, nothing, nothing),
            "expected": dict.fromkeys("abcd", 2),
            "blocks": BLOCKS,
            "classes": EMOTIONS,
            "data_folder": tmp_path / "data",
            "manifest_folder": tmp_path / "manifest",
            "fold": 1,
            "expect_complete": True,
            "arguments": {"label_source": "intended"},
        }
        prepare_block_folds(**{**given, **options})
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
    summary, speakers = prepare("abcd", fold=fold)
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
        "label_source": "intended",
        "expect_complete": True,
    }
    assert summary["folds"] == 3
    assert summary["blocks"] == "official"
    assert summary["missing"] == {}


def test_without_development_the_next_block_trains(prepare):
    _, speakers = prepare("abcd", fold=1, development=False)
    assert speakers == {"train": "bcd", "test": "a", "pool": "bcd"}


def test_a_part_is_cut_anew_and_what_it_lacks_is_told(prepare):
    summary, speakers = prepare("acd", fold=1, expect_complete=False)
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
