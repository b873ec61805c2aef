"""The recordings that are meant: files, folders, patterns, lists, tables."""

import csv
import glob
import os
from typing import NamedTuple

from data_prep.errors import EmoclustError, ManifestError
from data_prep.manifests.tables import PATH_COLUMNS, find_column
from data_prep.recordings.audio_files import find_files


class PredictError(EmoclustError):
    """What is wrong with the model, the options or the inputs, and where."""


class Clip(NamedTuple):
    """A recording: its path as it was given, where to read it, who speaks."""

    name: str
    path: str
    speaker: str = ""


def find_clips(arguments, lines=(), speaker_column=None):
    """Find all recordings that are meant, each once, in their order.

    An argument is a file, a folder, a pattern, a CSV file (paths relative to its
    folder) or ``-`` for ``lines``. With ``speaker_column`` all must be CSV files.
    A file that is not there is listed, to be named with those that are unusable.
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
        return [os.path.join(argument, name) for name in find_files(argument)]
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
    clips = []
    folder = os.path.dirname(path)
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            table = csv.DictReader(stream, strict=True)
            columns = table.fieldnames or []
            path_column = find_column(path, columns, PATH_COLUMNS)
            if speaker_column:
                find_column(path, columns, (speaker_column,))
            for row in table:
                name = (row[path_column] or "").strip()
                speaker = (row.get(speaker_column) or "").strip()
                if not name or (speaker_column and not speaker):
                    raise PredictError(
                        f"{path} has no {'speaker' if name else 'path'} in "
                        f"line {table.line_num}"
                    )
                clips.append(Clip(name, os.path.join(folder, name), speaker))
    except OSError as error:
        raise PredictError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise PredictError(
            f"{path} is no CSV file in UTF-8: {error}"
        ) from error
    except ManifestError as error:
        raise PredictError(str(error)) from error
    return clips
