"""What the recipes rely on, asked of every corpus."""

import collections
import csv
import functools
import inspect
import pathlib
import re
import shutil

import data_prep
import pytest
import soundfile
from data_prep import COLUMNS, ManifestError, Source, read_manifest
from data_prep.manifests.summary import read_summary

from tests.data_prep.disk_order import list_backwards
from tests.data_prep.miniatures import CORPORA


@pytest.fixture(scope="module")
def make_tree(tmp_path_factory):
    """Return the function that gives a miniature, made once, and its counts."""

    @functools.cache
    def tree(make):
        root = tmp_path_factory.mktemp("corpus") / "miniature"
        return root, make(root)

    return tree


@pytest.fixture(scope="module", params=CORPORA)
def case(request, make_tree):
    """A corpus, a miniature tree that must not be changed, its counts."""
    corpus = CORPORA[request.param]
    return corpus, *make_tree(corpus.make)


@pytest.fixture
def mine(case, tmp_path):
    """A corpus and a copy of its tree that may be changed."""
    corpus, root, _ = case
    return corpus, pathlib.Path(shutil.copytree(root, tmp_path / "data"))


def prepare(corpus, root, folder, **arguments):
    """Prepare a miniature."""
    given = {"expect_complete": not corpus.partial, **corpus.options}
    corpus.prepare(root, folder, **{**given, **arguments})


def tables(root, folder):
    """Read all CSVs of a manifest."""
    return {
        path.stem: read_manifest(Source(str(path), str(root)))
        for path in folder.glob("*.csv")
    }


def contents(folder):
    """Return all bytes of a manifest."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_function_of_data_prep_is_asked():
    asked = {corpus.prepare.__name__ for corpus in CORPORA.values()}
    offered = {x for x in dir(data_prep) if x.startswith("prepare_")}
    others = {"prepare_clips", "prepare_pools"}
    assert offered - others == asked - {"prepare_tiny"}


def test_arguments_have_the_names_that_the_yaml_files_use(case):
    corpus, *_ = case
    signature = inspect.signature(corpus.prepare).parameters
    first, second, *_ = signature
    assert (first, second) == ("data_folder", "manifest_folder")
    assert signature["fold"].default == 1
    assert signature["expect_complete"].default is True
    assert signature["classes"].default == corpus.default


def test_folds_share_no_speaker_and_have_every_class(case, tmp_path):
    corpus, root, counts = case
    expected = {"train", "test"} | ({"valid"} if corpus.develops else set())
    tested = []
    for fold in range(1, corpus.n_folds + 1):
        prepare(corpus, root, tmp_path, fold=fold)
        rows = tables(root, tmp_path)
        assert set(rows) == {*expected, "pool"}
        speakers = [x for split in expected for x in {*rows[split]["spk_id"]}]
        assert len(speakers) == len(set(speakers))
        assert set(speakers) == set(counts) - set(corpus.left_out)
        classes = set(corpus.class_sets[corpus.default])
        for split in expected:
            assert set(rows[split]["emotion"]) == classes
        assert set(rows["pool"]["spk_id"]) == set(rows["train"]["spk_id"])
        assert set(rows["train"]["ID"]) <= set(rows["pool"]["ID"])
        tested += {*rows["test"]["spk_id"]}
    assert read_summary(tmp_path)["folds"] == corpus.n_folds
    assert len(tested) == len(set(tested))
    if corpus.n_folds > 1:
        assert set(tested) == set(counts)
    with pytest.raises(ManifestError, match=f"fold={corpus.n_folds + 1} does"):
        prepare(corpus, root, tmp_path, fold=corpus.n_folds + 1)


def test_class_sets_have_the_labels_of_the_tree(case, tmp_path):
    corpus, root, counts = case
    for classes, emotions in corpus.class_sets.items():
        given = list(classes) if isinstance(classes, tuple) else classes
        prepare(corpus, root, tmp_path, classes=given)
        assert read_summary(tmp_path)["classes"] == sorted(emotions)
        found = collections.Counter()
        for split, table in tables(root, tmp_path).items():
            if split != "pool":
                pairs = zip(table["spk_id"], table["emotion"], strict=True)
                found.update(pairs)
        wanted = collections.Counter()
        for speaker in set(counts) - set(corpus.left_out):
            for label, n in counts[speaker].items():
                emotion = corpus.codes.get(label, label)
                if emotion in emotions:
                    wanted[speaker, emotion] += n
        assert found == wanted


def test_rows_have_all_columns_and_the_durations_of_the_files(case, tmp_path):
    corpus, root, _ = case
    prepare(corpus, root, tmp_path)
    for name in ("train", "test", "pool"):
        with open(tmp_path / f"{name}.csv", newline="") as stream:
            assert tuple(next(csv.reader(stream))) == COLUMNS
    sources = set()
    for row in tables(root, tmp_path)["test"].itertuples():
        assert row.duration == pytest.approx(
            soundfile.info(row.wav).duration, abs=1e-6
        )
        assert row.gender in ("F", "M", "")
        assert row.spk_id and row.label_source
        sources.add(row.label_source)
    assert len(sources) == 1


def test_bytes_depend_on_neither_place_nor_order_on_disk(
    case, tmp_path, monkeypatch
):
    corpus, root, _ = case
    prepare(corpus, root, tmp_path / "a")
    shutil.copytree(root, tmp_path / "another place")
    list_backwards(monkeypatch)
    monkeypatch.chdir(tmp_path)
    prepare(corpus, "another place", pathlib.Path("b"))
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_a_current_manifest_is_left_alone(case, tmp_path):
    corpus, root, _ = case

    def state():
        return {x.name: x.stat().st_mtime_ns for x in tmp_path.iterdir()}

    prepare(corpus, root, tmp_path)
    before = state()
    prepare(corpus, root, tmp_path)
    assert state() == before


def test_a_wrong_folder_is_named(case, tmp_path):
    corpus, root, _ = case
    (tmp_path / "empty").mkdir()
    for folder, message in (
        ("nowhere", "data_folder='nowhere' is not a folder: give the folder"),
        (tmp_path / "empty", "; it holds nothing."),
    ):
        with pytest.raises(ManifestError) as error:
            prepare(corpus, folder, tmp_path / "manifest")
        assert message in str(error.value)
    assert not (tmp_path / "manifest").exists()


def test_a_duplicate_is_refused(mine, tmp_path):
    corpus, root = mine
    corpus.duplicate(root)
    with pytest.raises(ManifestError, match="has duplicate IDs: |has too many"):
        for fold in range(1, corpus.n_folds + 1):
            prepare(corpus, root, tmp_path / "manifest", fold=fold)


def test_a_corrupt_file_is_named(mine, tmp_path):
    corpus, root = mine
    prepare(corpus, root, tmp_path / "manifest")
    path = tables(root, tmp_path / "manifest")["test"]["wav"][0]
    before = contents(tmp_path / "manifest")
    pathlib.Path(path).write_bytes(pathlib.Path(path).read_bytes()[:500])
    with pytest.raises(ManifestError) as error:
        prepare(corpus, root, tmp_path / "manifest")
    name = pathlib.Path(path).relative_to(root).as_posix()
    assert re.search(
        f"{re.escape(name)}: truncated: \\d+ bytes", str(error.value)
    )
    assert contents(tmp_path / "manifest") == before


def test_other_classes_and_a_part_are_refused(case, tmp_path):
    corpus, root, _ = case
    with pytest.raises(ManifestError, match="classes=99 is no"):
        prepare(corpus, root, tmp_path, classes=99)
    if corpus.partial:
        with pytest.raises(ManifestError, match="is not complete: .* were fou"):
            prepare(corpus, root, tmp_path, expect_complete=True)
    assert not list(tmp_path.iterdir())
