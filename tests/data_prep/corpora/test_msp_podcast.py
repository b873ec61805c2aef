"""MSP-Podcast: who is heard in which split, and who in none."""

import pytest
from data_prep import ManifestError, Source, prepare_msp_podcast, read_manifest
from data_prep.manifests.summary import read_summary

HEADING = "FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set"


@pytest.fixture
def root(make, tmp_path):
    """Write rows of (podcast, letters, speaker, split) and their audio."""

    def write(*groups, table="labels_consensus.csv"):
        folder, lines = tmp_path / "MSP", [HEADING]
        for podcast, letters, speaker, part in groups:
            for letter in letters:
                name = f"MSP-PODCAST_{podcast:04d}_{len(lines):04d}.wav"
                gender = "Unknown" if speaker == "Unknown" else "Female"
                lines.append(f"{name},{letter},4,4,4,{speaker},{gender},{part}")
                make.noise(folder / "Audios" / name)
        make.text(folder / "Labels" / table, "\n".join(lines))
        return folder

    return write


SPLIT = (
    (1, "AHNS", "7", "Train"),
    (2, "AHNS", "8", "Development"),
    (3, "AHNS", "9", "Test1"),
)


def splits_of(root, folder):
    """Return speaker and podcast of each row, by split."""
    found = {}
    for name in ("train", "valid", "test", "pool"):
        table = read_manifest(Source(str(folder / f"{name}.csv"), str(root)))
        pairs = zip(table["spk_id"], table["session"], strict=True)
        found[name] = {(x, int(session[-4:])) for x, session in pairs}
    return found


def test_speakers_of_two_splits_are_kept_in_the_stricter_one(root, tmp_path):
    data = root(
        *SPLIT,
        (4, "A", "9", "Train"),
        (5, "AA", "9", "Development"),
        (6, "A", "8", "Train"),
        (7, "A", "7", "Test2"),
    )
    prepare_msp_podcast(data, tmp_path / "m")
    assert splits_of(data, tmp_path / "m") == {
        "train": {("7", 1)},
        "valid": {("8", 2)},
        "test": {("9", 3)},
        "pool": {("7", 1)},
    }
    assert read_summary(tmp_path / "m")["dropped"] == {
        "in Test2": 1,
        "speaker of Development, Train": 1,
        "speaker of Test1, Development": 2,
        "speaker of Test1, Train": 1,
    }


def test_unknown_speakers_are_in_no_split(root, tmp_path):
    data = root(
        *SPLIT,
        (4, "AH", "Unknown", "Train"),
        (5, "A", "Unknown", "Test1"),
        (6, "A", "", "Development"),
    )
    prepare_msp_podcast(data, tmp_path / "m")
    found = splits_of(data, tmp_path / "m")
    assert set().union(*found.values()) == {("7", 1), ("8", 2), ("9", 3)}
    assert read_summary(tmp_path / "m")["dropped"] == {
        "unknown speaker, Development": 1,
        "unknown speaker, Test1": 1,
        "unknown speaker, Train": 2,
    }


def test_a_test_set_of_unknown_speakers_is_refused(root, tmp_path):
    data = root(*SPLIT, (4, "AHNS", "Unknown", "Test2"))
    with pytest.raises(ManifestError) as error:
        prepare_msp_podcast(data, tmp_path / "m", test_set="Test2")
    assert "no known speaker for test.csv" in str(error.value)
    assert "'unknown speaker, Test2': 4" in str(error.value)


def test_labels_outside_the_class_set_are_in_the_pool(root, tmp_path):
    data = root(*SPLIT, (4, "CXO", "7", "Train"))
    prepare_msp_podcast(data, tmp_path / "m")
    summary = read_summary(tmp_path / "m")
    assert summary["unlabeled"] == {
        "label con": 1,
        "label no agreement": 1,
        "label other": 1,
    }
    assert summary["utterances"]["pool"] == 7
    assert summary["utterances"]["train"] == 4


def test_audio_and_table_are_compared(root, make, tmp_path):
    data = root(*SPLIT)
    first = min(data.glob("Audios/*"))
    make.noise(data / "Audios/MSP-PODCAST_0099_0001.wav")
    prepare_msp_podcast(data, tmp_path / "m")
    assert read_summary(tmp_path / "m")["dropped"] == {"not in the table": 1}
    (data / "Audios" / first.name).rename(tmp_path / "elsewhere.wav")
    with pytest.raises(ManifestError, match=f"{first.name}: No such file"):
        prepare_msp_podcast(data, tmp_path / "m")
    with pytest.raises(ManifestError, match="train.csv has no utterance of an"):
        prepare_msp_podcast(data, tmp_path / "m", expect_complete=False)
    (data / "Audios").rename(data / "Audio")
    with pytest.raises(ManifestError, match="no folder Audios, .*but Audio, L"):
        prepare_msp_podcast(data, tmp_path / "m", expect_complete=False)


def test_the_older_name_of_the_table_is_found(root, tmp_path):
    old = "labels_con" + "c" + "ensus.csv"
    prepare_msp_podcast(root(*SPLIT, table=old), tmp_path / "m")
    assert read_summary(tmp_path / "m")["folds"] == 1


def test_another_table_is_refused(root, make, tmp_path):
    data = root(*SPLIT, (4, "Q", "7", "Train"))
    with pytest.raises(ManifestError, match="says EmoClass='Q' of MSP-PODCAST"):
        prepare_msp_podcast(data, tmp_path / "m")
    make.text(data / "Labels/labels_consensus.csv", "FileName,EmoClass\n")
    with pytest.raises(ManifestError, match="lacks FileName or EmoClass or Sp"):
        prepare_msp_podcast(data, tmp_path / "m")
