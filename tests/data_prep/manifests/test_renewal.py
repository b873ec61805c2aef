"""When the manifest on disk is written again, and when it is left alone."""

import os

import pytest
from data_prep import Source, prepare_cremad, prepare_iemocap, read_manifest
from data_prep.errors import ManifestError
from data_prep.manifests import preparation
from data_prep.manifests.summary import find_summary, read_summary
from data_prep.recordings import audio_files
from data_prep.storage.locks import LOCK, OWNER


def snapshot(folder):
    """Return content and time of every file of a manifest."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.iterdir()
    }


def contents(folder):
    """Return the content of every file of a manifest."""
    paths = (path for path in folder.iterdir() if path.name != LOCK)
    return {path.name: path.read_bytes() for path in paths}


def test_an_unchanged_corpus_is_left_alone(prepared):
    corpus, folder = prepared
    before = snapshot(folder)
    prepare_cremad(corpus, folder, expect_complete=False)
    for path in corpus.rglob("*"):
        os.utime(path, (1, 1))
    prepare_cremad(str(corpus), str(folder), expect_complete=False)
    assert snapshot(folder) == before


@pytest.mark.parametrize(
    "arguments", [{"fold": 2}, {"classes": 4}, {"label_source": "voice"}]
)
def test_other_arguments_write_it_again(prepared, arguments):
    corpus, folder = prepared
    before = contents(folder)
    prepare_cremad(corpus, folder, expect_complete=False, **arguments)
    after = contents(folder)
    assert all(after[name] != before[name] for name in before)
    prepare_cremad(corpus, folder, expect_complete=False)
    assert contents(folder) == before


def shorten(make, corpus):
    make.noise(corpus / "AudioWAV/1001_DFA_ANG_XX.wav", 400)


def remove(make, corpus):
    (corpus / "AudioWAV/1091_DFA_ANG_XX.wav").unlink()


def relabel(make, corpus):
    make.text(corpus / "VideoDemographics.csv", "ActorID,Sex\n1001,Female\n")


@pytest.mark.parametrize("change", [shorten, remove, relabel])
def test_another_corpus_writes_it_again(make, prepared, change):
    corpus, folder = prepared
    before = contents(folder)
    change(make, corpus)
    prepare_cremad(corpus, folder, expect_complete=False)
    assert contents(folder) != before
    for split in ("train", "test"):
        source = Source(str(folder / f"{split}.csv"), str(corpus))
        assert all(map(os.path.isfile, read_manifest(source)["wav"]))


@pytest.mark.parametrize(
    "name", ["train.csv", "valid.csv", "pool.csv", "manifest.json"]
)
@pytest.mark.parametrize("damage", ["delete", "cut", "alter", "binary"])
def test_a_damaged_manifest_is_written_again(prepared, name, damage):
    corpus, folder = prepared
    before = contents(folder)
    path, content = folder / name, before[name]
    if damage == "delete":
        path.unlink()
    else:
        path.write_bytes(
            {
                "cut": content[: len(content) // 2],
                "alter": content.replace(b"1", b"2"),
                "binary": b"\xff\xfe\0",
            }[damage]
        )
    prepare_cremad(corpus, folder, expect_complete=False)
    assert contents(folder) == before


def test_what_was_prepared_before_copies_were_looked_for_is_not_taken(
    prepared, monkeypatch
):
    cremad, folder = prepared
    one, other = (
        cremad / f"AudioWAV/{x}_DFA_ANG_XX.wav" for x in ("1001", "1091")
    )
    other.write_bytes(one.read_bytes())
    with monkeypatch.context() as before:
        before.setattr(preparation, "FORMAT", 1)
        before.setattr(preparation, "refuse_copies", lambda *_: None)
        prepare_cremad(cremad, folder, expect_complete=False)
    assert read_summary(folder)["format"] == 1
    with pytest.raises(ManifestError, match="there more than once"):
        prepare_cremad(cremad, folder, expect_complete=False)
    other.unlink()
    prepare_cremad(cremad, folder, expect_complete=False)
    assert read_summary(folder)["format"] > 1


@pytest.mark.parametrize("written", range(5))
def test_a_killed_write_never_reads_as_whole(prepared, monkeypatch, written):
    corpus, folder = prepared
    renamed = []

    def rename(source, target, really=os.replace):
        if os.path.basename(target) != OWNER:
            if len(renamed) == written:
                raise KeyboardInterrupt
            renamed.append(target)
        really(source, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "replace", rename)
        prepare_cremad(corpus, folder, fold=2, expect_complete=False)
    assert len(renamed) == written
    assert find_summary(folder) is None
    prepare_cremad(corpus, folder, fold=2, expect_complete=False)
    prepare_cremad(corpus, folder.parent / "new", 2, expect_complete=False)
    assert contents(folder) == contents(folder.parent / "new")


def test_what_another_process_has_written_meanwhile_stays(
    cremad, tmp_path, monkeypatch
):
    folder, seen = tmp_path / "manifest", []

    def prepare():
        prepare_cremad(cremad, folder, expect_complete=False)

    def probe(*arguments, really=audio_files.probe_files):
        monkeypatch.setattr(audio_files, "probe_files", really)
        prepare()  # the other, which does not wait for this one
        seen.append(snapshot(folder))
        return really(*arguments)

    monkeypatch.setattr(audio_files, "probe_files", probe)
    prepare()
    for name, state in snapshot(folder).items():
        assert name == LOCK or state == seen[0][name]


def test_a_fold_without_development_set_leaves_no_old_one(iemocap, tmp_path):
    prepare_iemocap(iemocap, tmp_path, expect_complete=False)
    assert (tmp_path / "valid.csv").exists()
    prepare_iemocap(
        iemocap, tmp_path, protocol="sessions-nodev", expect_complete=False
    )
    assert sorted(contents(tmp_path)) == [
        "manifest.json",
        "pool.csv",
        "test.csv",
        "train.csv",
    ]
    assert set(read_summary(tmp_path)["files"]) == {
        "pool.csv",
        "test.csv",
        "train.csv",
    }
