"""Tables, read back, field by field."""

import re

import numpy as np
import pytest
from emoclust_lobes.protocol.runs import Results
from emoclust_lobes.protocol.schema import Condition
from emoclust_lobes.protocol.statistics import holm, paired_difference
from emoclust_lobes.protocol.tables import TABLES, about


def _parse(text):
    """The rows of a Markdown table, each column -> text."""
    lines = [x for x in text.split("\n") if x.startswith("|")]
    header, rule, *rows = [
        [text.strip() for text in line.strip("|").split("|")] for line in lines
    ]
    assert set(rule) == {"---"} and len(rule) == len(header)
    assert all(len(row) == len(header) for row in rows)
    return [dict(zip(header, row)) for row in rows]


def _mean(results, system, labels=1.0, enrolled="", column="uar"):
    runs = Condition(system, labels, enrolled).of(results.runs)
    return runs.groupby("fold")[column].mean().mean()


def _near(text, value):
    assert float(text.strip("*")) == pytest.approx(value, abs=5.1e-4)


def test_main_table_holds_what_was_measured(results):
    rows = {row["system"]: row for row in _parse(TABLES["main"](results))}
    # As told in protocol.json; noisy clusters have a table of their own.
    assert list(rows) == [
        "none",
        "shuffled",
        "contrastive",
        "oracle",
        "a baseline",
    ]
    compared = ["shuffled", "contrastive", "oracle", "a baseline"]
    differences = [
        paired_difference(*results[1:], Condition(x), Condition("none"))
        for x in compared
    ]
    corrected = holm([x.p for x in differences])
    for system, row in rows.items():
        _near(row["UAR"], _mean(results, system))
        _near(row["WA"], _mean(results, system, column="wa"))
        _near(row["macro-F1"], _mean(results, system, column="macro_f1"))
        valid = _mean(results, system, column="valid_uar")
        _near(row["development UAR"], valid)
        assert (row["folds x seeds"], row["n"]) == ("3 x 2", "180")
        assert row["UAR"].startswith("**") == (system == "oracle")
    for system, found, p in zip(compared, differences, corrected):
        text = rows[system]["to `none` (95 % interval)"]
        assert text.endswith("\\*") == found.holds
        text = text.removesuffix("\\*")
        for name, ends in {
            "speakers, seeds": found.over_seeds,
            "folds": found.over_folds,
        }.items():
            told = rows[system][f"to `none`: {name}"].split(" to ")
            for cell, end in zip(told, ends, strict=True):
                _near(cell, end)
        value, low, _, high = text.replace("(", "").replace(")", "").split()
        _near(value, found.value)
        _near(low, found.low)
        _near(high, found.high)
        _near(rows[system]["p"].replace("< .001", ".0005"), max(p, 0.0005))
    assert rows["none"]["to `none` (95 % interval)"] == "-"
    assert rows["none"]["p"] == "-"
    assert {x.holds for x in differences} == {True, False}
    assert rows["shuffled"]["to `shuffled` (95 % interval)"] == "-"


def test_the_smallest_difference_that_is_found_is_told(results):
    sizes = [
        paired_difference(*results[1:], Condition(x), Condition("none"))
        for x in ("shuffled", "contrastive", "oracle", "a baseline")
    ]
    folds, speakers = np.median([x.detectable for x in sizes], axis=0)
    text = " ".join(TABLES["main"](results).split())
    found = re.search(
        r"four times in five: (\S+) over folds, (\S+) over speakers", text
    )
    _near(found[1], folds)
    _near(found[2], speakers)
    assert "four times" not in TABLES["noise"](results)


def test_rows_say_what_they_use(results):
    uses = {"none": "labels alone", "a baseline": "training speakers"}
    told = results._replace(facts={**results.facts, "uses": uses})
    rows = {x["system"]: x["uses"] for x in _parse(TABLES["main"](told))}
    assert rows["none"] == "labels alone"
    assert rows["a baseline"] == "training speakers"
    assert rows["oracle"] == "-"  # not known
    enrolled = _parse(TABLES["enrolment"](told))
    assert [x["uses"] for x in enrolled[:3]] == [
        "training speakers",
        "training speakers",
        "training speakers, test speaker",
    ]


def test_what_is_not_known_is_a_dash(results):
    runs = results.runs
    single = runs[(runs["fold"] == 1) & (runs["seed"] == 0)]
    single = single.assign(valid_uar=np.nan)
    only = results._replace(runs=single[single["system"] != "shuffled"])
    for row in _parse(TABLES["main"](only)):
        assert row["folds x seeds"] == "1 x 1"
        for column in ("fold dev.", "seed dev.", "development UAR", "p"):
            assert row[column] == "-"
        assert row["to `shuffled` (95 % interval)"] == "-"


def test_seeds_that_differ_between_folds_are_told(results):
    runs = results.runs
    some = runs[(runs["fold"] != 2) | (runs["seed"] == 0)]
    for row in _parse(TABLES["main"](results._replace(runs=some))):
        assert row["folds x seeds"] == "3 x 1-2"


def test_labels_table(results):
    rows = _parse(TABLES["labels"](results))
    shares = {"10 %": 0.1, "50 %": 0.5}
    expected = [(x, y) for x in shares for y in ("none", "contrastive")]
    assert [(row["labels"], row["system"]) for row in rows] == expected
    for row in rows:
        share = shares[row["labels"]]
        mean = _mean(results, row["system"], share)
        _near(row["UAR"], mean)
        text = row["to `none` (95 % interval)"]
        if row["system"] == "none":
            assert text == "-"
        else:
            _near(text.split()[0], mean - _mean(results, "none", share))
        # It had all labels only
        assert row["to `shuffled` (95 % interval)"] == "-"


def test_enrolment_table(results):
    rows = _parse(TABLES["enrolment"](results))
    kinds = {
        "": "",
        "0": ", enrolled, 0 clips",
        "1": ", enrolled, 1 clip",
        "2": ", enrolled, 2 clips",
        "10": ", enrolled, 10 clips",
        "all": ", enrolled, all clips",
    }
    names = [f"a baseline{text}" for text in kinds.values()]
    assert [row["system"] for row in rows] == names
    for row, enrolled in zip(rows, kinds):
        _near(row["UAR"], _mean(results, "a baseline", 1.0, enrolled))
        text = row["to 0 clips (95 % interval)"]
        if enrolled == "0":
            assert text == "-"
            continue
        _near(
            text.split()[0],
            _mean(results, "a baseline", 1.0, enrolled)
            - _mean(results, "a baseline", 1.0, "0"),
        )


def test_noise_table(results):
    rows = _parse(TABLES["noise"](results))
    assert [
        (row["utterances in a random cluster"], row["system"]) for row in rows
    ] == [("0 %", "contrastive"), ("50 %", "noise_0.5"), ("100 %", "shuffled")]
    for row in rows:
        assert row["labels"] == "100 %"
        _near(row["UAR"], _mean(results, row["system"]))


@pytest.mark.parametrize("name", TABLES)
def test_a_table_without_data_is_empty(results, name):
    kept = {
        "main": results.runs["labels"] < 1,
        "labels": results.runs["labels"] == 1,
        "enrolment": results.runs["enrolled"] == "",
        "noise": ~results.runs["system"].str.startswith("noise_"),
    }
    for part in (kept[name], kept["main"] & (name != "labels")):
        runs = results.runs[part]
        assert TABLES[name](results._replace(runs=runs)) == ""


def test_the_line_above_tells_the_chance(results):
    text = " ".join(about(results).split())
    assert text == (
        "**Made-up**: 4 classes, intended labels, 3 folds of 3 speakers, "
        "no encoder. Nobody spoke. Chance is .250."
    )
    bare = Results({"title": "X"}, results.runs, results.speakers)
    assert about(bare) == "**X**: 4 classes. Chance is .250."
