"""The front page: short, with the numbers of the results and all rooms."""

import re

import pytest
from emoclust_lobes.protocol.averages import summary_of
from emoclust_lobes.protocol.markdown import number, signed
from emoclust_lobes.protocol.runs import read_results
from emoclust_lobes.protocol.schema import Condition
from emoclust_lobes.protocol.statistics import paired_difference
from pages import ROOT

from tests.test_layers import FILES, HEIGHTS, name_of, room_of

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
CELLS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if line.startswith("| ")
]
NUMBERS = [cells for cells in CELLS if cells[-1].endswith("runs.csv)")]


def test_it_is_read_in_three_minutes():
    assert len(TEXT.splitlines()) <= 180


def test_there_are_numbers_of_three_corpora():
    assert len(NUMBERS) == 6
    assert len({cells[0] for cells in NUMBERS}) == 3


@pytest.mark.parametrize("cells", NUMBERS, ids=lambda x: f"{x[0]} {x[1]}")
def test_its_numbers_are_those_of_the_results(cells):
    corpus, share, none, shuffled, best, *gains, size, source = cells
    name, file = re.fullmatch(r"\[(\w+)\]\((\S+)\)", source).groups()
    folder = (ROOT / file).parent
    assert folder.name == name
    results = read_results(folder)
    assert f"{results.facts['title']}, {len(results.classes)}" in corpus
    uar, system = re.fullmatch(r"(\S+) `(\w+)`", best).groups()
    labels = float(share.removesuffix(" %")) / 100
    method, *others = [
        Condition(x, labels) for x in (system, "none", "shuffled")
    ]
    rows = summary_of(results)
    scores = [number(rows.loc[x, "uar"]) for x in (method, *others)]
    assert scores == [uar, none, shuffled]
    assert gains == [
        signed(paired_difference(results.runs, results.speakers, method, x))
        for x in others
    ]
    for condition in (method, *others):
        row = rows.loc[condition]
        assert row.seeds_min == row.seeds_max
        assert size == f"{row.folds:.0f} x {row.seeds_max:.0f}"


def test_rooms_stand_in_the_order_of_imports():
    told = []
    for first, about in (cells for cells in CELLS if len(cells) == 2):
        package, *more = re.findall(r"`([\w/]+)`", first) or [""]
        if "/" in package:
            told.append([package.partition("/")[2], *more])
            assert about
    heights = [{HEIGHTS[room] for room in row} for row in told]
    assert all(len(height) == 1 for height in heights)
    order = [height.pop() for height in heights]
    assert order == sorted(order, reverse=True)
    inner = {
        room_of(name_of(path)) for path in FILES if path.name != "__init__.py"
    }
    # Two are files beside the rooms
    rooms = [room for row in told for room in row]
    assert sorted(rooms) == sorted(inner - {"cli", "errors", "benchmarks"})
