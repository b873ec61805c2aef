"""Unlabeled pools that are refused: bad tables, held-out speech, names."""

import os
import pathlib
import shutil

import pytest
from data_prep import ManifestError, read_manifest
from data_prep.pools.preparation import (
    fold_sources,
    pool_sources,
    prepare_pools,
)

from tests.data_prep.tars import put


@pytest.mark.parametrize(
    "text, message",
    [
        ("a,b\n1,2\n", "has no column wav or path or file, but a, b."),
        (
            "wav,speaker\n../x.wav,Kim\nok.wav,Kim\n/etc/x.wav,Kim\n",
            "has 2 unusable rows: line 2: ../x.wav is not in the folder of "
            "the table, line 4: /etc/x.wav is not in the folder",
        ),
        (
            "wav,speaker,start,stop\nok.wav,Kim,0,900\n",
            "parts of their files: list/ok@0-900 (0 to 900 of 800 samples is",
        ),
        ("wav,speaker\nok.wav,A\nok.wav,B\n", "duplicate IDs: list/ok."),
        ("wav,speaker\n", "pool.csv has no utterance."),
    ],
)
def test_a_bad_table_is_refused(fold, make, tmp_path, text, message):
    make.noise(tmp_path / "pool/ok.wav")
    path = make.text(tmp_path / "pool/list.csv", text)
    with pytest.raises(ManifestError) as error:
        prepare_pools([path], *fold)
    assert message in str(error.value)
    assert not (fold[1] / "pools/list").exists()


def test_a_file_name_that_is_not_utf8_is_refused(fold, voxceleb):
    name = os.fsencode(voxceleb) + b"/id1/\xe9t\xe9.wav"
    os.link(voxceleb / "id1/video1/00001.wav", name)
    with pytest.raises(ManifestError, match=r"id1/.udce9t.udce9'. Rename them"):
        prepare_pools([voxceleb], *fold)


@pytest.mark.parametrize(
    "through", ["folder", "link", "table", "copy", "tar", "corpus"]
)
def test_a_pool_with_held_out_speech_is_refused(fold, make, tmp_path, through):
    corpus, folder = fold
    test = read_manifest(fold_sources("own", *fold)[-1])["wav"][0]
    pool = tmp_path / "pool"
    make.noise(pool / "a/1.wav")
    if through == "folder":
        os.link(test, pool / "a/2.wav")
    elif through == "link":
        (pool / "b").symlink_to(corpus / "AudioWAV")
    elif through == "copy":
        shutil.copy(test, pool / "a/other name.wav")
    elif through == "tar":
        put(pool / "x.tar", ("b/3.wav", pathlib.Path(test).read_bytes()))
    elif through == "corpus":
        pool = corpus
    else:
        (pool / "a/2.wav").symlink_to(test)
        pool = make.text(pool / "list.csv", "path,speaker\na/2.wav,Kim\n")
    with pytest.raises(ManifestError) as error:
        prepare_pools([pool], corpus, folder)
    assert "test.csv" in str(error.value)
    assert "must not hear what is validated or tested on" in str(error.value)
    assert not (folder / "pools").exists()


def test_one_recording_in_two_pools_is_refused(fold, voxceleb, tmp_path):
    corpus, folder = fold
    other = tmp_path / "other"
    (other / "Kim").mkdir(parents=True)
    (other / "Kim/1.wav").symlink_to(voxceleb / "id1/video1/00001.wav")
    with pytest.raises(
        ManifestError, match=r"\(.*/voxceleb\) is |is .*/voxceleb\)"
    ):
        prepare_pools([voxceleb, other], corpus, folder)
    prepare_pools([other], corpus, folder)
    train = read_manifest(pool_sources("own", *fold)[0])["wav"][0]
    (other / "Kim/2.wav").symlink_to(train)
    prepare_pools([other], corpus, folder)
    with pytest.raises(ManifestError, match=r"\(pool.csv\)"):
        prepare_pools([other, "own"], corpus, folder)


def test_the_same_pool_twice_is_refused(fold, voxceleb):
    link = voxceleb.parent / "link"
    link.symlink_to(voxceleb)
    with pytest.raises(ManifestError, match="voxceleb more than once"):
        prepare_pools([voxceleb, link], *fold)


def test_training_needs_a_pool_and_a_prepared_fold(fold, tmp_path):
    with pytest.raises(ManifestError, match="pools is empty: list 'own'"):
        pool_sources([], *fold)
    with pytest.raises(
        ManifestError, match="no manifest in .*nowhere: prepare"
    ):
        prepare_pools(["own"], fold[0], tmp_path / "nowhere")
