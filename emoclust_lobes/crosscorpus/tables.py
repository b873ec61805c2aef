"""Tables of a matrix: as CSV, and as Markdown."""

import numpy as np
import pandas as pd
from emoclust_lobes.crosscorpus.cells import Cell
from emoclust_lobes.protocol.markdown import number, paragraph, signed, table
from emoclust_lobes.protocol.statistics import (
    NOTHING,
    paired_difference,
    uar_interval,
)
from emoclust_lobes.protocol.systems import BASELINE

_WITHIN = (
    "In brackets: within a corpus, over its speaker-disjoint folds. Each column "
    "is scored on the same utterances, each once"
)


def about(matrix):
    """Say what was tested, and the chance level.

    Arguments
    ---------
    matrix : Matrix
        From ``read_matrix``.

    Returns
    -------
    str
        Corpora, classes, note and chance.

    Example
    -------
    >>> from emoclust_lobes.crosscorpus.cells import Matrix
    >>> facts = {"classes": ["ang", "sad"], "corpora": {"a": "A", "b": "B"}}
    >>> about(Matrix(facts, None, None))
    '**A, B**: the shared classes ang, sad. Chance is .500.'
    """
    facts = matrix.facts
    classes, titles = facts["classes"], facts["corpora"].values()
    text = f"**{', '.join(titles)}**: the shared classes {', '.join(classes)}."
    if facts.get("note"):
        text += f" {facts['note'].rstrip('.')}."
    return paragraph(f"{text} Chance is {number(1 / len(classes))}.")


def matrix_table(matrix):
    """Tell what is learnt on each corpus and tested on each.

    Arguments
    ---------
    matrix : Matrix
        From ``read_matrix``.

    Returns
    -------
    pandas.DataFrame
        One row for each ``system, adapt, enrolled`` and ``train`` corpus; one
        column for each test corpus: UAR, the mean over the seeds, NaN where
        nothing was tested.

    Example
    -------
    >>> from emoclust_lobes.crosscorpus.cells import Matrix
    >>> key = {"system": "none", "adapt": "none", "enrolled": ""}
    >>> cells = pd.DataFrame(
    ...     [
    ...         {**key, "train": "a", "test": "b", "seed": 1, "uar": 0.4},
    ...         {**key, "train": "a", "test": "b", "seed": 2, "uar": 0.6},
    ...     ]
    ... )
    >>> facts = {"systems": ["none"], "corpora": {"a": "A", "b": "B"}}
    >>> made = matrix_table(Matrix(facts, cells, None))
    >>> print(made.to_csv(index=False), end="")
    system,adapt,enrolled,train,a,b
    none,none,,a,,0.5
    none,none,,b,,
    """
    corpora = list(matrix.facts["corpora"])
    means = matrix.cells.groupby(
        ["system", "adapt", "enrolled", "train", "test"]
    )["uar"].mean()
    rows = [
        {
            **dict(zip(("system", "adapt", "enrolled"), row)),
            "train": train,
            **{test: means.get((*row, train, test)) for test in corpora},
        }
        for row in matrix.rows
        for train in corpora
    ]
    return pd.DataFrame(rows).astype(dict.fromkeys(corpora, float))


def matrix_text(matrix):
    """Write ``matrix_table`` as Markdown.

    Arguments
    ---------
    matrix : Matrix
        From ``read_matrix``.

    Returns
    -------
    str

    Example
    -------
    >>> from emoclust_lobes.crosscorpus.cells import Matrix
    >>> row = {"train": "a", "test": "b", "adapt": "none", "system": "none"}
    >>> cells = pd.DataFrame([{**row, "enrolled": "", "seed": 1, "uar": 0.5}])
    >>> facts = {"systems": ["none"], "corpora": {"a": "A", "b": "B"}}
    >>> matrix_text(Matrix(facts, cells, None)).splitlines()[2]
    '| none | A | - | .500 |'
    """
    titles = matrix.facts["corpora"]
    lines = []
    for row in matrix_table(matrix).to_dict("records"):
        line = {
            "system": row_name(row["system"], row["adapt"], row["enrolled"]),
            "trained on": titles[row["train"]],
        }
        for test, title in titles.items():
            uar = number(row[test])
            within = row["train"] == test and uar != "-"
            line[title] = f"({uar})" if within else uar
        lines.append(line)
    notes = f"UAR on the corpus of the column, mean over seeds. {_WITHIN}."
    return table(lines, f"{notes} {_adapting(matrix)}".strip())


def cells_text(matrix):
    """Tell every pair of corpora with spread and differences, as Markdown.

    Arguments
    ---------
    matrix : Matrix
        From ``read_matrix``.

    Returns
    -------
    str

    Example
    -------
    >>> from emoclust_lobes.crosscorpus.cells import Matrix
    >>> from emoclust_lobes.synthetic.results import make_cells
    >>> cells, speakers = make_cells({("none", 1.0, ""): 0.5}, n_folds=1)
    >>> pair = {"train": "a", "test": "b", "adapt": "none"}
    >>> facts = {"systems": ["none"], "corpora": {"a": "A", "b": "B"}}
    >>> matrix = Matrix(facts, cells.assign(**pair), speakers.assign(**pair))
    >>> cells_text(matrix).splitlines()[2][:22]
    '| A | B | none | 2 | .'
    """
    titles = matrix.facts["corpora"]
    cells, speakers = matrix.runs
    lines = []
    for train in titles:
        for test in titles:
            for system, adapt, enrolled in matrix.rows:
                cell = Cell(train, test, adapt, system, enrolled)
                found = cell.condition.of(cells)
                if found.empty:
                    continue
                baseline = Cell(train, test, "none", BASELINE, "")
                lines.append(
                    {
                        "trained on": titles[train],
                        "tested on": titles[test],
                        "system": row_name(system, adapt, enrolled),
                        "seeds": str(len(found)),
                        "UAR (95 % interval)": _with_interval(
                            found["uar"].mean(),
                            uar_interval(speakers, cell.condition),
                        ),
                        "seed dev.": number(found["uar"].std()),
                        "WA": number(found["wa"].mean()),
                        "development UAR": number(found["valid_uar"].mean()),
                        f"to `{BASELINE}` (95 % interval)": _difference(
                            cells, speakers, cell, baseline
                        ),
                        "to the same, not adapted": _difference(
                            cells, speakers, cell, cell._replace(adapt="none")
                        ),
                        "n": f"{found['n'].iloc[0]:,}",
                        "n trained on": f"{found['n_train'].mean():,.0f}",
                    }
                )
    notes = (
        "95 % bootstrap intervals over test speakers, seeds averaged; "
        "differences are over the seeds that both have. Development speakers "
        "are of the corpus trained on."
    )
    return table(lines, notes)


def row_name(system, adapt, enrolled):
    """Name a matrix.

    Arguments
    ---------
    system, adapt, enrolled : str
        As in ``Matrix.rows``.

    Returns
    -------
    str

    Example
    -------
    >>> row_name("contrastive", "other", ""), row_name("enrolled", "none", "1")
    ('contrastive, adapted', 'enrolled, 1 clip')
    """
    parts = [system] + ["adapted"] * (adapt != "none")
    if enrolled:
        parts.append(f"{enrolled} clip{'' if enrolled == '1' else 's'}")
    return ", ".join(parts)


def _adapting(matrix):
    if not (matrix.cells["adapt"] == "other").any():
        return ""
    return (
        "Adapted: stage 1 also heard unlabeled speech of other speakers of "
        "the tested corpus than those who are scored."
    )


def _with_interval(value, interval):
    """Write a score, and its interval where more than one speaker is tested."""
    if np.isnan(interval).any():
        return number(value)
    low, high = map(number, interval)
    return f"{number(value)} ({low}-{high})"


def _difference(cells, speakers, cell, baseline):
    if cell == baseline:
        return signed(NOTHING)
    return signed(
        paired_difference(cells, speakers, cell.condition, baseline.condition)
    )


TEXTS = {"matrix": matrix_text, "cells": cells_text}
