"""SpeechBrain's own checkers, where there is a checkout of it.

``SPEECHBRAIN_CHECKOUT=FOLDER make test-upstream`` runs them on a copy.
"""

import os
import pathlib
import re
import shutil
import subprocess

import pytest
from emoclust_lobes.upstream.export import make_tree, overlay
from emoclust_lobes.upstream.layout import HOMES, RECIPES, ROOT, path_of
from emoclust_lobes.upstream.rows import read_rows
from emoclust_lobes.upstream.runs import make_python
from emoclust_lobes.upstream.samples import MAKERS, write_samples

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """Copy of a checkout, and a Python that sees it alone."""
    source = os.environ.get("SPEECHBRAIN_CHECKOUT")
    if not source:
        pytest.skip(
            "needs SpeechBrain's repository: set SPEECHBRAIN_CHECKOUT to a "
            "checkout of it"
        )
    folder = tmp_path_factory.mktemp("upstream")
    copy = folder / "speechbrain"
    shutil.copytree(
        source,
        copy,
        symlinks=True,
        ignore=shutil.ignore_patterns("__pycache__", ".git"),
    )
    return copy, make_python(folder / "venv", copy)


@pytest.fixture(scope="module")
def overlaid(checkout, tmp_path_factory):
    """The same with our recipes."""
    tree = tmp_path_factory.mktemp("export") / "tree"
    make_tree(tree)
    write_samples(tree, MAKERS)
    overlay(tree, checkout[0])
    return (*checkout, tree)


def run(copy, python, *arguments):
    """Run Python in the checkout; return what it says, or fail with it."""
    environment = {k: x for k, x in os.environ.items() if k != "PYTHONPATH"}
    environment["PATH"] = f"{python.parent}:{environment['PATH']}"
    done = subprocess.run(
        [python, *arguments],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-6000:]
    return said


def test_the_speaker_fix_applies_and_its_test_shows_it(checkout):
    copy, python = checkout
    text = (ROOT / "docs" / "upstream.md").read_text()
    patch, test = re.search(
        r"```diff\n(.*?)```.*?```python\n(.*?)```", text, re.S
    ).groups()
    name = re.search(r"`(tests/unittests/test_\w+\.py)`", text)[1]
    (copy / name).write_text(test)
    with pytest.raises(AssertionError, match="2 failed"):
        run(copy, python, "-m", "pytest", "-q", name)
    subprocess.run(
        ["patch", "-p1"], cwd=copy, input=patch, text=True, check=True
    )
    run(copy, python, "-m", "pytest", "-q", name)


def test_their_consistency_tests_pass(overlaid):
    copy, python, _ = overlaid
    said = run(copy, python, "-m", "pytest", "-q", "tests/consistency")
    assert re.search(r"\d+ passed", said)
    assert not re.search("failed|error", said)


def test_doctests_of_what_goes_into_the_library_pass(overlaid):
    copy, python, _ = overlaid
    ours = [path_of(x) for x in HOMES.values() if x.startswith("speechbrain")]
    run(copy, python, "-m", "pytest", "-q", "--doctest-modules", *ours)


def test_git_takes_every_file(overlaid, tmp_path):
    copy, _, tree = overlaid
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    shutil.copy(copy / ".gitignore", tmp_path)
    names = [
        path.relative_to(tree).as_posix()
        for path in tree.rglob("*")
        if path.is_file()
    ]
    done = subprocess.run(
        ["git", "-C", tmp_path, "check-ignore", "--stdin"],
        input="\n".join(names),
        capture_output=True,
        text=True,
    )
    assert done.stdout == ""


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.dataset)
def test_their_recipe_tests_pass(recipe, overlaid):
    copy, python, tree = overlaid
    yamls = [
        row["Hparam_file"]
        for dataset, row in read_rows(pathlib.Path(tree))
        if dataset == recipe.dataset
    ]
    code = (
        "from tests.utils.recipe_tests import run_recipe_tests\n"
        "assert run_recipe_tests(filters_fields=['Hparam_file'], "
        f"filters=[{yamls}], do_checks=True)"
    )
    run(copy, python, "-c", code)
