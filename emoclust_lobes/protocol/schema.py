"""What stands in the files of results, column by column."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from data_prep.storage.files import read_json, replacing
from emoclust_lobes.evaluation.bootstrap import parse_hits

KEY_TYPES = {"system": str, "labels": float, "enrolled": str}
KEY_TYPES |= {"fold": int, "seed": int}
KEY = list(KEY_TYPES)
SCORE_TYPES = {
    **dict.fromkeys(("uar", "wa", "macro_f1", "valid_uar"), float),
    **dict.fromkeys(("n", "n_train"), int),
}
TEXT_TYPES = {"recalls": str, "confusion": str, "commit": str}
RUN_TYPES = {**KEY_TYPES, **SCORE_TYPES, **TEXT_TYPES}
HIT_TYPES = {"speaker": str, "hits": str}
SPEAKER_TYPES = {**KEY_TYPES, **HIT_TYPES}
DECIMALS = 6


class Condition(NamedTuple):
    """What is the same in all runs that are averaged.

    The share ``labels`` of the training labels, ``enrolled`` as in
    ``run_rows``.
    """

    system: str
    labels: float = 1.0
    enrolled: str = ""

    def of(self, table):
        """Return the rows of a table, of runs or of speakers, that are it."""
        return table[
            (table["system"] == self.system)
            & (table["labels"] == self.labels)
            & (table["enrolled"] == self.enrolled)
        ]


# Enrolled is all that a speaker says, and decided together by cluster
CLUSTERS = "clusters"


def enrolled_rank(enrolled):
    """Tell where a kind of enrolment stands: none, 0, 1, ..., all, clusters."""
    ranks = {"": -1.0, "all": 1e9, CLUSTERS: np.inf}
    if enrolled in ranks:
        return ranks[enrolled]
    if not enrolled.isdecimal():
        raise ValueError(
            "enrolled is a number of clips, 'all', 'clusters' or '', not "
            f"{enrolled!r}"
        )
    return float(enrolled)


def parse_confusions(confusions):
    """Read a column of confusion matrices: [rows, truth, prediction]."""
    return np.array(
        [[row.split() for row in text.split(";")] for text in confusions],
        dtype=int,
    )


def typed(rows, types):
    """Make a table of rows, with the columns and types of a file."""
    return pd.DataFrame(rows, columns=list(types)).astype(types).round(DECIMALS)


def in_order(tables, columns):
    """Put tables together and sort them, numbers of clips as numbers."""
    return pd.concat(tables).sort_values(
        columns,
        key=lambda x: x.map(enrolled_rank) if x.name == "enrolled" else x,
    )


def keys(table, key=KEY):
    """Return the key of each row of a table, as an index."""
    return pd.MultiIndex.from_frame(table[list(key)])


def write_table(path, table):
    """Write a table of results, numbers with six decimals."""
    with replacing(path) as stream:
        table.to_csv(stream, index=False, float_format=f"%.{DECIMALS}f")


def read_tables(folder, run_types, speaker_types):
    """Read the runs and speakers of a folder; None for what is not there.

    Rows of speakers without a run, which a kill may leave, do not count.
    """
    runs = read_typed(folder / "runs.csv", run_types)
    speakers = read_typed(folder / "speakers.csv", speaker_types)
    if speakers is not None:
        key = [x for x in speaker_types if x not in HIT_TYPES]
        known = [] if runs is None else keys(runs, key)
        speakers = speakers[keys(speakers, key).isin(known)]
    return runs, speakers


def read_folder(folder, name, run_types, speaker_types):
    """Read the facts, runs and speakers of a folder; refuse a part of them."""
    found = (
        read_json(folder / name),
        *read_tables(folder, run_types, speaker_types),
    )
    for file, content in zip((name, "runs.csv", "speakers.csv"), found):
        if content is None:
            raise FileNotFoundError(
                f"{folder / file} is missing: {folder} holds no results, or "
                "not all of them"
            )
    key = [x for x in speaker_types if x not in HIT_TYPES]
    _, runs, speakers = found
    check_tables(runs, speakers, folder, key)
    return found


def read_typed(path, types) -> pd.DataFrame | None:
    """Read a table of results, None where there is none."""
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


def check_tables(runs, speakers, folder, key=KEY):
    """Refuse tables of runs and speakers that do not tell of the same tests.

    A run may not be there twice or in one table alone, all have the same
    classes, and the hits of its speakers add up to its confusion matrix.
    """
    index = keys(runs, key)
    if index.has_duplicates:
        run = index[index.duplicated()][0]
        raise ValueError(f"{folder}: the run {run} is there twice")
    try:
        confusions = parse_confusions(runs["confusion"])
        hits = parse_hits(speakers["hits"])
    except ValueError as error:
        raise ValueError(
            f"{folder}: the runs have not all the same number of classes, or "
            f"their counts cannot be read ({error})"
        ) from error
    right, all_ = confusions.diagonal(0, 1, 2), confusions.sum(axis=2)
    expected = pd.DataFrame(_flat(np.stack([right, all_], axis=2)), index)
    found = pd.DataFrame(_flat(hits), keys(speakers, key))
    found = found.groupby(level=list(key)).sum()
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
