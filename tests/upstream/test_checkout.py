"""SpeechBrain's own checkers, where there is a checkout of it.

``SPEECHBRAIN_CHECKOUT=FOLDER make test-upstream`` runs them on a copy.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig
import venv

import pytest

from recipes.upstream.export import export
from recipes.upstream.layout import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """Copy of a checkout, and a Python that sees it and no package of ours."""
    source = os.environ.get("SPEECHBRAIN_CHECKOUT")
    if not source:
        pytest.skip("SPEECHBRAIN_CHECKOUT names no checkout of SpeechBrain")
    folder = tmp_path_factory.mktemp("upstream")
    copy = folder / "speechbrain"
    ignore = shutil.ignore_patterns("__pycache__", ".git")
    shutil.copytree(source, copy, symlinks=True, ignore=ignore)
    # Sees what is installed here, without what is editable
    venv.create(folder / "venv", symlinks=True)
    (site,) = folder.glob("venv/lib/python*/site-packages")
    (site / "tree.pth").write_text(f"{copy}\n{sysconfig.get_path('purelib')}\n")
    return copy, folder / "venv" / "bin" / "python"


@pytest.fixture(scope="module")
def overlaid(checkout, tmp_path_factory):
    """The same with our recipes, and the names of our files."""
    tree = tmp_path_factory.mktemp("export")
    export(tree, "contrastive")
    export(checkout[0], "contrastive")
    files = [path for path in tree.rglob("*") if path.is_file()]
    names = [path.relative_to(tree).as_posix() for path in files]
    return (*checkout, names)


def run(copy, python, *arguments):
    """Run Python in the checkout; fail with what it says."""
    environment = {k: x for k, x in os.environ.items() if k != "PYTHONPATH"}
    environment["PATH"] = f"{python.parent}:{environment['PATH']}"
    done = subprocess.run(
        [python, *arguments],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]


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


@pytest.mark.parametrize(
    "command, files",
    [
        ("pytest -q tests/consistency", None),
        ("pytest -q --doctest-modules", "speechbrain/.*"),
        ("ruff check --no-cache", r".*\.py"),
        ("ruff format --check --no-cache", r".*\.py"),
        ("yamllint --no-warnings", r".*\.yaml"),
    ],
)
def test_their_checkers_find_nothing(command, files, overlaid):
    copy, python, names = overlaid
    if command.startswith("ruff"):  # which looks for itself beside Python
        python = pathlib.Path(sys.executable)
    ours = [name for name in names if files and re.fullmatch(files, name)]
    run(copy, python, "-m", *command.split(), *ours)


def test_git_takes_every_file(overlaid, tmp_path):
    copy, _, names = overlaid
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    shutil.copy(copy / ".gitignore", tmp_path)
    ignored = ["git", "-C", tmp_path, "check-ignore", *names]
    assert subprocess.run(ignored, capture_output=True).stdout == b""


def test_their_recipe_tests_pass(overlaid):
    copy, python, names = overlaid
    yamls = [name for name in names if name.endswith(".yaml")]
    code = (
        "from tests.utils.recipe_tests import run_recipe_tests\n"
        "assert run_recipe_tests(filters_fields=['Hparam_file'], "
        f"filters=[{yamls}], do_checks=True)"
    )
    run(copy, python, "-c", code)
