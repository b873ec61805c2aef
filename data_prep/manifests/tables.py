"""Reading the tables that say what recordings there are."""

import contextlib
import csv
import os
import pathlib

from data_prep.errors import ManifestError, name_some
from data_prep.manifests.manifest import Utterance

# Of several, the first counts
PATH_COLUMNS = ("wav", "path", "file")
_SPEAKER_COLUMNS = ("spk_id", "speaker")


def read_table(corpus, path, columns):
    """Read the label table of a corpus.

    Arguments
    ---------
    corpus : str
        Name of the corpus.
    path : pathlib.Path
        A CSV file with a heading.
    columns : sequence of str
        Columns that it must have.

    Returns
    -------
    list of dict
        Text by column, one for each row.

    Raises
    ------
    ManifestError
        When a column is missing, or the file is no CSV file in UTF-8.

    Example
    -------
    >>> path = getfixture("tmp_path") / "labels.csv"
    >>> _ = path.write_text("FileName,EmoClass\\na.wav,H\\n")
    >>> read_table("Tiny", path, ["EmoClass"])
    [{'FileName': 'a.wav', 'EmoClass': 'H'}]
    """
    with _rows(path) as table:
        found = table.fieldnames or []
        if not set(columns) <= set(found):
            raise ManifestError(
                f"{path} is not {corpus}'s table: it lacks "
                f"{' or '.join(columns)} among its columns "
                f"({', '.join(found)[:80]})."
            )
        return list(table)


def read_recordings(path, folder):
    """Read the recordings that a user's table lists.

    Arguments
    ---------
    path : pathlib.Path
        A CSV file. Columns: wav, path or file; spk_id or speaker; if wanted
        session, gender, sentence, start and stop (samples).
    folder : pathlib.Path
        Where its paths start from.

    Returns
    -------
    list of (Utterance, dict)
        Without emotion and duration, and all that the row says: text by
        column. The ID is the path without its ending, with start and stop
        behind where there are any.

    Raises
    ------
    ManifestError
        When the file is no CSV file in UTF-8, a column is missing, a path
        leads out of the folder, or a row has no speaker or a start or stop
        that is no number.

    Example
    -------
    >>> path = getfixture("tmp_path") / "calls.csv"
    >>> _ = path.write_text("path,speaker,start,stop\\na.wav,Kim,0,16000\\n")
    >>> ((found, _),) = read_recordings(path, path.parent)
    >>> found.ID, found.spk_id, found.stop
    ('a@0-16000', 'Kim', 16000)
    """
    recordings, problems = [], []
    with _rows(path) as table:
        columns = table.fieldnames or []
        path_column = find_column(path, columns, PATH_COLUMNS)
        speaker_column = find_column(path, columns, _SPEAKER_COLUMNS)
        for row in table:
            values = {k: (v or "").strip() for k, v in row.items() if k}
            try:
                utterance = _read_row(
                    values,
                    folder,
                    values[path_column],
                    values[speaker_column],
                )
            except ValueError as error:
                problems.append(f"line {table.line_num}: {error}")
            else:
                recordings.append((utterance, values))
    if problems:
        raise ManifestError(
            f"{path} has {len(problems):,} unusable rows: "
            f"{name_some(problems)}."
        )
    return recordings


def find_column(path, columns, offered):
    """Choose the first of several columns that a table has.

    Arguments
    ---------
    path : str or pathlib.Path
        The table, for the message.
    columns : sequence of str
        Its columns.
    offered : sequence of str
        Those to choose from, such as ``PATH_COLUMNS``.

    Returns
    -------
    str

    Raises
    ------
    ManifestError
        When it has none of them.

    Example
    -------
    >>> find_column("calls.csv", ["who", "file", "path"], PATH_COLUMNS)
    'path'
    """
    for column in offered:
        if column in columns:
            return column
    raise ManifestError(
        f"{path} has no column {' or '.join(offered)}, but "
        f"{', '.join(columns) or 'none at all'}."
    )


@contextlib.contextmanager
def _rows(path):
    """Open a table; what short rows lack is empty."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            yield csv.DictReader(stream, restval="")
    except (csv.Error, UnicodeDecodeError) as error:
        raise ManifestError(
            f"{path} is no CSV file in UTF-8 ({error}): save it as one."
        ) from error


def _read_row(values, folder, path, speaker):
    """Make an utterance of one row, or raise a ValueError that says why."""
    wav = os.path.relpath(os.path.join(folder, path), folder)
    if not path or wav == os.curdir:
        raise ValueError("no path")
    if pathlib.Path(wav).parts[0] == os.pardir:
        raise ValueError(f"{path} is not in the folder of the table")
    if not speaker:
        raise ValueError("no speaker")
    start, stop = values.get("start", ""), values.get("stop", "")
    wav = pathlib.Path(wav).as_posix()
    stem = wav.rpartition(".")[0] or wav
    return Utterance(
        ID=stem + (f"@{start}-{stop}" if start or stop else ""),
        wav=wav,
        start=_samples(start),
        stop=_samples(stop),
        spk_id=speaker,
        gender={"f": "F", "m": "M"}.get(
            values.get("gender", "")[:1].lower(), ""
        ),
        session=values.get("session", ""),
        sentence=values.get("sentence", ""),
    )


def _samples(text):
    if text and not text.isdecimal():
        raise ValueError(f"{text!r} is no number of samples")
    return int(text) if text else None
