"""The results of a matrix as files: gathered from its cases, written, read.

The folder of the results holds

* ``crosscorpus.json``: ``classes``, ``corpora`` (name -> title), ``systems``,
  ``yaml``, ``settings``, ``commands`` and, where given, ``note``;
* ``cells.csv``: one row for each train corpus, test corpus, way to adapt,
  system and seed: the scores of all utterances that the folds of the test
  corpus test on, each once;
* ``speakers.csv``: one row for each of these and test speaker.
"""

import pathlib
from typing import NamedTuple

import numpy as np
import pandas as pd
from data_prep.storage.files import read_json, replacing
from emoclust_lobes.evaluation.metrics import emotion_metrics
from emoclust_lobes.protocol.cells import read_results
from emoclust_lobes.protocol.schema import (
    Condition,
    check_tables,
    enrolled_rank,
    parse_confusions,
    read_table,
)

FACTS = "crosscorpus.json"
KEY = ["train", "test", "adapt", "system", "enrolled", "seed"]
_KEY_TYPES = {**dict.fromkeys(KEY, str), "seed": int}
CELL_TYPES = {
    **_KEY_TYPES,
    "uar": float,
    "wa": float,
    "macro_f1": float,
    "valid_uar": float,
    "n": int,
    "n_train": int,
    "folds": int,
    "recalls": str,
    "confusion": str,
    "commit": str,
}
SPEAKER_TYPES = {**_KEY_TYPES, "speaker": str, "hits": str}


class Cell(NamedTuple):
    """A cell of a matrix, its seeds together.

    ``condition`` is what the statistics of a protocol know it by.

    Example
    -------
    >>> Cell("ravdess", "emodb", "none", "contrastive", "").condition.system
    'ravdess emodb none contrastive'
    """

    train: str
    test: str
    adapt: str
    system: str
    enrolled: str

    @property
    def condition(self):
        """As in the tables of ``Matrix.runs``."""
        return Condition(" ".join(self[:4]), 1.0, self.enrolled)


class Matrix(NamedTuple):
    """What a folder of results holds.

    ``facts`` is the content of ``crosscorpus.json``, ``cells`` and
    ``speakers`` are tables.

    Example
    -------
    >>> key = {"system": ["none"], "adapt": ["none"], "enrolled": [""]}
    >>> Matrix({"systems": ["none"]}, pd.DataFrame(key), None).rows
    [('none', 'none', '')]
    """

    facts: dict
    cells: pd.DataFrame
    speakers: pd.DataFrame

    @property
    def rows(self):
        """(system, adapt, enrolled) of each matrix, in order."""
        order = self.facts["systems"]
        found = self.cells[["system", "adapt", "enrolled"]].drop_duplicates()
        return sorted(
            found.itertuples(index=False, name=None),
            key=lambda x: (order.index(x[0]), x[1], enrolled_rank(x[2])),
        )

    @property
    def runs(self):
        """``cells`` and ``speakers`` as those of a protocol of one fold."""
        return as_runs(self.cells), as_runs(self.speakers)


def as_runs(table):
    """Tell a table as that of a protocol, whose systems are the cells.

    Arguments
    ---------
    table : pandas.DataFrame
        With the columns of ``KEY``.

    Returns
    -------
    pandas.DataFrame
        The same, with ``system``, ``labels`` and ``fold`` of a protocol.

    Example
    -------
    >>> cell = Cell("ravdess", "emodb", "none", "contrastive", "")
    >>> table = pd.DataFrame([cell]).assign(seed=1)
    >>> as_runs(table)["system"].item() == cell.condition.system
    True
    """
    names = table[["train", "test", "adapt", "system"]].agg(" ".join, axis=1)
    return table.assign(system=names, labels=1.0, fold=1)


def gather_cells(output_folder, yaml, settings):
    """Pool the results of the cases that are there.

    Arguments
    ---------
    output_folder : pathlib.Path
        Where the cases are.
    yaml : str
        Name of the experiment's YAML.
    settings : dict
        Its settings; cases with others do not count.

    Returns
    -------
    cells, speakers : pandas.DataFrame
        One row for each cell and seed of which all cases are there, with
        ``valid_uar`` and ``n_train`` the means over its ``folds`` cases; and
        one for each of these and test speaker.

    Example
    -------
    >>> cells, speakers = gather_cells(
    ...     getfixture("tmp_path"), "generic.yaml", {}
    ... )
    >>> len(cells), len(speakers)  # nothing was run
    (0, 0)
    """
    cells = [pd.DataFrame(columns=[*CELL_TYPES, "cases"])]
    speakers = [pd.DataFrame(columns=SPEAKER_TYPES)]
    classes = []
    for path in sorted(output_folder.glob("*-to-*/*/protocol.json")):
        facts = read_json(path)
        if (facts["yaml"], facts["settings"]) != (yaml, settings):
            continue
        if not (path.parent / "cells.csv").exists():
            continue
        results = read_results(path.parent)
        case, classes = facts["case"], facts["classes"]
        cell = {x: case[x] for x in ("train", "test", "adapt")}
        cells.append(results.cells.assign(**cell, cases=facts["cases"]))
        speakers.append(results.speakers.assign(**cell))
    rows = [
        pool_cell(dict(zip(KEY, key, strict=True)), group, classes)
        for key, group in pd.concat(cells).groupby(KEY)
        if len(group) == group["cases"].iloc[0]
    ]
    pooled = _typed(rows, CELL_TYPES)
    speakers = pd.concat(speakers)[list(SPEAKER_TYPES)]
    speakers = speakers.merge(pooled[KEY], on=KEY)
    return pooled, _typed(speakers, SPEAKER_TYPES)


def pool_cell(key, cases, classes):
    """Pool the cases of a cell and seed, which have tested other speakers.

    Arguments
    ---------
    key : dict
        The columns of ``KEY``.
    cases : pandas.DataFrame
        One row each, as in ``emoclust_lobes.protocol.cells``.
    classes : list of str
        The class set.

    Returns
    -------
    dict
        The columns of ``CELL_TYPES``. The scores are those of all utterances
        together, not means of the cases' scores.

    Example
    -------
    >>> cases = pd.DataFrame(
    ...     {
    ...         "confusion": ["4 0;2 2", "0 0;0 2"],
    ...         "valid_uar": [0.5, 0.7],
    ...         "n_train": [10, 20],
    ...         "commit": ["a", "a"],
    ...     }
    ... )
    >>> cell = pool_cell({}, cases, ["ang", "sad"])
    >>> cell["confusion"], cell["recalls"], round(cell["uar"], 3)
    ('4 0;2 4', '1.000000 0.666667', 0.833)
    """
    confusion = parse_confusions(cases["confusion"]).sum(axis=0)
    truth, prediction = np.indices(confusion.shape).reshape(2, -1)
    names = np.array(classes)
    scores = emotion_metrics(
        np.repeat(names[truth], confusion.flat),
        np.repeat(names[prediction], confusion.flat),
        classes,
    )
    recalls = scores["recall"].values()
    return {
        **key,
        **{x: scores[x] for x in ("uar", "wa", "macro_f1", "n")},
        "valid_uar": cases["valid_uar"].mean(),
        "n_train": round(cases["n_train"].mean()),
        "folds": len(cases),
        "recalls": " ".join("-" if x is None else f"{x:.6f}" for x in recalls),
        "confusion": ";".join(" ".join(map(str, x)) for x in confusion),
        "commit": " ".join(sorted(set(cases["commit"]))),
    }


def write_cells(folder, cells, speakers):
    """Write ``cells.csv`` and ``speakers.csv``.

    Arguments
    ---------
    folder : pathlib.Path
        Of the results.
    cells, speakers : pandas.DataFrame
        From ``gather_cells``.

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> write_cells(folder, *gather_cells(folder, "generic.yaml", {}))
    >>> sorted(path.name for path in folder.iterdir())
    ['cells.csv', 'speakers.csv']
    """
    for name, table in (("speakers", speakers), ("cells", cells)):
        with replacing(folder / f"{name}.csv") as stream:
            table.to_csv(stream, index=False, float_format="%.6f")


def read_matrix(folder):
    """Read the results of a matrix.

    Arguments
    ---------
    folder : str or pathlib.Path
        Where they are.

    Returns
    -------
    Matrix

    Raises
    ------
    FileNotFoundError
        When a file is missing.
    ValueError
        When a file has other columns or values, a cell is there twice, or its
        speakers do not tell of the same test.

    Example
    -------
    >>> read_matrix(getfixture("tmp_path"))
    Traceback (most recent call last):
    ...
    FileNotFoundError: there is no ...crosscorpus.json: no results
    """
    folder = pathlib.Path(folder)
    facts = read_json(folder / FACTS)
    if facts is None:
        raise FileNotFoundError(f"there is no {folder / FACTS}: no results")
    cells = read_table(folder / "cells.csv", CELL_TYPES)
    speakers = read_table(folder / "speakers.csv", SPEAKER_TYPES)
    if cells is None or speakers is None:
        raise FileNotFoundError(
            f"{folder} has not both cells.csv and speakers.csv: run the matrix"
        )
    check_tables(as_runs(cells), as_runs(speakers), folder)
    return Matrix(facts, cells, speakers)


def _typed(rows, types):
    table = pd.DataFrame(rows, columns=list(types)).astype(types).round(6)
    return table.sort_values([x for x in types if x in (*KEY, "speaker")])
