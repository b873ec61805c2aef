"""What is evaluated on: labeled recordings, and predictions for them."""

import itertools
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

    ``corpus`` is "" where it is not told; ``unlabeled`` counts what is left
    out.
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
        read = read.rename(columns={"spk_id": "speaker"})
        places = [
            (wav, *(int(x) if x else None for x in part))
            for wav, *part in read[["wav", "start", "stop"]].to_numpy()
        ]
    else:
        data_folder = pathlib.Path(data_folder or path.parent)
        found = read_recordings(path, data_folder)
        read = pd.DataFrame([row for _, row in found], dtype=str)
        read["speaker"] = [x.spk_id for x, _ in found]
        places = [(str(data_folder / x.wav), x.start, x.stop) for x, _ in found]
    if "emotion" not in read:
        raise EvaluateError(f"{path} has no column emotion, or no rows")
    paths = [os.path.relpath(x[0], data_folder) for x in places]
    read["file"] = [
        name_part(pathlib.PurePath(x).as_posix(), *part)
        for x, (_, *part) in zip(paths, places, strict=True)
    ]
    twice = read.loc[read["file"].duplicated(), "file"]
    if len(twice):
        raise EvaluateError(
            f"{path} has {len(twice):,} recordings twice: {name_some(twice, 5)}"
        )
    labeled = read["emotion"] != ""
    if not labeled.any():
        raise EvaluateError(f"{path} has no row with an emotion")
    rows = read[labeled]
    clips = [
        Clip(row.file, wav, row.speaker, *part)
        for row, (wav, *part) in zip(
            rows.itertuples(), itertools.compress(places, labeled), strict=True
        )
    ]
    n_left = int((~labeled).sum())
    return Labeled(rows.reset_index(drop=True), clips, corpus or "", n_left)


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
    shares = next(
        filter(
            None, ([y for y in columns if y.startswith(x)] for x in _PREFIXES)
        ),
        [],
    )
    wanted = shares or [find_column(path, columns, ("emotion", "prediction"))]
    found, problems = {}, []
    for line, row in rows:
        try:
            part = read_part(row, *part_columns)
            name = name_part(os.path.normpath(row[path_column]), *part)
            if name in found:
                raise ValueError(f"{name} for the second time")
            cells = [row[x] for x in wanted]
            if not (shares or cells[0]):
                raise ValueError("no emotion")
            found[name] = _shares(cells) if shares else cells[0]
        except ValueError as error:
            problems.append(f"line {line}: {error}")
    refuse_rows(path, problems)
    missing = [x for x in files if x not in found]
    if missing:
        raise EvaluateError(
            f"{path} has no prediction for {len(missing):,} of {len(files):,} "
            f"recordings: {name_some(missing, 5)}. Name them as the table does"
        )
    ordered = [found[x] for x in files]
    if not shares:
        return pd.get_dummies(pd.Series(ordered), dtype=float), False
    names = [x.partition("_")[2] for x in shares]
    return pd.DataFrame(ordered, columns=names), True


def _shares(cells):
    """Read the probabilities of a row, whose sum becomes exactly 1."""
    values = np.array([float(x) for x in cells])
    total = values.sum()
    if not (np.isfinite(values).all() and (values >= 0).all()):
        raise ValueError(f"{', '.join(cells)} are no probabilities")
    if abs(total - 1) > _SUM_OFF:
        raise ValueError(f"probabilities whose sum is {total:.4g}, not 1")
    return values / total
