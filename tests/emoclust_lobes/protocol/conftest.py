"""Made-up results of a protocol, through the doors that real ones take."""

import numpy as np
import pandas as pd
import pytest
from emoclust_lobes.files import write_json
from emoclust_lobes.protocol.cells import cell_rows, merge_cells, read_results

CLASSES = ["ang", "hap", "neu", "sad"]
FACTS = {
    "title": "Made-up",
    "note": "Nobody spoke.",
    "encoder": "no encoder",
    "classes": CLASSES,
    "label_source": "intended",
    "split": "3 folds of 3 speakers",
    "yaml": "hparams/made_up.yaml",
    "commands": ["emoclust protocol hparams/made_up.yaml"],
    "systems": ["none", "shuffled", "contrastive", "oracle"],
}


def _make_predictions(rng, fold, uar, n_speakers=3):
    """Predictions that are right with a probability, wrong at random.

    Of each speaker there are 20, of some emotions more than of others.
    """
    truth = np.tile(np.repeat(CLASSES, [3, 5, 8, 4]), n_speakers)
    names = [f"f{fold}s{number}" for number in range(n_speakers)]
    speakers = np.repeat(names, 20)
    guess = rng.choice(CLASSES, len(truth))
    sure = rng.random(len(truth)) < (uar - 0.25) / 0.75
    ids = [f"{fold}-{number}" for number in range(len(truth))]
    predictions = pd.DataFrame(
        {"ID": ids, "truth": truth, "prediction": np.where(sure, truth, guess)}
    )
    return predictions, pd.Series(speakers, index=ids)


@pytest.fixture(scope="session")
def make_predictions():
    """Function that makes up a run's predictions and its speakers."""
    return _make_predictions


@pytest.fixture(scope="session")
def make_cells():
    """Function that makes up the cells of conditions of a given UAR."""

    def make(conditions, n_folds=3, n_seeds=2, seed=0, **kwargs):
        rng = np.random.default_rng(seed)
        made = [
            cell_rows(
                *_make_predictions(rng, fold, uar, **kwargs),
                CLASSES,
                system=system,
                labels=labels,
                enrolled=enrolled,
                fold=fold,
                seed=run,
                n_train=int(100 * labels),
                valid_uar=uar,
                commit="abc1234",
            )
            for (system, labels, enrolled), uar in conditions.items()
            for fold in range(1, n_folds + 1)
            for run in range(n_seeds)
        ]
        cells, speakers = zip(*made)
        return pd.concat(cells), pd.concat(speakers)

    return make


@pytest.fixture(scope="session")
def conditions():
    """UARs of all that a protocol can hold."""
    found = {
        ("none", 1.0, ""): 0.5,
        ("shuffled", 1.0, ""): 0.5,
        ("contrastive", 1.0, ""): 0.7,
        ("oracle", 1.0, ""): 0.9,
        ("a reference", 1.0, ""): 0.55,
        ("noise_0.5", 1.0, ""): 0.6,
    }
    for system, gain in (("none", 0), ("contrastive", 0.15)):
        found[system, 0.1, ""] = 0.35 + gain
        found[system, 0.5, ""] = 0.45 + gain
    for enrolled in ("0", "1", "2", "10", "all"):
        found["a reference", 1.0, enrolled] = 0.65
    return found


@pytest.fixture(scope="session")
def made(make_cells, conditions):
    """The cells of all conditions, and their speakers."""
    return make_cells(conditions)


@pytest.fixture(scope="session")
def folder(tmp_path_factory, made):
    """A folder of results; only read."""
    path = tmp_path_factory.mktemp("results")
    write_json(path / "protocol.json", FACTS)
    merge_cells(path, *made)
    return path


@pytest.fixture(scope="session")
def results(folder):
    """What stands in ``folder``."""
    return read_results(folder)
