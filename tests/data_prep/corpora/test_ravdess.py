"""RAVDESS: names, songs, blocks of actors, and the real corpus."""

import collections

from data_prep import Source, prepare_ravdess, read_manifest
from data_prep.manifests.summary import read_summary

NAMES = dict(
    enumerate(("neu", "cal", "hap", "sad", "ang", "fea", "dis", "sur"), 1)
)


def read(folder, root, name):
    """Read one CSV of a manifest."""
    return read_manifest(Source(str(folder / f"{name}.csv"), str(root)))


def test_fields_of_the_name_are_read(ravdess, tmp_path):
    prepare_ravdess(ravdess, tmp_path, expect_complete=False)
    rows = read(tmp_path, ravdess, "test").set_index("ID")
    row = rows.loc["03-01-06-01-02-01-01"]
    assert (row.spk_id, row.gender, row.emotion) == ("Actor_01", "M", "fea")
    assert (row.sentence, row.session) == ("02", "")
    assert row.label_source == "intended"
    assert row.wav == f"{ravdess}/Actor_01/03-01-06-01-02-01-01.wav"


def test_songs_and_videos_are_passed_over_and_counted(make, tmp_path):
    root = make.ravdess(tmp_path / "data", (1, 2, 3))
    for name in (
        "03-02-03-01-01-01-01.wav",
        "03-02-04-01-01-01-01.wav",
        "01-01-03-01-01-01-01.mp4",
        "02-02-03-01-01-01-01.mp4",
        "01-01-03-01-01-01-01.wav",
        "cough.wav",
    ):
        make.text(root / "Actor_01" / name, "")
    prepare_ravdess(root, tmp_path / "m", expect_complete=False)
    summary = read_summary(tmp_path / "m")
    assert summary["dropped"] == {"not a clip's name": 1, "song": 2, "video": 3}
    assert (
        sum(summary["utterances"][x] for x in ("train", "valid", "test")) == 48
    )


def test_the_real_corpus_tests_each_clip_once(emoclust_data, tmp_path):
    root, tested = emoclust_data / "ravdess", collections.Counter()
    for fold in range(1, 7):
        prepare_ravdess(root, tmp_path, fold)
        tables = {
            x: read(tmp_path, root, x) for x in ("train", "valid", "test")
        }
        assert [len(x) for x in tables.values()] == [960, 240, 240]
        speakers = [x for table in tables.values() for x in {*table["spk_id"]}]
        assert len(speakers) == len(set(speakers)) == 24
        for table in tables.values():
            women = table[table["gender"] == "F"]["spk_id"].nunique()
            assert women == table["spk_id"].nunique() / 2
        tested.update(tables["test"]["emotion"])
        for row in tables["test"].itertuples():
            assert row.emotion == NAMES[int(row.ID[6:8])]
            assert 2 < row.duration < 6
    assert tested == {
        emotion: 96 if emotion == "neu" else 192 for emotion in NAMES.values()
    }
    assert read_summary(tmp_path)["blocks"] == "official"
