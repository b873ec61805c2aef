"""The synthetic corpora: repeatable, resumable, never written over."""

import inspect
import pathlib
import subprocess
import sys

import pytest
from data_prep.errors import EmoclustError
from emoclust_lobes.synthetic import tree
from emoclust_lobes.synthetic.__main__ import MAKERS, main
from emoclust_lobes.synthetic.voice import speak


def make_one(corpus, folder, **kwargs):
    """Make as little of a corpus as there can be, or more."""
    names = inspect.signature(MAKERS[corpus]).parameters
    sizes = {name: 1 for name in names if name.startswith("n_")}
    return MAKERS[corpus](folder, **{**sizes, **kwargs})


def content(folder):
    """Return what is in each file of a tree."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {x.relative_to(folder).as_posix(): x.read_bytes() for x in paths}


@pytest.mark.parametrize("corpus", MAKERS)
def test_a_seed_decides_every_byte(corpus, tmp_path):
    trees = {}
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        make_one(corpus, tmp_path / name, seed=seed)
        trees[name] = content(tmp_path / name)
    assert trees["first"] == trees["again"]
    assert trees["first"].keys() == trees["other"].keys()
    assert trees["first"]["README.txt"].startswith(b"SYNTHETIC")
    clips = [path for path in trees["first"] if path.endswith(".wav")]
    assert clips
    for path in clips:
        assert trees["first"][path] != trees["other"][path]


def test_more_speakers_leave_the_first_ones_as_they_are(tmp_path):
    make_one("ravdess", tmp_path / "few")
    make_one("ravdess", tmp_path / "many", n_speakers=2)
    few, many = content(tmp_path / "few"), content(tmp_path / "many")
    clips = [path for path in few if path.endswith(".wav")]
    assert clips and all(few[path] == many[path] for path in clips)


@pytest.mark.parametrize("corpus", ["cremad", "iemocap"])
def test_an_interrupted_tree_is_completed_to_the_same_bytes(
    corpus, tmp_path, monkeypatch
):
    counts = make_one(corpus, tmp_path / "whole")
    half, spoken = tmp_path / "half", []

    def interrupted(*args, **kwargs):
        if len(spoken) == 2:
            raise KeyboardInterrupt
        spoken.append(args)
        return speak(*args, **kwargs)

    monkeypatch.setattr(tree, "speak", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make_one(corpus, half)
    monkeypatch.undo()
    before = {path: path.stat().st_mtime_ns for path in half.rglob("*.wav")}
    assert len(before) == 2
    assert make_one(corpus, half) == counts
    assert content(half) == content(tmp_path / "whole")
    assert all(path.stat().st_mtime_ns == t for path, t in before.items())

    monkeypatch.setattr(tree, "write_clips", None)  # would fail when called
    assert make_one(corpus, half) == counts


def test_another_tree_and_foreign_files_are_left_alone(tmp_path):
    make_one("ravdess", tmp_path / "mine")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "thesis.txt").write_text("precious")
    before = content(tmp_path)
    for corpus, seed in (("ravdess", 2), ("cremad", 1)):
        with pytest.raises(FileExistsError, match="remove it or choose"):
            make_one(corpus, tmp_path / "mine", seed=seed)
    with pytest.raises(FileExistsError, match="choose a new folder"):
        make_one("ravdess", tmp_path / "theirs")
    assert content(tmp_path) == before


def test_numbers_that_the_corpus_cannot_have_are_refused(tmp_path):
    with pytest.raises(EmoclustError, match="n_repetitions is 0"):
        make_one("ravdess", tmp_path / "corpus", n_repetitions=0)
    with pytest.raises(EmoclustError, match="IEMOCAP has 1 to 5"):
        make_one("iemocap", tmp_path / "corpus", n_sessions=6)
    assert not (tmp_path / "corpus").exists()


def test_the_command_line_makes_the_same_tree(tmp_path, capfd):
    make_one("ravdess", tmp_path / "a", seed=7)
    command = "--speakers 1 --statements 1 --repetitions 1 --seed 7".split()
    main(["ravdess", str(tmp_path / "b"), *command])
    assert "15 clips" in capfd.readouterr().out
    assert content(tmp_path / "a") == content(tmp_path / "b")
    with pytest.raises(SystemExit, match="1"):
        main(["ravdess", str(tmp_path / "c"), "--speakers=25"])
    assert capfd.readouterr().err == "n_speakers is 25: RAVDESS has 1 to 24\n"
    python = [sys.executable, "-m", "emoclust_lobes.synthetic"]
    root = pathlib.Path(__file__).parents[3]
    subprocess.run([*python, "ravdess", "--help"], cwd=root, check=True)
    assert "--speakers N" in capfd.readouterr().out
