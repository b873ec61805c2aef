"""Cells of a manifest: what is read, and what is said of the others."""

import io
import re

import pandas
import pyarrow
import pytest
from data_prep.errors import ManifestError
from data_prep.manifests import cells as manifest_cells
from data_prep.manifests.cells import (
    _parse_in_stretches,
    _parse_patiently,
    _why_no_table,
    read_cells,
)
from data_prep.manifests.manifest import COLUMNS as ALL_COLUMNS
from data_prep.recordings.paths import is_below_root
from hypothesis import (
    HealthCheck,
    example,
    given,
    settings,
    strategies as st,
)

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
    return re.fullmatch(form, cell, re.DOTALL) is not None


def read_slowly(content):
    """What pandas reads, cell by cell; None where a table or cell is bad."""
    if b"\0" in content:
        return None
    try:
        table = pandas.read_csv(
            io.BytesIO(content), dtype=str, keep_default_na=False
        ).fillna("")
    except ValueError:
        return None
    # Of a first row that is too long, pandas makes an index
    if not isinstance(table.index, pandas.RangeIndex):
        return None
    records = table.to_dict("records")
    fine = list(table.columns) == COLUMNS and all(
        is_fine(column, cell) for row in records for column, cell in row.items()
    )
    if not fine or table["ID"].duplicated().any():
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
@example(
    lines=[FIRST + ',"', FIRST + ",", f'"a,b"{FIRST[1:]},'], end="", mark=""
)
@example(lines=[FIRST + ",x\0"], end="\n", mark="")
def test_every_table_is_read_or_refused_as_cell_by_cell(
    tmp_path, lines, end, mark
):
    path = tmp_path / "train.csv"
    text = mark + HEADING + "\n".join(lines) + end
    path.write_bytes(text.encode())
    expected = read_slowly(path.read_bytes())
    if expected is None:
        with pytest.raises(ManifestError):
            read_cells(path, COLUMNS, ROOT)
    else:
        found = read_cells(path, COLUMNS, ROOT)
        assert found.to_dict("records") == expected
        assert found["duration"].dtype == float


def line(number, wav="$data_root/a.wav"):
    return f"u{number:04d},1.0,{wav},,s,\n"


@pytest.fixture
def long_table(tmp_path, monkeypatch):
    """A table that is read in many stretches, and its lines."""
    monkeypatch.setattr(manifest_cells, "_STRETCH", 300)
    path = tmp_path / "pool.csv"
    lines = [HEADING, *map(line, range(500))]

    def read():
        path.write_text("".join(lines))
        return read_cells(path, COLUMNS, ROOT)

    return read, lines


def test_stretches_join_without_a_seam(long_table):
    read, _ = long_table
    table = read()
    assert table["ID"].tolist() == [f"u{n:04d}" for n in range(500)]
    assert table.index.tolist() == list(range(500))
    assert (table["wav"] == "/data/a.wav").all()
    assert (table["emotion"] == "").all() and (table["start"] == "").all()


def test_lines_are_counted_over_all_stretches(long_table):
    read, lines = long_table
    lines[401] = line(7)  # line 402; the heading is the first
    lines[450] = line(449, "/etc/a.wav")
    lines[3] = line(2, "$data_root/b/..")
    with pytest.raises(ManifestError) as error:
        read()
    assert str(error.value).partition("has ")[2] == (
        "3 unusable cells: line 4: wav '$data_root/b/..' is no path below "
        "$data_root, line 402: ID 'u0007' is there before, line 451: wav "
        "'/etc/a.wav' is no path below $data_root. Prepare it again."
    )


@pytest.mark.parametrize("place", [5, 250, 500])
def test_a_quote_that_does_not_end_is_refused_wherever_it_is(long_table, place):
    read, lines = long_table
    lines[place] = lines[place].replace(",s,", ',s,"')
    with pytest.raises(ManifestError, match="EOF inside string"):
        read()


@pytest.mark.parametrize("place", [5, 250, 500])
def test_a_fault_behind_a_fine_stretch_is_told(long_table, place):
    read, lines = long_table
    lines[place] = lines[place].replace("\n", ",x\n")
    message = f"Expected 6 fields in line {place + 1}, saw 7"
    with pytest.raises(ManifestError, match=message):
        read()


def test_a_table_without_rows_is_one(long_table):
    read, lines = long_table
    del lines[1:]
    table = read()
    assert len(table) == 0 and list(table.columns) == COLUMNS


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(lines=st.lists(fine_rows), end=st.sampled_from(["\n", "\r\n"]))
def test_a_fine_table_is_read_fast_and_as_the_slow_way_does(
    tmp_path, lines, end
):
    path = tmp_path / "train.csv"
    path.write_bytes(end.join([*HEADING.split(), *lines, ""]).encode())
    fast = pandas.concat(_parse_in_stretches(path, COLUMNS))
    slow = _parse_patiently(path, COLUMNS)
    assert fast.to_dict("records") == slow.to_dict("records")


def test_a_long_table_is_read_in_stretches(long_table, tmp_path):
    read, lines = long_table
    read()
    stretches = list(_parse_in_stretches(tmp_path / "pool.csv", COLUMNS))
    assert sum(map(len, stretches)) == 500
    # A stretch takes the row with it that was begun before.
    assert max(map(len, stretches)) <= 300 // len(lines[1]) + 1


@pytest.mark.parametrize(
    "content",
    [
        "ID,wav\na,b\n",
        f"{HEADING}a,1.0,$data_root/a.wav,,s,",
        f'{HEADING}a,1.0,$data_root/a.wav,,s,"sad\n',
        f'{HEADING}a,1.0,$data_root/a.wav,,s,"sad\r',
    ],
    ids=["columns", "no end", "open quote", "open quote of a Mac"],
)
def test_the_fast_way_leaves_what_may_be_a_fault_to_the_slow_one(
    tmp_path, content
):
    path = tmp_path / "train.csv"
    path.write_bytes(content.encode())
    with pytest.raises(pyarrow.ArrowInvalid):
        list(_parse_in_stretches(path, COLUMNS))


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
        ("wav", "/a.wav", "is no path below $data_root"),
        ("start", "-1", "is no number of samples"),
        ("stop", "1.5", "is no number of samples"),
        ("spk_id", "", "is no name"),
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


@pytest.mark.parametrize(
    "cell, complaint",
    [
        ("1:x", "is no offset:size"),
        ("0:1", f"is no part of a tar {ROOT}/a.wav"),  # no tar
        ("0:0", f"is no part of a tar {ROOT}/a.wav"),
    ],
)
def test_a_member_that_cannot_be_is_named(tmp_path, cell, complaint):
    path = tmp_path / "pool.csv"
    row = {**dict.fromkeys(ALL_COLUMNS, ""), **FINE_ROW, "member": cell}
    path.write_text(f"{','.join(row)}\n{','.join(row.values())}\n")
    with pytest.raises(ManifestError) as error:
        read_cells(path, ALL_COLUMNS, ROOT)
    assert str(error.value) == (
        f"{path} has 1 unusable cells: line 2: member {cell!r} {complaint}. "
        "Prepare it again."
    )


def test_five_cells_that_cannot_be_are_named(long_table):
    read, lines = long_table
    for place in range(1, 8):
        lines[place] = line(place - 1, "no")
    with pytest.raises(ManifestError) as error:
        read()
    named = ", ".join(
        f"line {place + 1}: wav 'no' is no path below $data_root"
        for place in range(1, 6)
    )
    assert str(error.value).partition("has ")[2] == (
        f"7 unusable cells: {named} and 2 more. Prepare it again."
    )


def test_a_row_that_is_too_short_ends_in_empty_cells(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text(
        HEADING + FIRST + "\n" + FIRST.replace("a", "b", 1) + ",sad\n"
    )
    table = read_cells(path, COLUMNS, ROOT)
    assert table["emotion"].tolist() == ["", "sad"]
    assert table["wav"].tolist() == [f"{ROOT}/a.wav"] * 2


@pytest.mark.parametrize(
    "content, reason",
    [
        (HEADING.encode() + b"\xff,1.0,,,s,\n", "it is not UTF-8"),
        (
            HEADING.encode() + b"a,1.0,$data_root/a.wav,,s,,x\n" * 2,
            "its rows have more fields than its heading",
        ),
        (b"", "No columns to parse from file"),
        (
            HEADING.encode() + b"a,1.0,$data_root/\0.wav,,s,\n",
            "there is a zero in it",
        ),
        (
            # The heading is looked at before any row.
            b"ID,wav\na,b,c,d\n",
            "its columns are ID, wav, and should be " + ", ".join(COLUMNS),
        ),
    ],
    ids=["encoding", "long rows", "empty", "zero", "columns"],
)
def test_what_is_no_table_of_a_manifest_is_told(tmp_path, content, reason):
    path = tmp_path / "train.csv"
    path.write_bytes(content)
    with pytest.raises(ManifestError) as error:
        read_cells(path, COLUMNS, ROOT)
    assert str(error.value) == f"{path} is not a manifest: {reason}."


@pytest.mark.parametrize(
    "said, told",
    [
        (
            "Buffer overflow caught - possible malformed input file.\n",
            "Buffer overflow caught - possible malformed input file",
        ),
        (" no field X. ", "no field X"),
        ("...", ""),
    ],
)
def test_what_pandas_says_goes_into_a_sentence(said, told):
    assert _why_no_table(ValueError(said)) == told
