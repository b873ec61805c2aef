"""The synthetic corpora: repeatable, resumable, never written over."""

import pathlib
import subprocess
import sys

import pytest
from emoclust_lobes.synthetic import (
    make_cremad,
    make_iemocap,
    make_pool,
    make_ravdess,
    speak,
    tree,
)
from emoclust_lobes.synthetic.__main__ import main
from tree_digest import digest

MINIATURES = {
    make_ravdess: {"n_speakers": 1, "n_statements": 1, "n_repetitions": 1},
    make_cremad: {"n_speakers": 1, "n_sentences": 1},
    make_iemocap: {"n_sessions": 1, "n_per_emotion": 1, "n_outside": 1},
    make_pool: {"n_speakers": 1, "n_sessions": 1, "n_utterances": 3},
}


@pytest.mark.parametrize("make", MINIATURES, ids=lambda make: make.__name__)
def test_a_seed_decides_every_byte_and_another_seed_other_speech(
    make, tmp_path
):
    sizes = MINIATURES[make]
    trees = {}
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        make(tmp_path / name, seed=seed, **sizes)
        trees[name] = digest(tmp_path / name)
    assert trees["first"] == trees["again"]
    assert trees["first"].keys() == trees["other"].keys()
    for path in trees["first"]:
        if path.endswith(".wav"):
            assert trees["first"][path] != trees["other"][path]


@pytest.mark.parametrize("make", MINIATURES, ids=lambda make: make.__name__)
def test_every_tree_says_that_it_is_synthetic(make, tmp_path):
    make(tmp_path, **MINIATURES[make])
    assert (tmp_path / "README.txt").read_text().startswith("SYNTHETIC")


@pytest.mark.parametrize("make", MINIATURES, ids=lambda make: make.__name__)
def test_an_interrupted_tree_is_completed_to_the_same_bytes(
    make, tmp_path, monkeypatch
):
    whole, half = tmp_path / "whole", tmp_path / "half"
    counts = make(whole, **MINIATURES[make])
    spoken = []

    def interrupted(*args, **kwargs):
        if len(spoken) == 2:
            raise KeyboardInterrupt
        spoken.append(args)
        return speak(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(tree, "speak", interrupted)
        with pytest.raises(KeyboardInterrupt):
            make(half, **MINIATURES[make])
    before = {path: path.stat().st_mtime_ns for path in half.rglob("*.wav")}
    assert len(before) == 2
    assert make(half, **MINIATURES[make]) == counts
    assert digest(half) == digest(whole)
    assert all(path.stat().st_mtime_ns == t for path, t in before.items())


def test_a_finished_tree_is_not_made_again(tmp_path, monkeypatch):
    sizes = MINIATURES[make_ravdess]
    counts = make_ravdess(tmp_path, **sizes)
    monkeypatch.setattr(tree, "speak", None)  # would fail when called
    assert make_ravdess(tmp_path, **sizes) == counts


def test_a_tree_with_other_arguments_and_foreign_files_are_left_alone(
    tmp_path,
):
    make_ravdess(tmp_path / "mine", **MINIATURES[make_ravdess])
    before = digest(tmp_path / "mine")
    with pytest.raises(FileExistsError, match="remove it or choose"):
        make_ravdess(tmp_path / "mine", **MINIATURES[make_ravdess], seed=2)
    with pytest.raises(FileExistsError, match="remove it or choose"):
        make_cremad(tmp_path / "mine", **MINIATURES[make_cremad])
    assert digest(tmp_path / "mine") == before

    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "thesis.txt").write_text("precious")
    before = digest(tmp_path / "theirs")
    with pytest.raises(FileExistsError, match="choose a new folder"):
        make_ravdess(tmp_path / "theirs", **MINIATURES[make_ravdess])
    assert digest(tmp_path / "theirs") == before


@pytest.mark.parametrize(
    "make, number",
    [
        (make_ravdess, {"n_speakers": 25}),
        (make_ravdess, {"n_repetitions": 0}),
        (make_cremad, {"n_speakers": 92}),
        (make_cremad, {"n_sentences": 13}),
        (make_iemocap, {"n_sessions": 6}),
    ],
)
def test_numbers_that_the_corpus_cannot_have_are_refused(
    make, number, tmp_path
):
    with pytest.raises(ValueError, match=next(iter(number))):
        make(tmp_path / "corpus", **number)
    assert not (tmp_path / "corpus").exists()


def test_the_command_line_makes_the_same_tree_and_prints_its_counts(
    tmp_path, capsys
):
    make_ravdess(tmp_path / "a", **MINIATURES[make_ravdess], seed=7)
    command = "--speakers 1 --statements 1 --repetitions 1 --seed 7".split()
    main(["ravdess", str(tmp_path / "b"), *command])
    assert "15 clips" in capsys.readouterr().out
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


def test_the_command_line_explains_itself_and_its_errors(tmp_path):
    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "emoclust_lobes.synthetic", *arguments],
            cwd=pathlib.Path(__file__).parents[3],
            capture_output=True,
            text=True,
        )

    helped = run("ravdess", "--help")
    assert helped.returncode == 0 and "--speakers N" in helped.stdout
    failed = run("ravdess", str(tmp_path / "x"), "--speakers=25")
    assert failed.returncode == 1
    assert failed.stderr == "n_speakers is 25: RAVDESS has 1 to 24\n"
