"""Fixtures for every test."""

import os
import pathlib
import sys

import pytest
from hypothesis import Phase, settings

from speechbrain.utils.importutils import LazyModule

# No test measures time: on a busy machine, any example may take long.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")
# A mutant is killed by the first example that fails, be it small or large, and
# by the same one in every run.
settings.register_profile(
    "mutants",
    parent=settings.get_profile("ci"),
    phases=[Phase.explicit, Phase.generate],
)


@pytest.hookimpl(tryfirst=True, wrapper=True)
def pytest_collection_modifyitems():
    """Let hypothesis look at SpeechBrain's lazy modules without loading them.

    Hypothesis asks every loaded module for its ``__file__``; a lazy module
    whose optional dependency is not installed answers with an ImportError.
    """
    for module in list(sys.modules.values()):
        if isinstance(module, LazyModule):
            vars(module).setdefault("__file__", None)
    return (yield)


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
