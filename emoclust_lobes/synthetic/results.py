"""Made-up results of a protocol, through the doors that real ones take."""

import itertools
import pathlib

import numpy as np
import pandas as pd
from data_prep.storage.files import write_json
from emoclust_lobes.protocol.runs import merge_runs, read_results, run_rows

CLASSES = ("ang", "hap", "neu", "sad")
FACTS = {
    "title": "Made-up",
    "note": "Nobody spoke.",
    "encoder": "no encoder",
    "classes": list(CLASSES),
    "label_source": "intended",
    "split": "3 folds of 3 speakers",
    "yaml": "hparams/made_up.yaml",
    "commands": ["emoclust protocol hparams/made_up.yaml"],
    "systems": ["none", "shuffled", "contrastive", "oracle"],
}
# (system, share of the labels, enrolled clips) -> UAR
FEW = {("none", 1.0, ""): 0.5, ("contrastive", 1.0, ""): 0.7}


def make_predictions(rng, fold, uar, n_speakers=3):
    """Make up predictions of which so many are right; wrong ones are random.

    Returns a DataFrame of ``ID, truth, prediction``, 20 utterances of each test
    speaker, whose names depend on the fold, and a Series of speakers by ID.
    """
    truth = np.tile(np.repeat(CLASSES, [3, 5, 8, 4]), n_speakers)
    names = [f"f{fold}s{number}" for number in range(n_speakers)]
    guess = rng.choice(CLASSES, len(truth))
    sure = rng.random(len(truth)) < (uar - 0.25) / 0.75
    ids = [f"{fold}-{number}" for number in range(len(truth))]
    predictions = pd.DataFrame(
        {"ID": ids, "truth": truth, "prediction": np.where(sure, truth, guess)}
    )
    return predictions, pd.Series(np.repeat(names, 20), index=ids)


def make_runs(conditions, n_folds=3, n_seeds=2, seed=0, n_speakers=3):
    """Make up the runs of a protocol: the two DataFrames of ``run_rows``.

    ``conditions`` gives a UAR for system, share of the labels, enrolled clips.
    """
    rng = np.random.default_rng(seed)
    made = []
    places = itertools.product(range(1, n_folds + 1), range(n_seeds))
    for (condition, uar), (fold, run) in itertools.product(
        conditions.items(), places
    ):
        system, labels, enrolled = condition
        predictions, speakers = make_predictions(rng, fold, uar, n_speakers)
        rows = run_rows(
            predictions,
            speakers,
            list(CLASSES),
            system=system,
            labels=labels,
            enrolled=enrolled,
            fold=fold,
            seed=run,
            n_train=int(100 * labels),
            valid_uar=uar,
            commit="abc1234",
        )
        made.append(rows)
    run_tables, speaker_tables = zip(*made, strict=True)
    return pd.concat(run_tables), pd.concat(speaker_tables)


def make_results(folder, conditions=None):
    """Make up a folder of results: ``protocol.json`` and both CSV files."""
    folder = pathlib.Path(folder)
    write_json(folder / "protocol.json", FACTS)
    merge_runs(folder, *make_runs(conditions or FEW))
    return folder


def made_up_results(folder, *more):
    """Make up results with more conditions, as of ``make_runs``; read them."""
    conditions = {**FEW, **dict.fromkeys(more, 0.6)}
    return read_results(make_results(folder, conditions))
