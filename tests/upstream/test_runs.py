"""Rows are run as they say, and what they do not leave is told."""

import os
import subprocess
import sys

import pytest
from emoclust_lobes.upstream.export import make_tree, overlay
from emoclust_lobes.upstream.rows import read_rows, with_rows
from emoclust_lobes.upstream.runs import copy_library, failed_rows, make_python
from emoclust_lobes.upstream.samples import MAKERS, write_samples

ROWS = "tests/recipes/Birds.csv"


def change_row(tree, **columns):
    ((_, row),) = read_rows(tree)
    (tree / ROWS).write_text(with_rows("", [row | columns]))


def test_a_row_is_run_with_its_flags(tree):
    assert failed_rows(tree, sys.executable) == []
    left = tree / "tests" / "tmp" / "Birds_row_01" / "log.txt"
    assert left.read_text() == "2cpu"


def test_a_script_that_fails_is_told_with_its_last_words(tree):
    change_row(tree, test_debug_flags="--feathers=2")
    (problem,) = failed_rows(tree, sys.executable)
    assert problem.startswith("recipes/Birds/owls/hparams/train.yaml: exit")
    assert problem.endswith("KeyError: 'volume'")


def test_a_file_that_is_not_left_is_told(tree):
    change_row(tree, test_debug_checks="file_exists=[train.py,eggs.txt]")
    (problem,) = failed_rows(tree, sys.executable)
    assert problem.endswith("eggs.txt was not left")


@pytest.mark.parametrize("code, n_problems", [(0, 0), (3, 1)])
def test_what_sets_a_test_up_is_run_before(code, n_problems, tree):
    path = tree / "tests/recipes/setup/recipes_Birds_owls_train/hparams_train"
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho up > nest.txt\nexit {code}\n")
    path.chmod(0o755)
    assert len(failed_rows(tree, sys.executable)) == n_problems
    assert (tree / "nest.txt").read_text() == "up\n"


def test_python_sees_the_library_of_the_tree_and_no_package_of_ours(tmp_path):
    library = tmp_path / "tree" / "speechbrain"
    library.mkdir(parents=True)
    (library / "__init__.py").write_text("here = True\n")
    python = make_python(tmp_path / "venv", tmp_path / "tree")
    code = (
        "import importlib.util, numpy, speechbrain\n"
        "print(speechbrain.here, importlib.util.find_spec('emoclust_lobes'))"
    )
    # Elsewhere, because the current folder is always looked through
    done = subprocess.run(
        [python, "-c", code],
        cwd=tmp_path,
        env={k: x for k, x in os.environ.items() if k != "PYTHONPATH"},
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["True", "None"], done.stderr


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_the_recipes_run_where_they_go(tmp_path):
    folder, tree = tmp_path / "export", tmp_path / "tree"
    make_tree(folder)
    write_samples(folder, MAKERS)
    tree.mkdir()
    copy_library(tree)
    overlay(folder, tree)
    assert failed_rows(tree, make_python(tmp_path / "venv", tree)) == []
