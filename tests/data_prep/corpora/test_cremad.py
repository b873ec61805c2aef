"""CREMA-D: labels from names and votes, blocks of actors, both formats."""

import collections
import csv
import shutil

import pytest
from data_prep import ManifestError, Source, prepare_cremad, read_manifest
from data_prep.corpora.block_folds import scan_clips
from data_prep.corpora.cremad import (
    SPEAKERS,
    cremad as corpus_of,
)
from data_prep.manifests.summary import read_summary

CODES = {"A": "ang", "D": "dis", "F": "fea", "H": "hap", "N": "neu", "S": "sad"}


def read(folder, root, name):
    """Read one CSV of a manifest."""
    return read_manifest(Source(str(folder / f"{name}.csv"), str(root)))


def test_four_classes_leave_the_others_to_the_pool(cremad, tmp_path):
    prepare_cremad(cremad, tmp_path, classes=4, expect_complete=False)
    train = read(tmp_path, cremad, "train")
    pool = read(tmp_path, cremad, "pool")
    assert set(train["emotion"]) == {"ang", "hap", "neu", "sad"}
    assert (len(train), len(pool)) == (48, 72)
    outside = pool[~pool["ID"].isin(train["ID"])]
    assert set(outside["ID"].str[9:12]) == {"DIS", "FEA"}
    assert set(outside["emotion"]) == set(outside["label_source"]) == {""}
    unlabeled = read_summary(tmp_path)["unlabeled"]
    assert unlabeled == {"label dis": 20, "label fea": 20}


def test_ties_have_no_label_and_stay_in_the_pool(make, tmp_path):
    tie, none, other = (f"{x}_DFA_ANG_XX" for x in (1056, 1057, 1058))
    votes = {tie: "A:N", none: "", other: "D"}
    root = make.cremad(tmp_path / "data", range(1055, 1060), votes)
    arguments = {"fold": 5, "expect_complete": False}
    prepare_cremad(root, tmp_path / "m", label_source="voice", **arguments)
    pool = read(tmp_path / "m", root, "pool").set_index("ID")
    train = read(tmp_path / "m", root, "train").set_index("ID")
    for clip in (tie, none):
        assert pool.loc[clip, "emotion"] == ""
        assert pool.loc[clip, "label_source"] == ""
        assert clip not in train.index
    assert train.loc[other, "emotion"] == "dis"
    assert train.loc[other, "label_source"] == "voice"
    assert read_summary(tmp_path / "m")["unlabeled"] == {"tie": 1, "no vote": 1}
    prepare_cremad(root, tmp_path / "m", **arguments)
    assert read_summary(tmp_path / "m")["unlabeled"] == {}


def test_the_silent_clip_and_strange_files_are_dropped(make, tmp_path):
    root = make.cremad(tmp_path / "data", (1001, 1002, 1003))
    for name in ("1076_MTI_SAD_XX", "1001_DFA_JOY_XX", "2001_DFA_SAD_XX"):
        make.noise(root / f"AudioWAV/{name}.wav")
    prepare_cremad(root, tmp_path / "m", expect_complete=False)
    dropped = read_summary(tmp_path / "m")["dropped"]
    assert dropped == {"not a clip's name": 2, "silent": 1}


def test_the_misnamed_clip_keeps_its_official_name(make, tmp_path):
    root = make.cremad(tmp_path / "data", (1039, 1040, 1041))
    clip = root / "AudioWAV/1040_IEO_SAD_XX.wav"
    clip.rename(root / "AudioWAV/1040_IEO_SAD_X.wav")
    arguments = {"label_source": "multimodal", "expect_complete": False}
    prepare_cremad(root, tmp_path / "m", fold=2, **arguments)
    row = read(tmp_path / "m", root, "test").set_index("ID")
    row = row.loc["1040_IEO_SAD_XX"]
    assert row["wav"].endswith("/1040_IEO_SAD_X.wav")
    assert row["emotion"] == "sad"


def test_mp3_is_read_where_there_is_no_wav(make, tmp_path):
    root = make.cremad(tmp_path / "data", (1001, 1002, 1003))
    (root / "AudioMP3").mkdir()
    for path in (root / "AudioWAV").iterdir():
        make.noise(root / f"AudioMP3/{path.stem}.mp3", 8000)
    prepare_cremad(root, tmp_path / "m", expect_complete=False)
    wavs = read(tmp_path / "m", root, "train")["wav"]
    assert wavs.str.endswith(".wav").all()
    shutil.rmtree(root / "AudioWAV")
    prepare_cremad(root, tmp_path / "m", expect_complete=False)
    train = read(tmp_path / "m", root, "train")
    assert train["wav"].str.contains("/AudioMP3/.*[.]mp3$").all()
    assert set(train["duration"]) == {0.5}


def test_gender_is_empty_without_its_table(make, tmp_path, caplog):
    root = make.cremad(tmp_path / "data", (1001, 1002, 1003))
    prepare_cremad(root, tmp_path / "m", expect_complete=False)
    assert set(read(tmp_path / "m", root, "test")["gender"]) == {"M"}
    (root / "VideoDemographics.csv").unlink()
    prepare_cremad(root, tmp_path / "m", expect_complete=False)
    assert set(read(tmp_path / "m", root, "test")["gender"]) == {""}
    assert "VideoDemographics.csv is not there: genders" in caplog.text


@pytest.fixture(scope="module")
def complete(emoclust_data, make, tmp_path_factory):
    """All clips of the official table, with one recording behind them."""
    root = tmp_path_factory.mktemp("complete")
    for name in ("VideoDemographics.csv", "processedResults/summaryTable.csv"):
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(emoclust_data / "crema_d" / name, root / name)
    with open(root / "processedResults/summaryTable.csv") as stream:
        clips = [row["FileName"] for row in csv.DictReader(stream)]
    assert len(clips) == 7442
    files = [
        clip.replace("1040_ITH_SAD_XX", "1040_ITH_SAD_X") for clip in clips
    ]
    return make.similar(root, [f"AudioWAV/{name}.wav" for name in files])


def test_the_complete_corpus_has_7441_usable_clips(complete, tmp_path):
    assert sum(SPEAKERS.values()) == 7441
    sizes = []
    for fold in range(1, 6):
        prepare_cremad(complete, tmp_path, fold)
        summary = read_summary(tmp_path)
        sizes.append(summary["utterances"]["test"])
        assert summary["missing"] == {}
        assert summary["dropped"] == {"silent": 1}
        assert summary["utterances"]["pool"] == summary["utterances"]["train"]
    assert sum(sizes) == 7441
    genders = read(tmp_path, complete, "pool").groupby("gender")["spk_id"]
    test = read(tmp_path, complete, "test").groupby("gender")["spk_id"]
    valid = read(tmp_path, complete, "valid").groupby("gender")["spk_id"]
    speakers = genders.nunique() + test.nunique() + valid.nunique()
    assert speakers.to_dict() == {"F": 43, "M": 48}


@pytest.mark.parametrize(
    "label_source, ties, four_classes",
    [
        ("intended", 0, 4899),
        ("voice", 644, 5605),
        ("face", 470, None),
        ("multimodal", 420, 4798),
    ],
)
def test_official_votes_give_the_known_counts(
    complete, label_source, ties, four_classes
):
    corpus = corpus_of(complete, label_source)
    found = scan_clips(corpus, complete, ("ang", "hap", "neu", "sad"))
    assert found.unlabeled["tie"] == ties
    assert found.unlabeled["no vote"] == 0
    labels = collections.Counter(x.emotion for x in found.utterances)
    column = {
        "voice": "VoiceVote",
        "face": "FaceVote",
        "multimodal": "MultiModalVote",
    }.get(label_source)
    with open(complete / "processedResults/summaryTable.csv") as stream:
        expected = collections.Counter(
            CODES.get(row[column] if column else row["FileName"][9], "")
            for row in csv.DictReader(stream)
            if row["FileName"] != "1076_MTI_SAD_XX"
        )
    for emotion in ("ang", "hap", "neu", "sad"):
        assert labels[emotion] == expected[emotion]
    if four_classes:
        assert labels.total() - labels[""] == four_classes


def test_genuine_clips_are_read_with_their_length(emoclust_data, tmp_path):
    root = tmp_path / "data"
    root.mkdir()
    (root / "AudioWAV").symlink_to(emoclust_data / "crema_d/genuine/AudioWAV")
    found = scan_clips(corpus_of(root, "intended"), root, CODES.values())
    assert len(found.utterances) == 7
    assert {x.spk_id for x in found.utterances} == {"1001", "1050"}
    with pytest.raises(ManifestError, match="7 of 7,441 utterances"):
        prepare_cremad(root, tmp_path / "m")
