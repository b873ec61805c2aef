"""Cells of a manifest: what is read, and what is said of the others."""

import csv
import re

import hypothesis.strategies as st
import pytest
from data_prep.errors import ManifestError
from data_prep.manifests.cells import read_cells
from data_prep.manifests.manifest import COLUMNS as ALL_COLUMNS
from data_prep.recordings.paths import is_below_root
from hypothesis import HealthCheck, example, given, settings

COLUMNS = ["ID", "duration", "wav", "start", "spk_id", "emotion"]
HEADING = ",".join(COLUMNS) + "\n"
ROOT = "/data"

FINE = {
    "ID": ["a", "b", "ä", "a b", '"a,b"', '"a""b"'],
    "duration": ["1.500000", "0", "12.25"],
    "wav": ["$data_root/a.wav", "$data_root/..a/$data_root.wav"],
    "start": ["", "8000"],
    "spk_id": ["s", "t"],
    "emotion": ["", "sad", "NA"],
}
FIRST = "a,1.500000,$data_root/a.wav,,s"
BAD = ["", "nan", "-1", "1e3", "x\0", '"', "$data_root/../a", '"a\nb"', "٣"]
FORMS = {
    "ID": ".+",
    "duration": r"[0-9]{1,9}(\.[0-9]{1,9})?",
    "start": "[0-9]{0,15}",
    "spk_id": ".+",
}


def rows(cells):
    return st.tuples(*map(cells, COLUMNS)).map(",".join)


fine_rows = rows(lambda column: st.sampled_from(FINE[column]))
bad_rows = rows(lambda column: st.sampled_from([*FINE[column], *BAD]))
stray_rows = st.text(alphabet='a,"\n\r\0é $#', max_size=12)


def is_fine(column, cell):
    """Say it of one cell, as slowly as you like."""
    if column == "wav":
        return is_below_root(cell)
    form = FORMS.get(column, ".*")
    return re.fullmatch(form, cell) is not None


def read_slowly(text, end):
    """Read row by row, cell by cell; None where a row or a cell is bad."""
    if "\0" in text or not text.endswith(end or "\n"):
        return None
    lines = text.removesuffix(end or "\n").split(end or "\n")
    # A row is a line
    if any(set(line) & set("\r\n") for line in lines):
        return None
    found = [next(csv.reader([line]), []) for line in lines]
    records = [dict(zip(COLUMNS, row, strict=False)) for row in found[1:]]
    fine = {len(row) for row in found} == {len(COLUMNS)} and all(
        is_fine(column, cell) for row in records for column, cell in row.items()
    )
    if not fine or len({row["ID"] for row in records}) < len(records):
        return None
    for row in records:
        row["duration"] = float(row["duration"])
        row["wav"] = row["wav"].replace("$data_root", ROOT, 1)
    return records


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    lines=st.lists(st.one_of(fine_rows, fine_rows, bad_rows, stray_rows)),
    end=st.sampled_from(["\n", "\r\n", ""]),
    mark=st.sampled_from(["", "\ufeff"]),
)
@example(lines=[FIRST + ',"', FIRST + ",", FIRST + ","], end="\n", mark="")
@example(lines=[FIRST + ",x\0"], end="\n", mark="")
@example(lines=[FIRST + ",sad"], end="", mark="")
def test_every_table_is_read_or_refused_as_cell_by_cell(
    tmp_path, lines, end, mark
):
    path = tmp_path / "train.csv"
    text = (end or "\n").join([HEADING.strip(), *lines]) + end
    path.write_bytes((mark + text).encode())
    expected = read_slowly(text, end)
    if expected is None:
        with pytest.raises(ManifestError):
            read_cells(path, COLUMNS, ROOT)
    else:
        found = read_cells(path, COLUMNS, ROOT)
        assert found.to_dict("records") == expected
        assert found["duration"].dtype == float


def line(number, wav="$data_root/a.wav"):
    return f"u{number:05d},1.0,{wav},,s,\n"


@pytest.fixture
def long_table(tmp_path):
    """A table that Arrow reads in several blocks, and its lines."""
    path = tmp_path / "pool.csv"
    lines = [HEADING, *map(line, range(50_000))]

    def read():
        path.write_text("".join(lines))
        return read_cells(path, COLUMNS, ROOT)

    return read, lines


def test_blocks_join_without_a_seam(long_table):
    read, lines = long_table
    table = read()
    assert table["ID"].tolist() == [f"u{n:05d}" for n in range(50_000)]
    assert table.index.tolist() == list(range(50_000))
    assert (table["wav"] == "/data/a.wav").all()
    assert (table["emotion"] == "").all() and (table["start"] == "").all()
    del lines[1:]
    table = read()
    assert len(table) == 0 and list(table.columns) == COLUMNS


def test_lines_are_counted_over_all_blocks(long_table):
    read, lines = long_table
    lines[40_001] = line(7)  # line 40,002; the heading is the first
    lines[45_000] = line(44_999, "/etc/a.wav")
    lines[3] = line(2, "$data_root/b/..")
    with pytest.raises(ManifestError) as error:
        read()
    assert str(error.value).partition("has ")[2] == (
        "3 unusable cells: line 4: wav '$data_root/b/..' is no path below "
        "$data_root, line 40002: ID 'u00007' is there before, line 45001: wav "
        "'/etc/a.wav' is no path below $data_root. Prepare it again."
    )


@pytest.mark.parametrize("place", [5, 40_000, 50_000])
@pytest.mark.parametrize(
    "old, new, message",
    [
        ("\n", ",x\n", "Expected 6 columns, got 7: "),
        (",s,\n", "\n", "Expected 6 columns, got 4: "),
    ],
)
def test_the_line_of_a_fault_is_told(long_table, place, old, new, message):
    read, lines = long_table
    lines[place] = lines[place].replace(old, new)
    with pytest.raises(ManifestError, match=f": line {place + 1}: {message}"):
        read()


@pytest.mark.parametrize("place", [5, 40_000, 50_000])
def test_a_quote_that_does_not_end_is_refused_wherever_it_is(long_table, place):
    read, lines = long_table
    lines[place] = lines[place].replace(",s,", ',s,"')
    with pytest.raises(ManifestError, match=r"is not a manifest: .*Prepare it"):
        read()


FINE_ROW = {
    "ID": "a",
    "duration": "1.0",
    "wav": "$data_root/a.wav",
    "spk_id": "s",
}


@pytest.mark.parametrize(
    "column, cell, complaint",
    [
        ("ID", "", "is no name"),
        ("duration", "long", "is no number of seconds"),
        ("duration", "nan", "is no number of seconds"),
        ("duration", "-1.0", "is no number of seconds"),
        ("wav", "/a.wav", "is no path below $data_root"),
        ("wav", "$data_root2/a.wav", "is no path below $data_root"),
        ("start", "-1", "is no number of samples"),
        ("stop", "1.5", "is no number of samples"),
        ("spk_id", "", "is no name"),
        ("member", "1:x", "is no offset:size"),
        ("member", "-512:44", "is no offset:size"),
        ("member", "512", "is no offset:size"),
        ("member", "0:1", f"is no part of a tar {ROOT}/a.wav"),  # no tar
        ("member", "0:0", f"is no part of a tar {ROOT}/a.wav"),
    ],
)
def test_a_cell_that_cannot_be_is_named(tmp_path, column, cell, complaint):
    path = tmp_path / "train.csv"
    row = {**dict.fromkeys(ALL_COLUMNS, ""), **FINE_ROW, column: cell}
    path.write_text(f"{','.join(row)}\n{','.join(row.values())}\n")
    with pytest.raises(ManifestError) as error:
        read_cells(path, ALL_COLUMNS, ROOT)
    assert str(error.value) == (
        f"{path} has 1 unusable cells: line 2: {column} {cell!r} {complaint}. "
        "Prepare it again."
    )


def test_five_cells_that_cannot_be_are_named(tmp_path):
    path = tmp_path / "pool.csv"
    path.write_text(HEADING + "".join(line(n, "no") for n in range(7)))
    with pytest.raises(ManifestError) as error:
        read_cells(path, COLUMNS, ROOT)
    named = ", ".join(
        f"line {place}: wav 'no' is no path below $data_root"
        for place in range(2, 7)
    )
    assert str(error.value).partition("has ")[2] == (
        f"7 unusable cells: {named} and 2 more. Prepare it again."
    )


SHOULD_BE = f", and should be {', '.join(COLUMNS)}"


@pytest.mark.parametrize(
    "content, reason",
    [
        (HEADING.encode() + b"\xff,1.0,,,s,\n", "it is not UTF-8"),
        (b"\xff" + HEADING.encode(), "it is not UTF-8"),
        (b"", f"its columns are none{SHOULD_BE}"),
        # The heading is looked at before any row.
        (b"ID,wav\na,b,c,d\n", f"its columns are ID, wav{SHOULD_BE}"),
        (
            HEADING.encode() + b"a,1.0,$data_root/\0.wav,,s,\n",
            "there is a zero in it",
        ),
        (
            f"{HEADING}{FIRST},sad".encode(),
            "line 2 is cut off, or a quote in it does not end",
        ),
    ],
    ids=["encoding", "heading", "empty", "columns", "zero", "cut"],
)
def test_what_is_no_table_of_a_manifest_is_told(tmp_path, content, reason):
    path = tmp_path / "train.csv"
    path.write_bytes(content)
    with pytest.raises(ManifestError) as error:
        read_cells(path, COLUMNS, ROOT)
    assert str(error.value) == (
        f"{path} is not a manifest: {reason}. Prepare it again."
    )
