"""Tables that a user gives: rows that are what they seem, or refused."""

import csv
import io

import pytest
from data_prep.errors import ManifestError
from data_prep.manifests.tables import read_recordings, read_rows, read_table
from hypothesis import HealthCheck, given, settings, strategies

HEAD = "path,transcript,speaker,emotion"
CELLS = strategies.text(
    strategies.characters(exclude_categories=("C", "Z")), max_size=8
)


def write(folder, content):
    path = folder / "t.csv"
    path.write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )
    return path


@pytest.mark.parametrize(
    "content, line, reason",
    [
        ("a.wav,I am, fine,spk001,sad", 3, "5 cells under 4 columns"),
        ('a.wav,"one\ntwo",spk001,sad', 3, "a line break in a cell"),
        ('a.wav,"one\rtwo",spk001,sad', 3, "a line break in a cell"),
        ('a.wav,"one,spk001,sad', 3, "a quote that begins in it does not end"),
        ('a.wav,"o"ne,spk001,sad', 3, "',' expected after '\"'"),
        ("a.wav,o\0ne,spk001,sad", 3, "line contains NUL"),
        (f"{'x' * 200_000},one,spk001,sad", 3, "field larger than field limit"),
        (
            'a.wav,"one,spk001,sad\nb.wav,two,spk002,sad\nc.wav,"x",s,sad',
            3,
            "',' expected after",
        ),
    ],
)
def test_cells_that_moved_are_refused_with_their_line(
    tmp_path, content, line, reason
):
    good = 'z.wav,"well, yes",spk009,sad'
    path = write(tmp_path, "\n".join([HEAD, good, content]))
    for read in (
        lambda: read_recordings(path, tmp_path),
        lambda: read_table("Mine", path, ("path",)),
    ):
        with pytest.raises(ManifestError) as error:
            read()
        assert f"{path} has 1 unusable rows: line {line}: {reason}" in str(
            error.value
        )


def test_all_rows_that_moved_are_named_at_once(tmp_path):
    lines = [
        HEAD,
        "a.wav,a,b,c,d",
        "",
        "b.wav,x,s,sad",
        'c.wav,"\n",s,sad',
        "a",
    ]
    path = write(tmp_path, "\r\n".join([*lines, "d.wav,,,,"]))
    with pytest.raises(ManifestError) as error:
        read_rows(path)
    assert "has 3 unusable rows: line 2: 5 cells" in str(error.value)
    assert "line 5: a line break" in str(error.value)
    assert "line 8: 5 cells" in str(error.value)  # one more for the break


def test_a_column_that_is_there_twice_is_refused(tmp_path):
    path = write(tmp_path, "path,speaker,emotion, speaker\na.wav,a,sad,b\n")
    with pytest.raises(ManifestError, match="more than one column speaker"):
        read_rows(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(strategies.lists(strategies.lists(CELLS, min_size=2, max_size=2)))
def test_what_is_quoted_as_it_should_comes_back(tmp_path, rows):
    stream = io.StringIO()
    csv.writer(stream).writerows([["a", "b"], *rows])
    columns, found = read_rows(write(tmp_path, stream.getvalue()))
    assert columns == ["a", "b"]
    assert [list(row.values()) for _, row in found] == rows
    assert [line for line, _ in found] == list(range(2, len(rows) + 2))
