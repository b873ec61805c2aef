"""The documentation as a site."""

import importlib
import os
import re
import subprocess
import sys

import pytest
from pages import ROOT

pytestmark = pytest.mark.slow

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


def test_the_reference_has_what_is_public_and_no_more(site):
    n_names = 0
    for package in ("data_prep", "emoclust_lobes"):
        for path in ROOT.glob(f"{package}/**/__init__.py"):
            face = ".".join(path.relative_to(ROOT).parent.parts)
            page = (site / f"reference/{face}.html").read_text()
            headings = re.findall(r'<h2 id="([\w.]+)"', page)
            names = {heading.rpartition(".")[2] for heading in headings}
            public = getattr(importlib.import_module(face), "__all__", ())
            assert names == set(public), face
            n_names += len(names)
    assert n_names > 70


def test_sections_of_docstrings_are_read(site):
    page = (site / "reference/emoclust_lobes.contrast.html").read_text()
    loss = page[page.index("Pull an utterance to its own") :][:20000]
    assert ">Parameters:<" in loss and ">Examples:<" in loss
    for left in ("Arguments<", "-----", ":class:", ":func:"):
        assert left not in page, left


def test_nothing_is_fetched_from_elsewhere(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for path in pages:
        for tag in ("<script src=", '<link rel="stylesheet" href='):
            assert f'{tag}"http' not in path.read_text(), path
