"""Made-up results of a protocol, through the doors that real ones take."""

import pytest
from emoclust_lobes.protocol.runs import read_results
from emoclust_lobes.synthetic import results as made_up


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
