"""The report, and READMEs whose tables go stale."""

import re

import pytest
from data_prep.storage.files import read_json, write_json
from emoclust_lobes.protocol.report import (
    _SECTIONS,
    README_TABLES,
    write_report,
)
from emoclust_lobes.protocol.runs import merge_runs, read_results
from emoclust_lobes.protocol.tables import TABLES, about

README = """# A corpus

Before.

<!-- results: results/small main -->
old
<!-- /results -->

Between, <!-- a comment --> kept.

<!-- results: results/small noise -->
<!-- /results -->

After.
"""


@pytest.fixture(scope="module")
def recipe(tmp_path_factory, folder):
    """A recipe's folder with results and a report."""
    path = tmp_path_factory.mktemp("recipe")
    results = path / "results" / "small"
    results.mkdir(parents=True)
    for file in folder.glob("*.*"):
        (results / file.name).write_bytes(file.read_bytes())
    write_report(results)
    return path


@pytest.fixture
def readme(recipe):
    path = recipe / "README.md"
    path.write_text(README)
    return path


def test_the_report_holds_all_tables_and_its_pictures(recipe, results):
    folder = recipe / "results" / "small"
    text = (folder / "report.md").read_text()
    assert about(results) in text
    assert set(_SECTIONS) == set(TABLES)
    for table in TABLES.values():
        assert table(results) in text
    pictures = re.findall(r"!\[.*?\]\((\S+)\)", text)
    assert len(pictures) == 4 + 3
    for picture in pictures:
        assert (folder / picture).exists()
    # Recalls of the confusion matrix, their mean is the pooled UAR
    block = text.split("`oracle`")[1].split("```")[1].strip().split("\n")
    recalls = [float(line.split()[-1]) for line in block[1:]]
    rows = results.runs[results.runs["system"] == "oracle"]
    assert sum(recalls) / 4 == pytest.approx(rows["uar"].mean(), abs=1e-3)
    assert "    emoclust protocol hparams/made_up.yaml\n" in text
    assert text.endswith("Settings: `hparams/made_up.yaml`.\nCode: abc1234.\n")


def test_a_table_without_data_gets_no_section(tmp_path, make_runs):
    write_json(tmp_path / "protocol.json", {"title": "Small"})
    merge_runs(tmp_path, *make_runs({("none", 0.5, ""): 0.5}, n_seeds=1))
    text = write_report(tmp_path).read_text()
    titles = re.findall(r"^## (.*)$", text, flags=re.MULTILINE)
    assert titles == ["Fewer labels", "How they were made"]
    names = sorted(x.name for x in (tmp_path / "figures").iterdir())
    assert names == ["labels.png", "labels.svg"]
    assert read_json(tmp_path / "protocol.json") == {"title": "Small"}


def test_tables_are_rebuilt_and_nothing_else(readme, results):
    assert README_TABLES.stale(readme) == [
        "results/small main",
        "results/small noise",
    ]
    README_TABLES.rebuild(readme)
    text = readme.read_text()
    for name in ("main", "noise"):
        whole = f"\n\n{about(results)}\n\n{TABLES[name](results)}\n\n"
        assert f"<!-- results: results/small {name} -->{whole}" in text
        block = text.split(f"{name} -->")[1].split("<!-- /results -->")[0]
        for origin in (
            "[`runs.csv`](results/small/runs.csv)",
            "`hparams/made_up.yaml`",
            "    emoclust protocol hparams/made_up.yaml",
        ):
            assert origin in block
    blocks = r"(<!-- results: .*? -->).*?(<!-- /results -->)"
    kept = [re.sub(blocks, r"\1\2", x, flags=re.DOTALL) for x in (README, text)]
    assert kept[0] == kept[1]
    assert README_TABLES.stale(readme) == []
    before = readme.stat().st_mtime_ns
    README_TABLES.rebuild(readme)
    assert readme.stat().st_mtime_ns == before


def test_new_runs_make_tables_stale(readme, make_runs, folder):
    README_TABLES.rebuild(readme)
    results = readme.parent / "results" / "small"
    merge_runs(results, *make_runs({("none", 1.0, ""): 0.9}, seed=7))
    assert README_TABLES.stale(readme) == [
        "results/small main",
        "results/small noise",
    ]
    for name in ("runs.csv", "speakers.csv"):
        (results / name).write_bytes((folder / name).read_bytes())
    assert read_results(results).runs.equals(read_results(folder).runs)
    assert README_TABLES.stale(readme) == []


@pytest.mark.parametrize(
    "old, new, error, message",
    [
        ("small noise", "small nose", ValueError, "none of the tables"),
        ("small noise -->", "small -->", ValueError, "alone on its line"),
        ("results/small noise", "nowhere noise", FileNotFoundError, "nowhere"),
        (
            "old\n<!-- /results -->",
            "old",
            ValueError,
            "small main.*no '<!-- /results -->' follows",
        ),
    ],
)
def test_markers_that_cannot_be_filled(readme, old, new, error, message):
    text = README.replace(old, new)
    assert text != README
    readme.write_text(text)
    for use in (README_TABLES.rebuild, README_TABLES.stale):
        with pytest.raises(error, match=message):
            use(readme)
    assert readme.read_text() == text
