"""What stands in the files of a protocol's results, column by column."""

from typing import NamedTuple

import numpy as np
import pandas as pd

KEY = ["system", "labels", "enrolled", "fold", "seed"]
_KEY_TYPES = {
    "system": str,
    "labels": float,
    "enrolled": str,
    "fold": int,
    "seed": int,
}
CELL_TYPES = {
    **_KEY_TYPES,
    "uar": float,
    "wa": float,
    "macro_f1": float,
    "valid_uar": float,
    "n": int,
    "n_train": int,
    "recalls": str,
    "confusion": str,
    "commit": str,
}
SPEAKER_TYPES = {**_KEY_TYPES, "speaker": str, "hits": str}


class Condition(NamedTuple):
    """What is the same in all cells that are averaged.

    Example
    -------
    >>> cells = pd.DataFrame({"system": ["none", "oracle"]})
    >>> Condition("none").of(
    ...     cells.assign(labels=1.0, enrolled="")
    ... ).index.tolist()
    [0]
    """

    system: str
    labels: float = 1.0
    enrolled: str = ""

    def of(self, table):
        """Return the rows of a table, of cells or of speakers, that are it.

        Arguments
        ---------
        table : pandas.DataFrame
            With ``system, labels, enrolled``.

        Returns
        -------
        pandas.DataFrame
        """
        return table[
            (table["system"] == self.system)
            & (table["labels"] == self.labels)
            & (table["enrolled"] == self.enrolled)
        ]


def enrolled_rank(enrolled):
    """Tell where a kind of enrolment stands: none, 0, 1, 2, ..., all.

    Arguments
    ---------
    enrolled : str
        As in ``cell_rows``.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        When it is not one.

    Example
    -------
    >>> sorted(["all", "10", "2", ""], key=enrolled_rank)
    ['', '2', '10', 'all']
    """
    if enrolled in ("", "all"):
        return -1.0 if enrolled == "" else np.inf
    if not enrolled.isdecimal():
        raise ValueError(
            f"enrolled is a number of clips, 'all' or '', not {enrolled!r}"
        )
    return float(enrolled)


def parse_hits(hits):
    """Read a column of hits: right and all utterances of each class.

    Arguments
    ---------
    hits : iterable of str
        As in ``cell_rows``.

    Returns
    -------
    numpy.ndarray
        Shape [rows, classes, 2].

    Example
    -------
    >>> parse_hits(["7/8 0/0"]).tolist()
    [[[7, 8], [0, 0]]]
    """
    return np.array(
        [[pair.split("/") for pair in row.split()] for row in hits], dtype=int
    )


def parse_confusions(confusions):
    """Read a column of confusion matrices.

    Arguments
    ---------
    confusions : iterable of str
        As in ``cell_rows``.

    Returns
    -------
    numpy.ndarray
        Rows are truth, shape [cells, classes, classes].

    Example
    -------
    >>> parse_confusions(["12 0;1 9"]).tolist()
    [[[12, 0], [1, 9]]]
    """
    return np.array(
        [[row.split() for row in text.split(";")] for text in confusions],
        dtype=int,
    )


def keys(table):
    """Return the key of each row of a table, as an index.

    Arguments
    ---------
    table : pandas.DataFrame
        Of cells or of speakers.

    Returns
    -------
    pandas.MultiIndex

    Example
    -------
    >>> from emoclust_lobes.synthetic.results import FEW, make_cells
    >>> cells, speakers = make_cells(FEW)
    >>> keys(cells).names == KEY, len(keys(speakers).unique())
    (True, 12)
    """
    return pd.MultiIndex.from_frame(table[KEY])


def read_table(path, types) -> pd.DataFrame | None:
    """Read a table of results.

    Arguments
    ---------
    path : pathlib.Path
        A CSV file.
    types : dict
        Column -> type of all its columns, in order.

    Returns
    -------
    pandas.DataFrame or None
        None where there is no such file.

    Raises
    ------
    ValueError
        When it has other columns or values.

    Example
    -------
    >>> path = getfixture("tmp_path") / "cells.csv"
    >>> _ = path.write_text("system,n\\nnone,7\\n")
    >>> read_table(path, {"system": str, "n": int}).values.tolist()
    [['none', 7]]
    """
    if not path.exists():
        return None
    try:
        table = pd.read_csv(
            path,
            dtype=types,
            keep_default_na=False,  # a system is called "none"
            na_values={"valid_uar": [""]},
            float_precision="round_trip",
        )
    except ValueError as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    if list(table.columns) != list(types):
        raise ValueError(
            f"{path} has the columns {list(table.columns)}, not {list(types)}"
        )
    return table


def check_tables(cells, speakers, folder):
    """Refuse tables that do not tell of the same tests.

    Arguments
    ---------
    cells, speakers : pandas.DataFrame
        With the columns of ``CELL_TYPES`` and ``SPEAKER_TYPES``.
    folder : str or pathlib.Path
        Where they are from, for messages.

    Raises
    ------
    ValueError
        When a cell is there twice or in one table alone, the counts of a
        cell are not the sum of its speakers', or cells have other classes.

    Example
    -------
    >>> from emoclust_lobes.synthetic.results import FEW, make_cells
    >>> cells, speakers = make_cells(FEW)
    >>> check_tables(cells, speakers, "results")
    >>> check_tables(cells.iloc[1:], speakers, "results")
    Traceback (most recent call last):
    ...
    ValueError: results: ('none', ...) is in one table, not in both
    """
    key = keys(cells)
    if key.has_duplicates:
        cell = key[key.duplicated()][0]
        raise ValueError(f"{folder}: the cell {cell} is there twice")
    try:
        confusions = parse_confusions(cells["confusion"])
        hits = parse_hits(speakers["hits"])
    except ValueError as error:
        raise ValueError(
            f"{folder}: the cells have not all the same number of classes, or "
            f"their counts cannot be read ({error})"
        ) from error
    right, all_ = confusions.diagonal(0, 1, 2), confusions.sum(axis=2)
    expected = pd.DataFrame(_flat(np.stack([right, all_], axis=2)), key)
    found = pd.DataFrame(_flat(hits), keys(speakers)).groupby(level=KEY).sum()
    alone = expected.index.symmetric_difference(found.index)
    if len(alone) > 0:
        raise ValueError(f"{folder}: {alone[0]} is in one table, not in both")
    same = (expected.sort_index() == found.sort_index()).all(axis=1)
    if not same.all():
        raise ValueError(
            f"{folder}: the confusion matrix of {same.index[~same][0]} and "
            "the hits of its speakers do not tell of the same test"
        )


def _flat(counts):
    return counts.reshape(len(counts), -1)
