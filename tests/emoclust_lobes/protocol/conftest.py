"""Made-up results of a protocol, through the doors that real ones take."""

import numpy as np
import pytest
from data_prep.manifests.manifest import Utterance, write_manifest
from emoclust_lobes.embeddings.parts import Embeddings
from emoclust_lobes.protocol.runs import read_results
from emoclust_lobes.synthetic import results as made_up
from emoclust_lobes.synthetic.embeddings import add_embeddings

CLASSES = ["ang", "hap", "neu", "sad"]
SPEAKERS = {"train": ["s1", "s2", "s3"], "valid": ["s4"], "test": ["s5", "s6"]}


@pytest.fixture(scope="session")
def make_predictions():
    """Function that makes up a run's predictions and its speakers."""
    return made_up.make_predictions


@pytest.fixture(scope="session")
def make_runs():
    """Function that makes up the runs of conditions of a given UAR."""
    return made_up.make_runs


@pytest.fixture(scope="session")
def conditions():
    """UARs of all that a protocol can hold."""
    found = {
        ("none", 1.0, ""): 0.5,
        ("shuffled", 1.0, ""): 0.5,
        ("contrastive", 1.0, ""): 0.7,
        ("oracle", 1.0, ""): 0.9,
        ("a baseline", 1.0, ""): 0.55,
        ("noise_0.5", 1.0, ""): 0.6,
    }
    for system, gain in (("none", 0), ("contrastive", 0.15)):
        found[system, 0.1, ""] = 0.35 + gain
        found[system, 0.5, ""] = 0.45 + gain
    for enrolled in ("0", "1", "2", "10", "all"):
        found["a baseline", 1.0, enrolled] = 0.65
    return found


@pytest.fixture(scope="session")
def made(make_runs, conditions):
    """The runs of all conditions, and their speakers."""
    return make_runs(conditions)


@pytest.fixture(scope="session")
def folder(tmp_path_factory, conditions):
    """A folder of results; only read."""
    path = tmp_path_factory.mktemp("results")
    return made_up.make_results(path, conditions)


@pytest.fixture(scope="session")
def results(folder):
    """What stands in ``folder``."""
    return read_results(folder)


@pytest.fixture
def fold(tmp_path):
    """Arguments of a fold whose emotions shift every speaker's vectors.

    Speakers lie farther apart than emotions do.
    """
    random = np.random.default_rng(1)
    directions = random.normal(0, 1, (len(CLASSES), 8))
    tables, vectors = {}, {}
    for split, speakers in SPEAKERS.items():
        tables[split] = []
        for speaker in speakers:
            place = random.normal(0, 3, 8)
            for number in range(24):
                emotion = number % len(CLASSES)
                row = Utterance(
                    ID=f"{speaker}_{number:02d}",
                    duration=1.0,
                    wav="a.wav",
                    spk_id=speaker,
                    emotion=CLASSES[emotion],
                    label_source="intended",
                )
                tables[split].append(row)
                vectors[row.ID] = (
                    place + directions[emotion] + random.normal(0, 0.7, 8)
                )
    summary = {"classes": CLASSES, "fingerprint": "0"}
    write_manifest(tmp_path / "manifest", tables, summary)
    rows = np.array(list(vectors.values()), dtype=np.float32)
    for name, part in {"one": rows[:, :5], "two": 100 * rows[:, 5:]}.items():
        embeddings = Embeddings(
            {"name": name},
            np.array(list(vectors)),
            np.zeros((len(rows), 4), dtype=np.int64),
            part,
        )
        add_embeddings(tmp_path / "embeddings", embeddings)
    return {
        "manifest_folder": tmp_path / "manifest",
        "data_folder": tmp_path,
        "embedding_folder": tmp_path / "embeddings",
        "encoders": ["one", "two"],
        "classifier": "logistic",
        "C_grid": [0.01, 0.1, 1.0],
        "prior_weight": 2.0,
        "seed": 1986,
    }
