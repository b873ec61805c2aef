"""Reading the cells of a manifest, and refusing what cannot stand in one."""

import csv
import math
import os

import pandas
import pyarrow
import pyarrow.csv
from data_prep.annotations.ratings import RATINGS
from data_prep.annotations.votes import VOTES
from data_prep.errors import ManifestError, name_some
from data_prep.recordings.paths import are_below_root
from data_prep.recordings.tar_shards import PLACE

# The column of places in tars, which a manifest without any does not have.
MEMBER = "member"
# Those that older manifests do not have
ANNOTATIONS = ("votes", *RATINGS)


def read_cells(path, columns, data_root):
    """Read a CSV of a manifest as text ("" where empty), and check every cell.

    ``duration`` is a float (s), ``wav`` a path below ``data_root`` or, with a
    member, an address of :mod:`data_prep.recordings.tar_shards`.
    """
    table = _parse(path, columns)
    table.index += 2  # the lines, of which the first is the heading
    problems = _malformed(table) + _repeated(table["ID"])
    if not problems:
        _convert(table, data_root)
        problems = _join_members(table)
    if problems:
        problems = [text for _, text in sorted(problems)]
        raise ManifestError(
            f"{path} has {len(problems):,} unusable cells: "
            f"{name_some(problems, 5)}. Prepare it again."
        )
    return table.reset_index(drop=True)


def _parse(path, columns):
    """Read all rows as text, or say in which line the file is no table."""

    def refuse(reason):
        return ManifestError(
            f"{path} is not a manifest: {reason}. Prepare it again."
        )

    n_lines, has_zero, end = 0, False, b""
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            n_lines += block.count(b"\n")
            has_zero = has_zero or b"\0" in block
            end = block[-1:]
    if has_zero:
        raise refuse("there is a zero in it")
    try:
        with open(path, encoding="utf-8-sig", newline="") as text:
            found = next(csv.reader(text), [])
        older = [x for x in columns if x not in ANNOTATIONS]
        known = [*columns], older
        if found not in (*known, *([*x, MEMBER] for x in known)):
            raise refuse(
                f"its columns are {name_some(found) or 'none'}, and should be "
                f"{', '.join(columns)}"
            )
        table = pyarrow.csv.read_csv(
            path,
            # With several threads, errors would not tell the line.
            pyarrow.csv.ReadOptions(use_threads=False),
            # Lines are counted, so an empty one is a row, too.
            pyarrow.csv.ParseOptions(ignore_empty_lines=False),
            pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(found, pyarrow.large_string())
            ),
        )
    except UnicodeDecodeError as error:
        raise refuse("it is not UTF-8") from error
    except (csv.Error, pyarrow.ArrowInvalid) as error:
        reason = str(error).removeprefix("CSV parse error: ")
        if "invalid UTF8" in reason:
            reason = "it is not UTF-8"
        raise refuse(reason.replace("Row #", "line ")) from error
    line = _broken_line(table, len(table) + 1 == n_lines and end == b"\n")
    if line:
        raise refuse(f"line {line} is cut off, or a quote in it does not end")
    # Columns without any text, of which a pool has many, share their memory.
    blank = pyarrow.chunked_array(
        [pyarrow.repeat(pyarrow.scalar("", pyarrow.large_string()), len(table))]
    )
    cells = [blank if x.equals(blank) else x for x in table.columns]
    lacking = [x for x in columns if x not in found]
    cells += [blank] * len(lacking)
    table = pyarrow.table(cells, names=[*found, *lacking])
    others = [x for x in found if x not in columns]
    return table.select([*columns, *others]).to_pandas()


def _broken_line(table, is_even):
    """Find a row that is not one line, None where each is.

    Where there are as many lines as rows, the last alone may have swallowed
    its end.
    """
    first = max(0, len(table) - 1) if is_even else 0
    for line, row in enumerate(table.slice(first).to_pylist(), first + 2):
        if any("\n" in cell for cell in row.values()):
            return line
    return None if is_even else len(table) + 1


def _malformed(table):
    """Name the cells that do not have the form that is written, by line."""
    is_name = lambda cells: cells != "", "is no name"
    is_samples = _has_form("[0-9]{0,15}"), "is no number of samples"
    is_seconds = _has_form(r"[0-9]{1,9}(\.[0-9]{1,9})?")
    is_rating = _has_form(r"(-?[0-9]{1,9}(\.[0-9]{1,6})?)?"), "is no number"
    forms = {
        "ID": is_name,
        "duration": (is_seconds, "is no number of seconds"),
        "wav": (are_below_root, "is no path below $data_root"),
        "start": is_samples,
        "stop": is_samples,
        "spk_id": is_name,
        MEMBER: (_has_form(f"({PLACE})?"), "is no offset:size"),
        "votes": (_has_form(f"({VOTES.pattern})?"), "are no votes"),
        **dict.fromkeys(RATINGS, is_rating),
    }
    for column in ANNOTATIONS:  # which few manifests have
        if column in table and (table[column] == "").all():
            del forms[column]
    return [
        (line, f"line {line}: {column} {cell!r} {complaint}")
        for column in table.columns.intersection(list(forms))
        for are_fine, complaint in [forms[column]]
        for line, cell in table[column][~are_fine(table[column])].items()
    ]


def _has_form(pattern):
    return lambda cells: cells.str.fullmatch(pattern)


def _repeated(ids):
    """Name the IDs that are there before, by line."""
    # Sorted, as they are written, they need no table of all of them.
    if (ids.array[:-1] < ids.array[1:]).all():
        return []
    return [
        (line, f"line {line}: ID {cell!r} is there before")
        for line, cell in ids[ids.duplicated()].items()
    ]


def _convert(table, data_root):
    """Make numbers of durations, and of paths some that can be opened."""
    seconds = pyarrow.array(table["duration"]).cast(pyarrow.float64())
    table["duration"] = seconds.to_numpy()
    table["wav"] = table["wav"].str.replace(
        "$data_root", data_root, n=1, regex=False
    )


def _join_members(table):
    """Make addresses of members; name those that no tar has, by line."""
    if MEMBER not in table:
        return []
    cells = table.pop(MEMBER)
    cells = cells[cells != ""]
    if cells.empty:
        return []
    tars = table["wav"][cells.index]
    table.loc[cells.index, "wav"] = tars + "/" + cells
    offsets, sizes = cells.str.partition(":")[[0, 2]].astype("int64").T.values
    ends = pandas.Series(offsets + sizes, cells.index)
    beyond = ends > tars.map({tar: _tar_size(tar) for tar in tars.unique()})
    return [
        (line, f"line {line}: member {cell!r} is no part of a tar {tars[line]}")
        for line, cell in cells[beyond].items()
    ]


def _tar_size(path):
    """Size of a tar in bytes: -1 of what is none, no end of one not there."""
    if not path.lower().endswith(".tar"):
        return -1
    try:
        return os.stat(path).st_size
    except (OSError, ValueError):  # not there, or a name that cannot be
        return math.inf
