"""Reading the tables that say what recordings there are."""

import collections
import csv
import dataclasses
import os
import pathlib

from data_prep.errors import ManifestError, name_some
from data_prep.manifests.manifest import Utterance
from data_prep.manifests.parts import find_part_columns, name_part, read_part

# Of several, the first counts
PATH_COLUMNS = ("wav", "path", "file")
_SPEAKER_COLUMNS = ("spk_id", "speaker")


def read_rows(path):
    """Read a CSV file that a user gives: its columns, and (line, row) of each.

    Cells are text without outer spaces; what short rows lack is empty. Rows are
    a ManifestError where cells may stand under a column that is not theirs: for
    more cells than the heading has, and for a line break or a zero in one.
    """
    rows, problems, line = [], [], 1
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            table = csv.reader(stream, strict=True)
            columns = [x.strip() for x in next(table, [])]
            _check_columns(path, columns)
            line = table.line_num + 1
            for cells in table:
                problem = _problem(cells, columns)
                if problem:
                    problems.append(f"line {line}: {problem}")
                elif cells:
                    row = dict.fromkeys(columns, "")
                    row.update(zip(columns, map(str.strip, cells)))
                    rows.append((line, row))
                line = table.line_num + 1
    except UnicodeDecodeError as error:
        raise ManifestError(
            f"{path} is no CSV file in UTF-8 ({error}): save it as one."
        ) from error
    except csv.Error as error:
        reason = str(error)
        if reason == "unexpected end of data":
            reason = "a quote that begins in it does not end"
        problems.append(f"line {line}: {reason}")
    refuse_rows(path, problems)
    return columns, rows


def refuse_rows(path, problems):
    """Raise for the rows of a table that have problems, if there are any."""
    if problems:
        raise ManifestError(
            f"{path} has {len(problems):,} unusable rows: "
            f"{name_some(problems)}."
        )


def _check_columns(path, columns):
    other = [x for x in (";", "\t") if len(columns) == 1 and x in columns[0]]
    if other:
        raise ManifestError(
            f"{path} has {other[0]!r} between its columns: save it with commas."
        )
    counts = collections.Counter(filter(None, columns))
    twice = [x for x, n in counts.items() if n > 1]
    if twice:
        raise ManifestError(
            f"{path} has more than one column {name_some(twice)}: rename them."
        )


def _problem(cells, columns):
    """Say why the cells of a row may not be under their columns."""
    if len(cells) > len(columns):
        return (
            f"{len(cells)} cells under {len(columns)} columns (put text with "
            "commas in double quotes)"
        )
    if any("\n" in cell or "\r" in cell for cell in cells):
        return "a line break in a cell, or a quote that does not end"
    if any("\0" in cell for cell in cells):
        return "line contains NUL"  # in the words of Python before 3.11
    return ""


def read_table(corpus, path, columns):
    """Read the label table of a corpus, which has ``columns``: text by column."""
    found, rows = read_rows(path)
    if not set(columns) <= set(found):
        raise ManifestError(
            f"{path} is not {corpus}'s table: it lacks "
            f"{' or '.join(columns)} among its columns "
            f"({', '.join(found)[:80]})."
        )
    return [row for _, row in rows]


def read_recordings(path, folder, read_more=lambda values: {}):
    """Read the recordings that a user's table lists, with all that rows say.

    Columns: wav, path or file, from ``folder``; spk_id or speaker; if wanted
    session, gender, sentence, and start and end (seconds) or start and stop
    (samples). An utterance has neither emotion nor duration; its ID is the path
    without its ending, ``@start-stop`` behind it where these are given.
    ``read_more`` makes further columns of an utterance from what a row says, or
    raises a ValueError that says why not.
    """
    recordings, problems = [], []
    columns, rows = read_rows(path)
    path_column = find_column(path, columns, PATH_COLUMNS)
    speaker_column = find_column(path, columns, _SPEAKER_COLUMNS)
    part_columns = find_part_columns(path, columns)
    for line, values in rows:
        try:
            utterance = _read_row(
                values,
                folder,
                values[path_column],
                values[speaker_column],
                read_part(values, *part_columns),
            )
            utterance = dataclasses.replace(utterance, **read_more(values))
        except ValueError as error:
            problems.append(f"line {line}: {error}")
        else:
            recordings.append((utterance, values))
    refuse_rows(path, problems)
    return recordings


def find_column(path, columns, offered):
    """Choose the first of the ``offered`` columns that a table has."""
    for column in offered:
        if column in columns:
            return column
    raise ManifestError(
        f"{path} has no column {' or '.join(offered)}, but "
        f"{', '.join(columns) or 'none at all'}."
    )


def _read_row(values, folder, path, speaker, part):
    """Make an utterance of one row, or raise a ValueError that says why."""
    wav = os.path.relpath(os.path.join(folder, path), folder)
    if not path or wav == os.curdir:
        raise ValueError("no path")
    if pathlib.Path(wav).parts[0] == os.pardir:
        raise ValueError(f"{path} is not in the folder of the table")
    if "\\" in path and not os.path.lexists(os.path.join(folder, path)):
        raise ValueError(f"{path} has backslashes: write / instead")
    if not speaker:
        raise ValueError("no speaker")
    start, stop = part
    wav = pathlib.Path(wav).as_posix()
    return Utterance(
        ID=name_part(wav.rpartition(".")[0] or wav, start, stop),
        wav=wav,
        start=start,
        stop=stop,
        spk_id=speaker,
        gender={"f": "F", "m": "M"}.get(
            values.get("gender", "")[:1].lower(), ""
        ),
        session=values.get("session", ""),
        sentence=values.get("sentence", ""),
    )
