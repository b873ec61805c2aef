"""The recordings that are meant: files, folders, patterns, lists, tables."""

import glob
import os
from typing import NamedTuple

from data_prep.errors import EmoclustError, ManifestError
from data_prep.manifests.parts import find_part_columns, name_part, read_part
from data_prep.manifests.tables import (
    PATH_COLUMNS,
    find_column,
    read_rows,
    refuse_rows,
)
from data_prep.recordings.audio_files import find_files
from data_prep.recordings.formats import AUDIO_SUFFIXES, RECORDINGS, unconverted


class PredictError(EmoclustError):
    """What is wrong with the model, the options or the inputs, and where."""


class Clip(NamedTuple):
    """A recording, where to read it, who speaks, and the ends of a part.

    These are samples (int) or seconds (float), and stand in its name.
    """

    name: str
    path: str
    speaker: str = ""
    start: int | float | None = None
    stop: int | float | None = None


def find_clips(arguments, lines=(), speaker_column=None):
    """Find all recordings that are meant, each once, in their order.

    What is not there, or in a format that is not read, is listed, to be named
    with what is unusable.
    """
    clips = []
    for argument in arguments:
        if argument.lower().endswith(".csv"):
            found = _read_table(argument, speaker_column)
        elif speaker_column:
            raise PredictError(
                f"{argument} is no CSV file: only those have a column "
                f"{speaker_column} (--speaker_column)"
            )
        elif argument == "-":
            names = [line.rstrip("\r\n") for line in lines]
            found = [Clip(name, name) for name in names if name.strip()]
        else:
            found = [Clip(name, name) for name in _expand(argument)]
        if not found:
            where = "the standard input" if argument == "-" else argument
            raise PredictError(f"there is no audio in {where}")
        clips += found
    return list(dict.fromkeys(clips))


def _expand(argument):
    if os.path.isdir(argument):
        names = find_files(argument, RECORDINGS)
        unread = set(unconverted(names))  # listed, to be named
        return [
            os.path.join(argument, name)
            for name in names
            if name.lower().endswith(AUDIO_SUFFIXES) or name in unread
        ]
    # A file that is there may have a name that looks like a pattern.
    if os.path.lexists(argument) or not glob.has_magic(argument):
        return [argument]
    found = sorted(glob.glob(argument, recursive=True))
    return [
        name
        for each in found
        for name in (_expand(each) if os.path.isdir(each) else [each])
    ]


def _read_table(path, speaker_column):
    clips, problems = [], []
    folder = os.path.dirname(path)
    try:
        columns, rows = read_rows(path)
        path_column = find_column(path, columns, PATH_COLUMNS)
        if speaker_column:
            find_column(path, columns, (speaker_column,))
        part_columns = find_part_columns(path, columns)
        for line, row in rows:
            name, speaker = row[path_column], row.get(speaker_column, "")
            try:
                part = read_part(row, *part_columns)
                if not name or (speaker_column and not speaker):
                    raise ValueError(f"no {'speaker' if name else 'path'}")
            except ValueError as error:
                problems.append(f"line {line}: {error}")
            else:
                file = os.path.join(folder, name)
                clips.append(Clip(name_part(name, *part), file, speaker, *part))
        refuse_rows(path, problems)
    except OSError as error:
        raise PredictError(f"{path}: {error.strerror}") from error
    except ManifestError as error:
        raise PredictError(str(error)) from error
    return clips
