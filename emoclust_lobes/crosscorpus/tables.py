"""Tables of a matrix: as CSV, and as Markdown."""

import numpy as np
import pandas as pd
from emoclust_lobes.crosscorpus.matrix import condition_of
from emoclust_lobes.protocol.markdown import (
    clips,
    compared,
    headline,
    number,
    table,
)
from emoclust_lobes.protocol.statistics import paired_difference, uar_interval
from emoclust_lobes.protocol.systems import LABELS, NO_STAGE1, TEST_SPEAKERS

_WITHIN = (
    "In brackets: within a corpus, over its speaker-disjoint folds. Each column "
    "is scored on the same utterances, each once"
)


def about(matrix):
    """Say what was tested, and the chance level."""
    facts = matrix.facts
    classes, titles = facts["classes"], facts["corpora"].values()
    text = f"**{', '.join(titles)}**: the shared classes {', '.join(classes)}."
    return headline(text, facts, len(classes))


def matrix_table(matrix):
    """Tell the mean UAR over the seeds, a column for each test corpus, NaN for none.

    One row for each ``system, adapt, enrolled`` and ``train`` corpus.
    """
    corpora = list(matrix.facts["corpora"])
    means = matrix.runs.groupby(
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
    """Write ``matrix_table`` as Markdown."""
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
    if (matrix.runs["adapt"] == "other").any():
        notes += (
            " Adapted: unlabeled speech of other speakers of the tested corpus "
            "than those who are scored was heard in training."
        )
    return table(lines, notes)


def pairs_text(matrix):
    """Tell every pair of corpora with deviations and differences."""
    titles = matrix.facts["corpora"]
    runs, speakers = matrix.as_protocol
    lines = []
    for train in titles:
        for test in titles:
            for system, adapt, enrolled in matrix.rows:
                told, without, unadapted = (
                    condition_of(train, test, *row)
                    for row in (
                        (adapt, system, enrolled),
                        ("none", NO_STAGE1, ""),
                        ("none", system, enrolled),
                    )
                )
                found = told.of(runs)
                if found.empty:
                    continue
                to_without, to_unadapted = (
                    paired_difference(
                        runs,
                        speakers,
                        told,
                        other,
                        deterministic=matrix.deterministic,
                    )
                    for other in (without, unadapted)
                )
                lines.append(
                    {
                        "trained on": titles[train],
                        "tested on": titles[test],
                        "system": row_name(system, adapt, enrolled),
                        "uses": _uses(matrix, system, adapt, enrolled),
                        "seeds": str(len(found)),
                        "UAR (95 % interval)": _with_interval(
                            found["uar"].mean(), uar_interval(speakers, told)
                        ),
                        "seed dev.": number(found["uar"].std()),
                        "WA": number(found["wa"].mean()),
                        "development UAR": number(found["valid_uar"].mean()),
                        **_compared(f"`{NO_STAGE1}`", to_without),
                        **_compared("the same, not adapted", to_unadapted),
                        "n": f"{found['n'].iloc[0]:,}",
                        "n trained on": f"{found['n_train'].mean():,.0f}",
                    }
                )
    notes = (
        "95 % bootstrap intervals over test speakers, seeds averaged, and of "
        "differences over speakers and seeds, too; differences are over the "
        "seeds that both have, those of what no seed changes to the mean over "
        "seeds. Each is of one training set, or of the folds' together: what "
        "other training speakers would change is not told. Development "
        "speakers are of the corpus trained on. Uses: what is known beside "
        "the labels, of unlabeled speech."
    )
    return table(lines, notes)


def row_name(system, adapt, enrolled):
    """Name a matrix: contrastive, adapted, 1 clip."""
    parts = [system] + ["adapted"] * (adapt != "none")
    return ", ".join(parts + ([clips(enrolled)] if enrolled else []))


def _compared(name, difference):
    """Tell a difference over test speakers, and over seeds, too."""
    cells = list(compared(name, difference).items())
    return dict(cells[:2])


def _uses(matrix, system, adapt, enrolled):
    """Tell what a row knows of unlabeled speech."""
    uses = matrix.facts.get("uses", {}).get(system, "-")
    parts = [] if uses == LABELS else [uses]
    parts += ["other speakers of the test corpus"] * (adapt != "none")
    parts += [TEST_SPEAKERS] * (enrolled not in ("", "0"))
    return ", ".join(parts) or uses


def _with_interval(value, interval):
    """Write a score, and its interval where more than one speaker is tested."""
    if np.isnan(interval).any():
        return number(value)
    low, high = map(number, interval)
    return f"{number(value)} ({low}-{high})"


TEXTS = {"matrix": matrix_text, "pairs": pairs_text}
