"""No manifest makes anybody read what is not the corpus'."""

import os

import pytest
from case import make_folders, sound, text
from data_prep import (
    ManifestError,
    Source,
    Utterance,
    prepare_generic,
    read_manifest,
)
from data_prep.manifests.preparation import Scan, prepare_manifest
from data_prep.pools.preparation import pool_sources, prepare_pools
from data_prep.recordings.paths import is_below_root


def prepare(folder, output):
    prepare_generic(folder, output, folds=3)
    return Source(str(output / "train.csv"), str(folder))


@pytest.fixture
def corpus(tmp_path):
    """A corpus that is a link, and one of whose folders is one, too."""
    make_folders(tmp_path / "disk")
    (tmp_path / "disk/Lee/sad").rename(tmp_path / "elsewhere")
    (tmp_path / "disk/Lee/sad").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "corpus").symlink_to(tmp_path / "disk")
    return tmp_path / "corpus"


def test_links_are_followed(corpus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = prepare(corpus.relative_to(tmp_path), tmp_path / "m")
    wavs = sorted(read_manifest(source)["wav"])
    assert wavs == [
        f"{corpus}/Lee/{emotion}/{take}.wav"
        for emotion in ("happy", "sad")
        for take in (1, 2)
    ]
    assert all(map(os.path.isfile, wavs))


@pytest.mark.parametrize("wav", ["../x.wav", "a/../../x.wav", "a/.."])
def test_no_path_out_of_the_folder_is_ever_written(tmp_path, wav):
    sound(tmp_path / "x.wav")
    (tmp_path / "corpus/a").mkdir(parents=True)
    utterance = Utterance(ID="x", wav=wav, spk_id="s")
    with pytest.raises(ManifestError):
        prepare_manifest(
            corpus="Tiny",
            scan=Scan([utterance], {}, {}),
            speakers=None,
            classes=(),
            data_folder=tmp_path / "corpus",
            manifest_folder=tmp_path / "m",
            details={},
        )
    assert not (tmp_path / "m").exists()


def test_paths_are_judged_as_the_system_reads_them(tmp_path):
    """A path that is said to be below stays below when it is opened."""
    parts = ["..", ".", "...", "a", "", "..a", "$data_root", "\\..", "a b"]
    for one in parts:
        for two in parts:
            for three in parts:
                wav = f"$data_root/{one}/{two}/{three}"
                path = f"{tmp_path}{wav.removeprefix('$data_root')}"
                climbs = ".." in path.split("/")
                assert is_below_root(wav) == (not climbs)
                if not climbs:
                    assert os.path.realpath(path).startswith(str(tmp_path))


def test_a_table_of_a_pool_allows_the_folder_that_it_is_in(tmp_path):
    make_folders(tmp_path / "corpus")
    prepare(tmp_path / "corpus", tmp_path / "m")
    heard = sound(tmp_path / "disk/calls/1.wav")
    row = f"path,speaker\n{heard},Eve\n"
    fold = (tmp_path / "corpus", tmp_path / "m")

    deep = text(tmp_path / "disk/lists/calls.csv", row)
    with pytest.raises(ManifestError, match="is not in the folder of the tab"):
        prepare_pools([deep], *fold)
    above = text(tmp_path / "disk/calls.csv", row)
    prepare_pools([above], *fold)
    (source,) = pool_sources([above], *fold)
    assert read_manifest(source)["wav"].tolist() == [str(heard)]
