"""Fixtures for every test; which of them are slow, and which come first."""

import hashlib
import os
import pathlib
import sys

import joblib
import pytest
from emoclust_lobes.synthetic import tree, voice
from hypothesis import Phase, settings

from speechbrain.utils.importutils import LazyModule

# No test measures time: on a busy machine, any example may take long.
settings.register_profile("tests", deadline=None, max_examples=20)
settings.register_profile("thorough", deadline=None, max_examples=100)
settings.load_profile("tests")
# A mutant is killed by the first example that fails, be it small or large, and
# by the same one in every run.
settings.register_profile(
    "mutants",
    parent=settings.get_profile("ci"),
    phases=[Phase.explicit, Phase.generate],
)
DEAR = {"emoclust_data", "chromium"}  # fixtures
# Minutes each: begun last, one process would end long after the other. The
# order holds with --no-loadscope-reorder.
FIRST = (
    "tests/training",
    "tests/reliability",
    "tests/docs",
    "tests/emoclust_lobes/protocol",
    "tests/emoclust_lobes/crosscorpus",
    "tests/emoclust_lobes/analysis",
)


@pytest.hookimpl(tryfirst=True, wrapper=True)
def pytest_collection_modifyitems(config, items):
    """Order the tests; real speech and browsers are slow.

    Hypothesis asks every loaded module for its ``__file__``; one of
    SpeechBrain's lazy modules, whose optional dependency is not installed,
    answers with an ImportError, unless it has been given one.
    """
    for item in items:
        if DEAR.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("slow")
    items.sort(key=lambda item: not item.nodeid.startswith(FIRST))
    for module in list(sys.modules.values()):
        if isinstance(module, LazyModule):
            vars(module).setdefault("__file__", None)
    return (yield)


@pytest.fixture(scope="session", autouse=True)
def computed_once(tmp_path_factory):
    """Let no two tests compute the same synthetic clip, in any process."""
    source = pathlib.Path(voice.__file__).read_bytes()
    # Of all processes of a run; without them, of one user's runs
    place = tmp_path_factory.getbasetemp().parent
    place /= f"clips-{hashlib.sha256(source).hexdigest()[:16]}"
    with pytest.MonkeyPatch.context() as patch:
        kept = joblib.Memory(place, verbose=0).cache(voice.speak)
        patch.setattr(tree, "speak", kept)
        yield


@pytest.fixture(scope="session")
def emoclust_data():
    """Folder of real speech, or a skip that says how to get one."""
    return find_speech()


def find_speech():
    """Find the folder of real speech, or skip the test."""
    folder = os.environ.get("EMOCLUST_DATA")
    if not folder:
        pytest.skip(
            "needs real speech: set EMOCLUST_DATA to a folder that holds "
            "ravdess/, emodb/ and crema_d/"
        )
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        pytest.fail(f"EMOCLUST_DATA={folder} is not a folder")
    return folder.resolve()
