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
    """Make up predictions that are right with a probability.

    Arguments
    ---------
    rng : numpy.random.Generator
        Source of the draws.
    fold : int
        The speakers of another fold are others.
    uar : float
        What their UAR comes near to; wrong ones are drawn at random.
    n_speakers : int
        Number of test speakers, of 20 utterances each.

    Returns
    -------
    predictions : pandas.DataFrame
        ``ID, truth, prediction``.
    speakers : pandas.Series
        Speaker by ID.

    Example
    -------
    >>> rng = np.random.default_rng(0)
    >>> predictions, speakers = make_predictions(rng, fold=1, uar=0.7)
    >>> len(predictions), speakers.unique().tolist()
    (60, ['f1s0', 'f1s1', 'f1s2'])
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
    """Make up the runs of a protocol.

    Arguments
    ---------
    conditions : dict
        System, share of the labels and enrolled clips -> UAR.
    n_folds, n_seeds : int
        How many of each.
    seed : int
        Of the draws.
    n_speakers : int
        Test speakers of a fold.

    Returns
    -------
    runs, speakers : pandas.DataFrame
        As of ``run_rows``.

    Example
    -------
    >>> runs, speakers = make_runs(FEW)
    >>> len(runs), len(speakers)
    (12, 36)
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
    """Make up a folder of results.

    Arguments
    ---------
    folder : str or pathlib.Path
        Where ``protocol.json``, ``runs.csv`` and ``speakers.csv`` go.
    conditions : dict or None
        As for ``make_runs``; None for two systems.

    Returns
    -------
    pathlib.Path
        The folder.

    Example
    -------
    >>> sorted(x.name for x in make_results(getfixture("tmp_path")).iterdir())
    ['protocol.json', 'runs.csv', 'speakers.csv']
    """
    folder = pathlib.Path(folder)
    write_json(folder / "protocol.json", FACTS)
    merge_runs(folder, *make_runs(conditions or FEW))
    return folder


def made_up_results(folder, *more):
    """Make up results, and read them.

    Arguments
    ---------
    folder : str or pathlib.Path
        As for ``make_results``.
    *more : (str, float, str)
        System, share of the labels and enrolled clips of further runs.

    Returns
    -------
    Results

    Example
    -------
    >>> results = made_up_results(getfixture("tmp_path"), ("none", 0.1, ""))
    >>> sorted(set(results.runs["labels"]))
    [0.1, 1.0]
    """
    conditions = {**FEW, **dict.fromkeys(more, 0.6)}
    return read_results(make_results(folder, conditions))
