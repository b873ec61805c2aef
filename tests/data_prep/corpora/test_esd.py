"""ESD: languages, sentences, and the folders of its own split."""

import pytest
from data_prep import ManifestError, Source, prepare_esd, read_manifest
from data_prep.corpora import esd
from data_prep.manifests.summary import read_summary
from emoclust_lobes.experiment.summaries import describe_manifests

FIRST = {
    "Neutral": 1,
    "Angry": 351,
    "Happy": 701,
    "Sad": 1051,
    "Surprise": 1401,
}


@pytest.fixture
def root(make, tmp_path):
    """Three speakers of each language, one of them with ESD's own split."""
    for speaker in ("0001", "0002", "0004", "0011", "0012", "0015"):
        part = "evaluation/" if speaker == "0015" else ""
        for emotion, number in FIRST.items():
            for n in (number, number + 349):
                clip = f"{speaker}/{emotion}/{part}{speaker}_{n:06d}.wav"
                make.noise(tmp_path / "ESD" / clip)
        make.text(tmp_path / f"ESD/{speaker}/{speaker}.txt", "not read")
    return tmp_path / "ESD"


def rows_of(root, folder):
    """Read all labeled rows of a manifest by ID."""
    rows = {}
    for name in ("train", "valid", "test"):
        table = read_manifest(Source(str(folder / f"{name}.csv"), str(root)))
        rows.update(table.set_index("ID").to_dict("index"))
    return rows


def test_the_number_tells_the_sentence_of_a_language(root, tmp_path):
    folder = tmp_path / "m"
    prepare_esd(root, folder, language="all", expect_complete=False)
    rows = rows_of(root, folder)
    assert len(rows) == 60
    for speaker, tongue in (("0004", "mandarin"), ("0015", "english")):
        for emotion, number in FIRST.items():
            first = rows[f"{speaker}_{number:06d}"]
            last = rows[f"{speaker}_{number + 349:06d}"]
            assert first["sentence"] == f"{tongue}001"
            assert last["sentence"] == f"{tongue}350"
            assert first["emotion"] == emotion[:3].lower()
    assert rows["0015_000001"]["gender"] == "F"
    assert rows["0011_000001"]["gender"] == "M"
    assert "/0015/Sad/evaluation/" in rows["0015_001051"]["wav"]


def test_what_is_not_named_as_a_clip_is_left_out(root, make, tmp_path):
    make.noise(root / "0001/Angry/0001_351.wav")
    make.noise(root / "0021/Angry/0021_000351.wav")  # there are 20 speakers
    folder = tmp_path / "m"
    prepare_esd(root, folder, language="all", expect_complete=False)
    assert read_summary(folder)["dropped"] == {"not a clip's name": 2}
    assert describe_manifests(folder).splitlines()[-2:] == [
        "left out: 2 (not a clip's name)",
        f"manifests: {folder}",
    ]


@pytest.mark.parametrize("language", ["english", "mandarin"])
def test_the_other_language_is_left_out_and_counted(root, tmp_path, language):
    folder = tmp_path / "m"
    prepare_esd(root, folder, language=language, expect_complete=False)
    rows = rows_of(root, folder).values()
    numbers = range(1, 11) if language == "mandarin" else range(11, 21)
    assert {int(row["spk_id"]) for row in rows} <= set(numbers)
    assert len(rows) == 30
    assert read_summary(folder)["dropped"] == {"other language": 30}


def test_blocks_hold_one_woman_and_one_man_of_each_language():
    for language, size in (("english", 2), ("mandarin", 2), ("all", 4)):
        blocks = esd.speaker_pairs(language)
        assert [len(block) for block in blocks] == [size] * 5
        speakers = sorted(sum(blocks, ()))
        assert len(set(speakers)) == len(speakers) == 5 * size
    assert speakers == [f"{n:04d}" for n in range(1, 21)]


def test_a_language_that_is_not_there_is_refused(root, tmp_path):
    with pytest.raises(ManifestError, match="english or mandarin or all"):
        prepare_esd(root, tmp_path / "m", language="German")
    with pytest.raises(ManifestError, match="30 of 17,500 utterances"):
        prepare_esd(root, tmp_path / "m")
