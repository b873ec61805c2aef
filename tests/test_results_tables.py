"""The tables in the READMEs are those of the committed results."""

import pathlib

import pytest
from emoclust_lobes import crosscorpus, protocol
from emoclust_lobes.protocol.runs import read_results

ROOT = pathlib.Path(__file__).parents[1]
READMES = sorted(ROOT.glob("recipes/*/README.md"))
RESULTS = sorted(
    path.parent for path in ROOT.glob("recipes/*/results/*/runs.csv")
)


@pytest.mark.parametrize(
    "readme", READMES, ids=[str(x.relative_to(ROOT)) for x in READMES]
)
def test_tables_are_those_of_the_results(readme):
    assert protocol.README_TABLES.stale(readme) == []
    assert crosscorpus.README_TABLES.stale(readme) == []


def test_there_are_results():
    assert len(RESULTS) >= 12


@pytest.mark.parametrize("folder", RESULTS, ids=lambda x: x.name)
def test_results_say_what_they_are(folder):
    results = read_results(folder)
    for fact in ("title", "yaml", "commands", "note"):
        assert results.facts[fact], fact
    assert (results.runs["commit"] != "").all()
    # No path of the machine where they were made
    text = (folder / "protocol.json").read_text(encoding="utf-8")
    assert "/tmp" not in text and "/work" not in text
