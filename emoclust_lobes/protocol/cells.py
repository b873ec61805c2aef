"""The results of a protocol as files: read, written, merged.

A protocol is many runs: folds x seeds x systems x shares of the labels. The
folder of its results holds

* ``protocol.json``: ``title`` and, where known, ``note``, ``encoder``,
  ``classes``, ``label_source``, ``split``, ``yaml``, ``commands`` and
  ``systems``, the order in which they are told;
* ``cells.csv``: one row a cell, that is, a tested run;
* ``speakers.csv``: one row for each cell and test speaker; rows without a
  cell, which a kill may leave, do not count.

The files are sorted and their numbers have six decimals, so that a run more
is a line more.
"""

import pathlib
from typing import NamedTuple

import pandas as pd
from data_prep.storage.files import read_json, replacing
from emoclust_lobes.protocol.schema import (
    CELL_TYPES,
    KEY,
    SPEAKER_TYPES,
    check_tables,
    enrolled_rank,
    keys,
    parse_confusions,
    read_table,
)
from emoclust_lobes.protocol.systems import ORDER


class Results(NamedTuple):
    """What a folder of results holds.

    ``facts`` is the content of ``protocol.json``, ``cells`` and ``speakers``
    are tables with the columns of ``cell_rows``.

    Example
    -------
    >>> from emoclust_lobes.synthetic.results import make_results
    >>> results = read_results(make_results(getfixture("tmp_path")))
    >>> results.classes, results.order[:2]
    (['ang', 'hap', 'neu', 'sad'], ('none', 'shuffled'))
    """

    facts: dict
    cells: pd.DataFrame
    speakers: pd.DataFrame

    @property
    def classes(self):
        """Names of the classes, numbers where ``protocol.json`` has none."""
        n_classes = parse_confusions(self.cells["confusion"]).shape[1]
        numbers = [str(number + 1) for number in range(n_classes)]
        return self.facts.get("classes", numbers)

    @property
    def order(self):
        """In which order systems are told; others follow by name."""
        return tuple(self.facts.get("systems", ORDER))


def read_results(folder):
    """Read the results of a protocol.

    Arguments
    ---------
    folder : str or pathlib.Path
        Where they are.

    Returns
    -------
    Results

    Raises
    ------
    FileNotFoundError
        When a file is missing.
    ValueError
        When a file has other columns or values, a cell is there twice, or its
        speakers do not tell of the same test.

    Example
    -------
    >>> from emoclust_lobes.synthetic.results import make_results
    >>> results = read_results(make_results(getfixture("tmp_path")))
    >>> results.facts["title"], len(results.cells), len(results.speakers)
    ('Made-up', 12, 36)
    """
    folder = pathlib.Path(folder)
    facts = read_json(folder / "protocol.json")
    tables = _read_tables(folder)
    for name, content in {"protocol.json": facts, **tables}.items():
        if content is None:
            raise FileNotFoundError(
                f"{folder / name} is missing: {folder} holds no results, or "
                "not all of them"
            )
    if "title" not in facts:
        raise ValueError(f"{folder / 'protocol.json'} has no title")
    cells, speakers = tables.values()
    check_tables(cells, speakers, folder)
    return Results(facts, cells, speakers)


def merge_cells(folder, cells, speakers):
    """Add cells to the results of a protocol; a cell replaces its like.

    One process at a time may merge into a folder.

    Arguments
    ---------
    folder : str or pathlib.Path
        Where ``cells.csv`` and ``speakers.csv`` are, or will be.
    cells, speakers : pandas.DataFrame
        From ``cell_rows``, of one or many runs, concatenated.

    Raises
    ------
    ValueError
        As ``read_results``; the files are then as before.

    Example
    -------
    >>> from emoclust_lobes.synthetic.results import FEW, make_cells
    >>> folder = getfixture("tmp_path")
    >>> merge_cells(folder, *make_cells(FEW))
    >>> merge_cells(folder, *make_cells(FEW, n_folds=4))  # one fold more
    >>> len(pd.read_csv(folder / "cells.csv"))
    16
    """
    folder = pathlib.Path(folder)
    old_cells, old_speakers = _read_tables(folder).values()
    kept = _without(old_cells, cells)
    all_cells = _sorted([kept, cells], KEY)
    all_speakers = _sorted(
        [_without(old_speakers, cells), speakers], [*KEY, "speaker"]
    )
    check_tables(all_cells, all_speakers, folder)
    # A cell is what says that a run is there. It comes after its speakers, and
    # the one it replaces goes before they do: this may be killed anywhere.
    if kept is None or kept.empty:
        (folder / "cells.csv").unlink(missing_ok=True)
    elif len(kept) < len(old_cells):
        _write(kept, folder / "cells.csv")
    _write(all_speakers, folder / "speakers.csv")
    _write(all_cells, folder / "cells.csv")


def _without(table, cells):
    return None if table is None else table[~keys(table).isin(keys(cells))]


def _sorted(tables, order):
    return pd.concat(tables).sort_values(order, key=_sortable)


def _write(table, path):
    with replacing(path) as stream:
        table.to_csv(stream, index=False, float_format="%.6f")


def _sortable(column):
    return column.map(enrolled_rank) if column.name == "enrolled" else column


def _read_tables(folder):
    cells = read_table(folder / "cells.csv", CELL_TYPES)
    speakers = read_table(folder / "speakers.csv", SPEAKER_TYPES)
    if speakers is not None:  # some may be of cells that a kill kept away
        known = [] if cells is None else keys(cells)
        speakers = speakers[keys(speakers).isin(known)]
    return {"cells.csv": cells, "speakers.csv": speakers}
