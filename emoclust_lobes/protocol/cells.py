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
from emoclust_lobes.files import read_json, replacing
from emoclust_lobes.metrics import emotion_metrics
from emoclust_lobes.protocol.schema import (
    CELL_TYPES,
    KEY,
    SPEAKER_TYPES,
    check_tables,
    enrolled_rank,
    keys,
    parse_confusions,
)
from emoclust_lobes.protocol.systems import ORDER


class Results(NamedTuple):
    """What a folder of results holds.

    ``facts`` is the content of ``protocol.json``, ``cells`` and ``speakers``
    are tables with the columns of ``cell_rows``.

    Example
    -------
    >>> from emoclust_lobes.testing.results import make_results
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


def cell_rows(
    predictions,
    speakers,
    classes,
    *,
    system,
    labels,
    enrolled,
    fold,
    seed,
    n_train,
    valid_uar=None,
    commit="",
):
    """Make the rows of a cell from the predictions of its run.

    Arguments
    ---------
    predictions : pandas.DataFrame
        One row per test utterance: ``ID, truth, prediction``.
    speakers : pandas.Series
        Index: ID of at least the test utterances; value: speaker.
    classes : list of str
        The class set, in the order in which it is reported.
    system : str
        What was tested, such as "contrastive".
    labels : float
        Share of the training labels that were used, 1 for all.
    enrolled : str
        Number of unlabelled clips of the test speaker that were used, "all",
        or "" without enrolment.
    fold, seed : int
        Which run.
    n_train : int
        Number of labelled utterances trained on.
    valid_uar : float or None
        UAR on the development speakers, where there are any.
    commit : str
        Of the code.

    Returns
    -------
    cells : pandas.DataFrame
        One row: the key, ``uar, wa, macro_f1, valid_uar, n`` (test
        utterances), ``n_train``, ``recalls`` ("0.750000 -": one a class, "-"
        without utterances), ``confusion`` ("12 0;1 9": rows of truth) and
        ``commit``.
    speakers : pandas.DataFrame
        One row per test speaker: the key, ``speaker`` and ``hits`` ("7/8
        0/0": right and all utterances of each class).

    Raises
    ------
    ValueError
        When an utterance is there twice or its speaker is not known, a label
        is outside the class set, or ``enrolled`` is something else.

    Example
    -------
    >>> cells, speakers = cell_rows(
    ...     pd.DataFrame(
    ...         [["u1", "ang", "ang"], ["u2", "ang", "sad"]],
    ...         columns=["ID", "truth", "prediction"],
    ...     ),
    ...     pd.Series({"u1": "anna", "u2": "anna"}),
    ...     ["ang", "sad"],
    ...     system="none",
    ...     labels=1.0,
    ...     enrolled="",
    ...     fold=1,
    ...     seed=0,
    ...     n_train=10,
    ... )
    >>> cells["confusion"].item(), speakers["hits"].item()
    ('1 1;0 0', '1/2 0/0')
    """
    name = f"{system}, fold {fold}, seed {seed}"
    enrolled_rank(enrolled)
    if predictions["ID"].duplicated().any():
        raise ValueError(f"{name}: an utterance is predicted twice")
    tested = predictions.assign(
        speaker=predictions["ID"].map(speakers),
        right=predictions["truth"] == predictions["prediction"],
    )
    unknown = tested.loc[tested["speaker"].isna(), "ID"]
    if len(unknown) > 0:
        raise ValueError(
            f"{name}: the speakers of {len(unknown)} utterances are not "
            f"known, such as that of {unknown.iloc[0]}"
        )
    scores = emotion_metrics(
        predictions["truth"], predictions["prediction"], classes
    )
    key = {
        "system": system,
        "labels": labels,
        "enrolled": enrolled,
        "fold": fold,
        "seed": seed,
    }
    recalls = [scores["recall"][label] for label in classes]
    cell = {
        **key,
        **{score: scores[score] for score in ("uar", "wa", "macro_f1")},
        "valid_uar": valid_uar,
        "n": scores["n"],
        "n_train": n_train,
        "recalls": " ".join("-" if x is None else f"{x:.6f}" for x in recalls),
        "confusion": ";".join(
            " ".join(map(str, row)) for row in scores["confusion"]
        ),
        "commit": commit,
    }
    counts = tested.groupby(["speaker", "truth"])["right"].agg(["sum", "size"])
    hits = counts["sum"].astype(str) + "/" + counts["size"].astype(str)
    hits = hits.unstack(fill_value="0/0")
    hits = hits.reindex(columns=classes, fill_value="0/0")
    rows = [
        {**key, "speaker": speaker, "hits": " ".join(row)}
        for speaker, row in zip(hits.index, hits.to_numpy(), strict=True)
    ]
    return _typed([cell], CELL_TYPES), _typed(rows, SPEAKER_TYPES)


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
    >>> from emoclust_lobes.testing.results import make_results
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
    >>> from emoclust_lobes.testing.results import FEW, make_cells
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


def _typed(rows, types):
    return pd.DataFrame(rows, columns=list(types)).astype(types).round(6)


def _sortable(column):
    return column.map(enrolled_rank) if column.name == "enrolled" else column


def _read_tables(folder):
    cells = _read(folder / "cells.csv", CELL_TYPES)
    speakers = _read(folder / "speakers.csv", SPEAKER_TYPES)
    if speakers is not None:  # some may be of cells that a kill kept away
        known = [] if cells is None else keys(cells)
        speakers = speakers[keys(speakers).isin(known)]
    return {"cells.csv": cells, "speakers.csv": speakers}


def _read(path, types):
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
