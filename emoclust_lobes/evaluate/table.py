"""What is evaluated on: labeled recordings, and predictions for them."""

import os
import pathlib
from typing import NamedTuple

import numpy as np
import pandas as pd
from data_prep.errors import EmoclustError, name_some
from data_prep.manifests.manifest import Source, read_manifest
from data_prep.manifests.parts import find_part_columns, name_part, read_part
from data_prep.manifests.summary import SUMMARY, read_summary
from data_prep.manifests.tables import (
    PATH_COLUMNS,
    find_column,
    read_recordings,
    read_rows,
    refuse_rows,
)
from emoclust_lobes.predict.inputs import Clip

# Probabilities may have been rounded to three decimals.
_SUM_OFF = 0.01
_PREFIXES = ("prob_", "p_")


class EvaluateError(EmoclustError):
    """What is wrong with a table, its predictions or classes, and where."""


class Labeled(NamedTuple):
    """Labeled recordings: ``rows`` has a row each, ``clips`` where to read it.

    ``rows`` has ``file`` (with its part), ``speaker, emotion``, as the table has
    them, and the table's other columns; ``corpus`` is "" where it is not told;
    ``unlabeled`` counts what was left out.
    """

    rows: pd.DataFrame
    clips: list
    corpus: str
    unlabeled: int


def read_labeled(path, data_folder=None, corpus=None):
    """Read a table of any corpus, or a CSV of a manifest."""
    path = pathlib.Path(path)
    if path.suffix.lower() != ".csv" or not path.is_file():
        raise EvaluateError(
            f"{path} is no CSV file: give a table with the columns file, "
            "speaker and emotion, or a CSV of a manifest"
        )
    if (path.parent / SUMMARY).is_file():
        if data_folder is None:
            raise EvaluateError(
                f"{path} is of a manifest: give --data_folder, where its audio is"
            )
        corpus = corpus or read_summary(path.parent)["corpus"]
        read = read_manifest(Source(str(path), data_folder))
        wavs = read["wav"].tolist()
        parts = [
            tuple(int(x) if x else None for x in ends)
            for ends in zip(read["start"], read["stop"], strict=True)
        ]
        read = read.rename(columns={"spk_id": "speaker"})
    else:
        folder = pathlib.Path(data_folder or path.parent)
        recordings = read_recordings(path, folder)
        utterances = [x for x, _ in recordings]
        wavs = [str(folder / x.wav) for x in utterances]
        parts = [(x.start, x.stop) for x in utterances]
        read = pd.DataFrame([row for _, row in recordings], dtype=str)
        read["speaker"] = [x.spk_id for x in utterances]
        data_folder = folder
    if "emotion" not in read:
        raise EvaluateError(f"{path} has no column emotion, or no rows")
    names = [
        name_part(
            pathlib.PurePath(os.path.relpath(x, data_folder)).as_posix(), *y
        )
        for x, y in zip(wavs, parts, strict=True)
    ]
    read = read.assign(file=names)
    labeled = read["emotion"] != ""
    twice = read.loc[read["file"].duplicated(), "file"]
    if len(twice):
        raise EvaluateError(
            f"{path} has {len(twice):,} recordings twice: {name_some(twice, 5)}"
        )
    if not labeled.any():
        raise EvaluateError(f"{path} has no row with an emotion")
    clips = [
        Clip(name, wav, speaker, *part)
        for name, wav, speaker, part in zip(
            names, wavs, read["speaker"], parts, strict=True
        )
    ]
    kept = [clip for clip, keep in zip(clips, labeled, strict=True) if keep]
    rows = read[labeled].reset_index(drop=True)
    return Labeled(rows, kept, corpus or "", int((~labeled).sum()))


def read_predictions(path, files):
    """Read predictions of ``files``, in their order, that anything has made.

    Columns: file (path, wav), start and end where these are parts, and
    probabilities ``prob_CLASS`` or ``p_CLASS``, or else ``emotion`` or
    ``prediction``. Returns a column of probabilities a class, and whether they
    are; an emotion alone is a 1 among zeros.
    """
    columns, rows = read_rows(path)
    path_column = find_column(path, columns, PATH_COLUMNS)
    part_columns = find_part_columns(path, columns)
    prefix = next(
        (x for x in _PREFIXES if any(y.startswith(x) for y in columns)), None
    )
    answer = ""
    if prefix is None:
        answer = find_column(path, columns, ("emotion", "prediction"))
    else:
        shares = [x for x in columns if x.startswith(prefix)]
    found, problems = {}, []
    for line, row in rows:
        try:
            part = read_part(row, *part_columns)
            name = name_part(os.path.normpath(row[path_column]), *part)
            if name in found:
                raise ValueError(f"{name} for the second time")
            if prefix is None:
                if not row[answer]:
                    raise ValueError("no emotion")
                found[name] = row[answer]
            else:
                found[name] = _shares([row[x] for x in shares])
        except ValueError as error:
            problems.append(f"line {line}: {error}")
    refuse_rows(path, problems)
    missing = [x for x in files if x not in found]
    if missing:
        raise EvaluateError(
            f"{path} has no prediction for {len(missing):,} of {len(files):,} "
            f"recordings: {name_some(missing, 5)}. Name them as the table does"
        )
    if prefix is None:
        answers = pd.Series([found[x] for x in files])
        return pd.get_dummies(answers, dtype=float), False
    names = [x.removeprefix(prefix) for x in shares]
    return pd.DataFrame([found[x] for x in files], columns=names), True


def _shares(cells):
    """Read the probabilities of a row, whose sum becomes exactly 1."""
    values = np.array([float(x) for x in cells])
    total = values.sum()
    if not (np.isfinite(values).all() and (values >= 0).all()):
        raise ValueError(f"{', '.join(cells)} are no probabilities")
    if abs(total - 1) > _SUM_OFF:
        raise ValueError(f"probabilities whose sum is {total:.4g}, not 1")
    return values / total
