"""The documentation as a site."""

import os
import subprocess
import sys

import pytest
from pages import ROOT

SITE = ROOT / "docs" / "site.py"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Folder of the site, which was built without a warning."""
    for name in ("mkdocs", "mkdocstrings", "material"):
        pytest.importorskip(name, reason='pip install -e ".[docs]"')
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    done = subprocess.run(
        [*command, "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_every_module_is_in_the_reference(site):
    pages = "".join(x.read_text() for x in site.glob("reference/*.html"))
    for package in ("data_prep", "emoclust_lobes"):
        for path in ROOT.glob(f"{package}/**/[a-z]*.py"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            assert f'id="{name}"' in pages, name


def test_sections_of_docstrings_are_read(site):
    page = (site / "reference/emoclust_lobes.html").read_text()
    loss = page[page.index("Pull an utterance to its own") :][:20000]
    assert ">Parameters:<" in loss and ">Examples:<" in loss
    for left in ("Arguments<", "-----", ":class:", ":func:"):
        assert left not in page, left


def test_nothing_is_fetched_from_elsewhere(site):
    for path in site.rglob("*.html"):
        for tag in ("<script src=", '<link rel="stylesheet" href='):
            assert f'{tag}"http' not in path.read_text(), path
