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
    """Read the label table of a corpus, which has ``columns``: text by column."""
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
    """Read the recordings that a user's table lists, with all that rows say.

    Columns: wav, path or file, from ``folder``; spk_id or speaker; if wanted
    session, gender, sentence, start and stop (samples). An utterance has neither
    emotion nor duration; its ID is the path without its ending, ``@start-stop``
    behind it where these are given.
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
    """Choose the first of the ``offered`` columns that a table has."""
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
