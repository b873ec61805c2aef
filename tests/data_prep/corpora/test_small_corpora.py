"""SAVEE and TESS: layouts, odd names, folds of few speakers."""

import pytest
from data_prep import Source, prepare_savee, prepare_tess, read_manifest
from data_prep.manifests.summary import read_summary

SAVEE = ("a01", "d01", "f01", "h01", "n01", "sa01", "su01")


def read(folder, root, name):
    """Read one CSV of a manifest by ID."""
    source = Source(str(folder / f"{name}.csv"), str(root))
    return read_manifest(source).set_index("ID")


@pytest.mark.parametrize("layout", ["{}/{}.wav", "ALL/{}_{}.wav", "{}_{}.wav"])
def test_savee_is_read_in_all_its_layouts(make, tmp_path, layout):
    root, folder = tmp_path / "data", tmp_path / "m"
    for actor in ("DC", "JE", "JK", "KL"):
        for clip in SAVEE:
            make.noise(root / layout.format(actor, clip))
    make.noise(root / "DC/x01.wav")
    prepare_savee(root, folder, fold=4, expect_complete=False)
    test = read(folder, root, "test")
    assert dict(test["emotion"]) == {
        f"KL_{clip}": emotion
        for clip, emotion in zip(
            SAVEE, "ang dis fea hap neu sad sur".split(), strict=True
        )
    }
    assert set(read(folder, root, "valid")["spk_id"]) == {"DC"}
    assert set(read(folder, root, "train")["spk_id"]) == {"JE", "JK"}
    summary = read_summary(folder)
    assert summary["dropped"] == {"not a clip's name": 1}
    assert summary["blocks"] == "official"


@pytest.fixture
def tess(make, tmp_path):
    """Two words by both women, with the names of the release."""
    names = {"angry", "disgust", "fear", "happy", "neutral", "ps", "sad"}
    for speaker in ("OAF", "YAF"):
        for word in ("bite", "back"):
            for name in names:
                clip = f"{speaker}_{word}_{name}"
                if clip == "OAF_bite_neutral":
                    clip = "OA_bite_neutral"
                place = {"fear": "Fear", "ps": "pleasant_surprised"}
                folder = f"{speaker}_{place.get(name, name)}"
                make.noise(tmp_path / "TESS" / folder / f"{clip}.wav")
    return tmp_path / "TESS"


def test_tess_tests_one_woman_with_what_the_other_taught(tess, tmp_path):
    folder = tmp_path / "m"
    for fold, test, train in ((1, "OAF", "YAF"), (2, "YAF", "OAF")):
        prepare_tess(tess, folder, fold, expect_complete=False)
        assert set(read(folder, tess, "test")["spk_id"]) == {test}
        assert set(read(folder, tess, "train")["spk_id"]) == {train}
        assert not (folder / "valid.csv").exists()
    row = read(folder, tess, "train").loc["OAF_bite_neutral"]
    assert (row.sentence, row.emotion, row.gender) == ("bite", "neu", "F")
    assert row.wav.endswith("OAF_neutral/OA_bite_neutral.wav")
    assert read(folder, tess, "test").loc["YAF_back_ps"].emotion == "sur"


def test_what_is_no_word_of_tess_is_left_out(tess, make, tmp_path):
    make.noise(tess / "OAF_angry/OAF_angry.wav")
    make.noise(tess / "OAF_angry/back_angry.wav")
    prepare_tess(tess, tmp_path / "m", expect_complete=False)
    summary = read_summary(tmp_path / "m")
    assert summary["dropped"] == {"not a clip's name": 2}
    assert summary["utterances"] == {"train": 14, "test": 14, "pool": 14}
