"""The results of a protocol as files: made of predictions, read, merged.

A protocol is many runs: folds x seeds x systems x shares of the labels. Their
folder holds ``protocol.json`` (facts), ``runs.csv``, one row a tested run, and
``speakers.csv``, one row for each run and test speaker; rows without a run,
which a kill may leave, do not count. The files are sorted and their numbers
have six decimals, so that a run more is a line more.
"""

import pathlib
from typing import NamedTuple

import pandas as pd
from emoclust_lobes.evaluation.metrics import emotion_metrics
from emoclust_lobes.protocol.annotators import merge_annotators
from emoclust_lobes.protocol.schema import (
    KEY,
    RUN_TYPES,
    SPEAKER_TYPES,
    check_tables,
    enrolled_rank,
    in_order,
    keys,
    parse_confusions,
    read_folder,
    read_tables,
    typed,
    write_table,
)
from emoclust_lobes.protocol.systems import ORDER


class Results(NamedTuple):
    """What a folder of results holds.

    ``facts`` is the content of ``protocol.json``; ``runs`` and ``speakers``
    have the columns of ``run_rows``.
    """

    facts: dict
    runs: pd.DataFrame
    speakers: pd.DataFrame

    @property
    def classes(self):
        """Names of the classes, numbers where the facts have none."""
        n_classes = parse_confusions(self.runs["confusion"]).shape[1]
        numbers = [str(number + 1) for number in range(n_classes)]
        return self.facts.get("classes", numbers)

    @property
    def order(self):
        """In which order systems are told; others follow by name."""
        return tuple(self.facts.get("systems", ORDER))


def read_results(folder):
    """Read the results of a protocol.

    A ValueError says where a file has other columns or values, a run is there
    twice, or its speakers do not tell of the same test.
    """
    folder = pathlib.Path(folder)
    found = read_folder(folder, "protocol.json", RUN_TYPES, SPEAKER_TYPES)
    if "title" not in found[0]:
        raise ValueError(f"{folder / 'protocol.json'} has no title")
    return Results(*found)


def finished_runs(folder):
    """Tell system, share of the labels, fold and seed of runs with results."""
    if not (folder / "runs.csv").exists():
        return set()
    runs = read_results(folder).runs[["system", "labels", "fold", "seed"]]
    return set(runs.itertuples(index=False, name=None))


def merge_runs(folder, runs, speakers, annotators=None):
    """Add runs of ``run_rows`` to a protocol's results; each replaces its like.

    ``annotators`` are those of ``annotator_rows``, of the same runs. One process
    at a time may merge into a folder. Raises a ValueError as ``read_results``
    does; the files are then as before.
    """
    folder = pathlib.Path(folder)
    old_runs, old_speakers = read_tables(folder, RUN_TYPES, SPEAKER_TYPES)
    kept = _without(old_runs, runs)
    all_runs = in_order([kept, runs], KEY)
    all_speakers = in_order(
        [_without(old_speakers, runs), speakers], [*KEY, "speaker"]
    )
    check_tables(all_runs, all_speakers, folder)
    # The row of a run says that it is there. It comes after its speakers, and
    # the one it replaces goes before they do: this may be killed anywhere.
    if kept is None or kept.empty:
        (folder / "runs.csv").unlink(missing_ok=True)
    elif len(kept) < len(old_runs):
        write_table(folder / "runs.csv", kept)
    if annotators is not None:
        merge_annotators(folder, runs, annotators)
    write_table(folder / "speakers.csv", all_speakers)
    write_table(folder / "runs.csv", all_runs)


def _without(table, runs):
    return None if table is None else table[~keys(table).isin(keys(runs))]


def run_rows(
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
    """Make the rows of a run from its predictions: ``ID, truth, prediction``.

    ``speakers`` maps the ID of at least the test utterances. Returns a row of
    runs (``recalls``: "0.750000 -", one a class; ``confusion``: "12 0;1 9",
    rows of truth) and a row per test speaker (``hits``: "7/8 0/0", right and
    all of each class). Raises a ValueError for an utterance that is there
    twice or whose speaker is not known, and for labels outside the class set.
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
    values = (system, labels, enrolled, fold, seed)
    key = dict(zip(KEY, values, strict=True))
    run = {
        **key,
        **score_columns(tested["truth"], tested["prediction"], classes),
        "valid_uar": valid_uar,
        "n_train": n_train,
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
    return typed([run], RUN_TYPES), typed(rows, SPEAKER_TYPES)


def score_columns(truth, prediction, classes):
    """Score predictions as a row of ``runs.csv`` tells it."""
    scores = emotion_metrics(truth, prediction, classes)
    recalls = [scores["recall"][label] for label in classes]
    return {
        **{x: scores[x] for x in ("uar", "wa", "macro_f1", "n")},
        "recalls": " ".join("-" if x is None else f"{x:.6f}" for x in recalls),
        "confusion": ";".join(
            " ".join(map(str, row)) for row in scores["confusion"]
        ),
    }
