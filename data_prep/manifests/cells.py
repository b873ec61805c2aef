"""Reading the cells of a manifest, and refusing what cannot stand in one."""

import math
import os
import warnings

import pandas
import pyarrow
import pyarrow.csv
from data_prep.errors import ManifestError, name_some
from data_prep.recordings.paths import are_below_root
from data_prep.recordings.tar_shards import PLACE

# The column of places in tars, which a manifest without any does not have.
MEMBER = "member"

# Bytes of a table that are read together, to hold few rows twice.
_STRETCH = 1 << 22


def read_cells(path, columns, data_root):
    """Read a CSV of a manifest, and check the form of every cell.

    Arguments
    ---------
    path : str
        The CSV.
    columns : sequence of str
        Those of a manifest; there may be ``member``, too.
    data_root : str
        What ``$data_root`` stands for, without a slash at its end.

    Returns
    -------
    pandas.DataFrame
        One row per utterance: text, "" where empty, but ``duration`` a float.
        A path with a member is the address of :mod:`data_prep.recordings.tar_shards`.

    Raises
    ------
    ManifestError
        When the file is no such table, or a cell does not have the form that
        is written: duration, wav, start, stop and member; ID and spk_id that
        are empty, an ID that is there twice, and a member that does not lie
        in its tar.

    Example
    -------
    >>> path = getfixture("tmp_path") / "train.csv"
    >>> _ = path.write_text("ID,wav\\na,$data_root/../b.wav\\n")
    >>> read_cells(path, ["ID", "wav"], "")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    data_prep.errors.ManifestError: ...train.csv has 1 unusable cells: \
line 2: wav '$data_root/../b.wav' is no path below $data_root. Prepare it again.
    """
    if _has_zero(path):
        raise ManifestError(f"{path} is not a manifest: there is a zero in it.")
    try:
        stretches = _parse_in_stretches(path, columns)
        table, problems = _check(stretches, data_root)
    except (pyarrow.ArrowInvalid, UnicodeDecodeError):
        stretches = [_parse_patiently(path, columns)]
        table, problems = _check(stretches, data_root)
    if problems:
        raise ManifestError(
            f"{path} has {len(problems):,} unusable cells: "
            f"{name_some(problems, 5)}. Prepare it again."
        )
    return table


def _has_zero(path):
    """Look for a byte of zero, at which pandas 2 ends a cell."""
    with open(path, "rb") as stream:
        stretches = iter(lambda: stream.read(_STRETCH), b"")
        return any(b"\0" in stretch for stretch in stretches)


def _parse_in_stretches(path, columns):
    """Yield the rows of a table without a fault, as text.

    Of a million rows, Arrow reads a stretch in a fraction of the time and the
    memory that pandas needs, and pandas keeps Arrow's text as it is.

    Raises
    ------
    pyarrow.ArrowInvalid, UnicodeDecodeError
        When there is a fault, or may be one.
    """
    text = dict.fromkeys([*columns, MEMBER], pyarrow.large_string())
    with pyarrow.csv.open_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(
            use_threads=False, block_size=_STRETCH
        ),
        convert_options=pyarrow.csv.ConvertOptions(column_types=text),
    ) as reader:
        names = reader.schema.names
        if names not in _headings(columns):
            raise pyarrow.ArrowInvalid("other columns")
        if not _ends_a_line(path):
            raise pyarrow.ArrowInvalid("the last line has no end")
        yield reader.schema.empty_table().to_pandas()  # there may be no row
        for batch in reader:
            # A quote that does not end swallows the end of a line.
            if len(batch) and batch[-1][-1].as_py().endswith(("\n", "\r")):
                raise pyarrow.ArrowInvalid("a quote does not end")
            # Columns without any text, of which a pool has many, are one.
            blank = pyarrow.repeat(
                pyarrow.scalar("", text[columns[0]]), len(batch)
            )
            cells = [blank if x.equals(blank) else x for x in batch.columns]
            yield pyarrow.table(cells, names=names).to_pandas()


def _headings(columns):
    return [*columns], [*columns, MEMBER]


def _ends_a_line(path):
    with open(path, "rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read() in (b"\n", b"\r")


def _parse_patiently(path, columns):
    """Read a table that lacks something, or say what is wrong with it."""
    found = list(_parse(path, nrows=0).columns)
    if found not in _headings(columns):
        raise ManifestError(
            f"{path} is not a manifest: its columns are "
            f"{name_some(found)}, and should be {', '.join(columns)}."
        )
    return _parse(path)


def _parse(path, nrows=None):
    """Read rows as text, or say why the file is no table."""
    try:
        with warnings.catch_warnings():
            # Rows that are too long would be cut with no more than a warning.
            warnings.simplefilter("error", pandas.errors.ParserWarning)
            return pandas.read_csv(
                path,
                dtype=str,
                keep_default_na=False,
                index_col=False,
                nrows=nrows,
            )
    except (ValueError, pandas.errors.ParserWarning) as error:
        raise ManifestError(
            f"{path} is not a manifest: {_why_no_table(error)}."
        ) from error


def _why_no_table(error):
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    if isinstance(error, pandas.errors.ParserWarning):
        return "its rows have more fields than its heading"
    return str(error).strip().rstrip(".")


def _check(stretches, data_root):
    """Join the stretches of a table, and name the cells that are not fine."""
    tables, ids, problems, line = [], [], [], 2
    for table in stretches:
        table.index += line
        line += len(table)
        ids.append(table["ID"])
        found = _malformed(table)
        if not found:
            _convert(table, data_root)
            found = _join_members(table)
        problems += found
        if not problems:  # else they are only looked for
            tables.append(table)
    problems += _repeated(pandas.concat(ids))
    if problems:
        return None, [text for _, text in sorted(problems)]
    return pandas.concat(tables, ignore_index=True), []


def _malformed(table):
    """Name the cells that do not have the form that is written, by line."""
    is_name = lambda cells: cells != "", "is no name"
    is_samples = _has_form("[0-9]{0,15}"), "is no number of samples"
    is_seconds = _has_form(r"[0-9]{1,9}(\.[0-9]{1,9})?")
    forms = {
        "ID": is_name,
        "duration": (is_seconds, "is no number of seconds"),
        "wav": (are_below_root, "is no path below $data_root"),
        "start": is_samples,
        "stop": is_samples,
        "spk_id": is_name,
        MEMBER: (_has_form(f"({PLACE})?"), "is no offset:size"),
    }
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
    if "duration" in table:
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
