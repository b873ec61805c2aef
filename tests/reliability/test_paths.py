"""No manifest makes anybody read what is not the corpus'."""

import os

import pandas
import pytest
from case import make_folders, sound, text
from data_prep import (
    ManifestError,
    Source,
    Utterance,
    pool_sources,
    prepare_generic,
    prepare_pools,
    read_manifest,
)
from data_prep.manifests.preparation import Scan, prepare_manifest
from data_prep.recordings.paths import find_outside, is_below_root


@pytest.fixture
def corpus(tmp_path):
    """Folder of a corpus one of whose folders is linked from elsewhere."""
    folder = tmp_path / "corpus"
    make_folders(folder)
    elsewhere = tmp_path / "elsewhere"
    (folder / "Lee/sad").rename(elsewhere)
    (folder / "Lee/sad").symlink_to(elsewhere)
    return folder


def prepare(folder, output):
    prepare_generic(folder, output, folds=3)
    return Source(str(output / "train.csv"), str(folder))


def test_links_lead_out_only_to_where_the_user_says(
    corpus, tmp_path, monkeypatch
):
    outside = str(tmp_path / "elsewhere")
    message = f"Lee/sad/1.wav: a link leads out of that folder, to {outside}"
    for allowed in ("", str(tmp_path / "else"), str(tmp_path / "corpus")):
        monkeypatch.setenv("EMOCLUST_LINKS", allowed)
        with pytest.raises(ManifestError, match=message):
            prepare(corpus, tmp_path / "refused")
    assert not (tmp_path / "refused").exists()

    for number, allowed in enumerate(
        (outside, str(tmp_path), f"/nowhere:{outside}/", "/")
    ):
        monkeypatch.setenv("EMOCLUST_LINKS", allowed)
        source = prepare(corpus, tmp_path / str(number))
        assert len(read_manifest(source)) == 4

    # Reading asks again: the manifest may come from somebody else.
    monkeypatch.delenv("EMOCLUST_LINKS")
    with pytest.raises(ManifestError, match=f"links lead out of {corpus}: "):
        read_manifest(source)


def test_a_folder_named_by_the_user_may_itself_be_a_link(tmp_path):
    make_folders(tmp_path / "disk")
    (tmp_path / "corpus").symlink_to(tmp_path / "disk")
    source = prepare(tmp_path / "corpus", tmp_path / "m")
    assert len(read_manifest(source)) == 4


def test_only_the_end_of_a_way_counts(tmp_path):
    root, other = tmp_path / "a", tmp_path / "ab"
    for folder in (root, other):
        sound(folder / "1.wav")
    (other / "back.wav").symlink_to(root / "1.wav")
    (root / "round.wav").symlink_to(other / "back.wav")
    (root / "chain.wav").symlink_to("beside.wav")
    (root / "beside.wav").symlink_to(other / "1.wav")
    (root / "gone.wav").symlink_to("nowhere.wav")
    paths = [
        str(root / name)
        for name in ("1.wav", "round.wav", "chain.wav", "gone.wav", "new.wav")
    ]
    assert find_outside(root, pandas.Series(paths)) == {
        str(root / "chain.wav"): str(other / "1.wav")
    }


def test_a_relative_folder_is_where_it_is(corpus, tmp_path, monkeypatch):
    monkeypatch.setenv("EMOCLUST_LINKS", "elsewhere")
    monkeypatch.chdir(tmp_path)
    source = prepare(corpus.relative_to(tmp_path), tmp_path / "m")
    wavs = read_manifest(source)["wav"]
    assert sorted(wavs)[0] == f"{corpus}/Lee/happy/1.wav"
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
