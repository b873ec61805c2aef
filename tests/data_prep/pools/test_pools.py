"""Unlabeled pools: folders, tables and their names."""

import os
import subprocess

import pytest
from data_prep import (
    ManifestError,
    prepare_iemocap,
    read_manifest,
    read_manifests,
)
from data_prep.manifests.summary import read_summary
from data_prep.pools.preparation import (
    fold_sources,
    pool_sources,
    prepare_pools,
)

from speechbrain.dataio.dataio import load_data_csv


def columns(table, *names):
    """Return the rows of some columns as tuples."""
    return list(table[list(names)].itertuples(index=False, name=None))


def test_a_folder_gives_speakers_and_sessions(fold, voxceleb):
    prepare_pools([voxceleb], *fold)
    (source,) = pool_sources([voxceleb], *fold)
    assert source.csv == str(fold[1] / "pools/voxceleb/pool.csv")
    assert source.data_root == str(voxceleb)
    table = read_manifest(source)
    assert columns(table, "ID", "spk_id", "session", "emotion") == [
        ("voxceleb/id1/video1/00001", "voxceleb/id1", "video1", ""),
        ("voxceleb/id1/video2/00001", "voxceleb/id1", "video2", ""),
        ("voxceleb/id2/video3/00001", "voxceleb/id2", "video3", ""),
        ("voxceleb/id2/video4/00001", "voxceleb/id2", "video4", ""),
    ]
    assert table["wav"].tolist()[3] == f"{voxceleb}/id2/video4/00001.flac"
    assert set(table["duration"]) == {0.05}
    summary = read_summary(fold[1] / "pools/voxceleb")
    assert summary["utterances"] == {"pool": 4}


def test_speakers_without_sessions_have_none(fold, make, tmp_path):
    for name in ("a/1.wav", "a/1-b.ogg", "b/deep/er/1.wav", "loose.wav"):
        make.noise(tmp_path / "pool" / name)
    prepare_pools([tmp_path / "pool"], *fold)
    table = read_manifests(pool_sources([tmp_path / "pool"], *fold))
    assert columns(table, "ID", "spk_id", "session") == [
        ("pool/a/1", "pool/a", ""),
        ("pool/a/1-b", "pool/a", ""),
        ("pool/b/deep/er/1", "pool/b", "deep"),
    ]
    dropped = read_summary(fold[1] / "pools/pool")["dropped"]
    assert dropped == {"not in a speaker's folder": 1}


@pytest.mark.parametrize("path_column", ["wav", "path", "file"])
@pytest.mark.parametrize("speaker_column", ["spk_id", "speaker"])
def test_a_table_gives_all_that_it_knows(
    fold, make, tmp_path, path_column, speaker_column
):
    root = tmp_path / "calls"
    make.noise(root / "audio/long.wav", 32000)
    make.noise(root / "audio/b,c.wav", 8000, rate=8000)
    make.text(
        root / "list.csv",
        f"{speaker_column},{path_column},start,stop,gender,session,sentence\n"
        "Kim,audio/long.wav,0,16000,female,1,hello there\n"
        "Lee,audio/../audio/long.wav,16000,,m,2,\n"
        f'Lee,"{root}/audio/b,c.wav",,,,,\n',
    )
    pools = [str(root / "list.csv")]
    prepare_pools(pools, *fold)
    (source,) = pool_sources(pools, *fold)
    assert source.data_root == str(root)
    table = read_manifest(source)
    names = ("ID", "spk_id", "gender", "session", "sentence", "start", "stop")
    assert columns(table, *names, "duration") == [
        ("list/audio/b,c", "list/Lee", "", "", "", "", "", 1.0),
        (
            *("list/audio/long@0-16000", "list/Kim", "F", "1", "hello there"),
            *("0", "16000", 1.0),
        ),
        (
            *("list/audio/long@16000-", "list/Lee", "M", "2", ""),
            *("16000", "", 1.0),
        ),
    ]
    assert all(map(os.path.isfile, table["wav"]))


def test_speech_that_must_be_converted_is_said_how(fold, make, tmp_path):
    pool = tmp_path / "Vox Celeb2"
    for name in ("id1/video1/00001", "id1/video1/00002", "id2/video2/00001"):
        make.text(pool / f"{name}.m4a", "AAC, let us say")
    make.noise(pool / "id1/video1/00001.wav")  # converted before
    with pytest.raises(ManifestError) as error:
        prepare_pools([pool], *fold)
    message, command = str(error.value).split("\n")
    assert message.startswith("2 recordings of the pool")
    assert "id1/video1/00002.m4a, id2/video2/00001.m4a. Convert" in message
    # The shell finds each file and its new name in that line
    said = subprocess.run(
        ["sh", "-c", command.replace("ffmpeg", "echo ffmpeg")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert sorted(said) == [
        f"ffmpeg -i {pool}/{name}.m4a -ar 16000 -ac 1 {pool}/{name}.wav"
        for name in ("id1/video1/00001", "id1/video1/00002", "id2/video2/00001")
    ]
    make.noise(pool / "id1/video1/00002.wav")
    make.noise(pool / "id2/video2/00001.wav")
    prepare_pools([pool], *fold)
    table = read_manifests(pool_sources([pool], *fold))
    assert columns(table, "spk_id", "session") == [
        ("Vox Celeb2/id1", "video1"),
        ("Vox Celeb2/id1", "video1"),
        ("Vox Celeb2/id2", "video2"),
    ]


def test_librispeech_in_one_folder_tells_speaker_and_chapter(
    fold, make, tmp_path
):
    for name in (
        "103-1240-0000.flac",
        "103-1241-0000.flac",
        "1034-121119-0001.flac",
        "84/121123/84-121123-0000.flac",
        "103-1240.flac",
    ):
        make.noise(tmp_path / "libri" / name)
    prepare_pools([tmp_path / "libri"], *fold)
    table = read_manifests(pool_sources([tmp_path / "libri"], *fold))
    assert columns(table, "ID", "spk_id", "session") == [
        ("libri/103-1240-0000", "libri/103", "1240"),
        ("libri/103-1241-0000", "libri/103", "1241"),
        ("libri/1034-121119-0001", "libri/1034", "121119"),
        ("libri/84/121123/84-121123-0000", "libri/84", "121123"),
    ]
    dropped = read_summary(fold[1] / "pools/libri")["dropped"]
    assert dropped == {"not in a speaker's folder": 1}


def test_names_come_back_as_they_are(fold, make, tmp_path):
    names = ['say "hi", twice', "größe", "a  b", "semi;colon", "it's"]
    for name in names:
        make.noise(tmp_path / f"pool/{name}/{name}.wav")
    prepare_pools([tmp_path / "pool"], *fold)
    (source,) = pool_sources([tmp_path / "pool"], *fold)
    table = read_manifest(source)
    rows = load_data_csv(source.csv, {"data_root": source.data_root})
    assert list(rows) == list(table["ID"])
    for row in table.itertuples():
        assert rows[row.ID]["wav"] == row.wav
        assert rows[row.ID]["spk_id"] == row.spk_id
        assert os.path.isfile(row.wav)
    assert {x.removeprefix("pool/") for x in table["spk_id"]} == set(names)


def test_a_folder_too_high_up_is_warned_of(fold, voxceleb, caplog):
    parent = voxceleb.rename(voxceleb.parent / "moved")
    (voxceleb.parent / "up").mkdir()
    parent.rename(voxceleb.parent / "up/wav")
    prepare_pools([voxceleb.parent / "up"], *fold)
    assert "of one speaker, up/wav: the folders in it" in caplog.text


def test_sources_are_in_order_and_have_no_duplicates(fold, voxceleb):
    pools = ["own", voxceleb]
    prepare_pools(pools, *fold)
    names = [
        os.path.relpath(x.csv, fold[1]) for x in fold_sources(pools, *fold)
    ]
    assert names == [
        "pool.csv",
        "pools/voxceleb/pool.csv",
        "valid.csv",
        "test.csv",
    ]
    assert fold_sources(pools, *fold)[:2] == pool_sources(pools, *fold)
    pools = [voxceleb, "own"]
    assert [x.csv for x in pool_sources(pools, *fold)] == [
        str(fold[1] / "pools/voxceleb/pool.csv"),
        str(fold[1] / "pool.csv"),
    ]
    table = read_manifests(fold_sources(pools, *fold))
    assert table["ID"].is_unique
    assert len(table) == 4 + 120


def test_a_fold_without_development_set_has_no_source_of_it(iemocap, tmp_path):
    prepare_iemocap(
        iemocap, tmp_path, protocol="sessions-nodev", expect_complete=False
    )
    sources = fold_sources(["own"], iemocap, tmp_path)
    assert [os.path.basename(source.csv) for source in sources] == [
        "pool.csv",
        "test.csv",
    ]


def test_pools_of_one_name_are_told_apart_in_any_order(fold, make, tmp_path):
    roots = [tmp_path / name for name in ("x/vox", "y/vox", "libri")]
    for root in roots:
        make.noise(root / "a/1.wav")
        make.noise(root / "b/1.wav")
    prepare_pools(roots, *fold)
    forward = pool_sources(roots, *fold)
    assert [os.path.relpath(x.csv, fold[1] / "pools") for x in forward] == [
        "x-vox/pool.csv",
        "y-vox/pool.csv",
        "libri/pool.csv",
    ]
    assert pool_sources(roots[::-1], *fold) == forward[::-1]
    assert read_manifests(forward)["spk_id"].nunique() == 6
    make.text(tmp_path / "libri.csv", "wav,speaker\nlibri/a/1.wav,a\n")
    with pytest.raises(ManifestError, match="cannot be told apart by name"):
        prepare_pools([tmp_path / "libri", tmp_path / "libri.csv"], *fold)


def test_an_unchanged_pool_is_left_alone(fold, make, voxceleb):
    def state():
        folder = fold[1] / "pools/voxceleb"
        return {x.name: x.stat().st_mtime_ns for x in folder.iterdir()}

    prepare_pools([voxceleb], *fold)
    before = state()
    prepare_pools(["own", str(voxceleb)], *fold)
    assert state() == before
    make.noise(voxceleb / "id2/video5/00001.wav")
    prepare_pools([voxceleb], *fold)
    assert state() != before
    assert read_summary(fold[1] / "pools/voxceleb")["utterances"] == {"pool": 5}


def test_real_speech_is_a_pool(emoclust_data, fold):
    pool = emoclust_data / "librispeech_test-other"
    prepare_pools([pool], *fold)
    table = read_manifests(pool_sources([pool], *fold))
    assert len(table) == 100
    assert set(table["spk_id"].value_counts()) == {10}
    assert table["duration"].min() > 1
