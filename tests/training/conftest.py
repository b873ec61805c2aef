"""Miniature corpora, and front ends, to train on."""

import functools
import logging

import pytest
from emoclust_lobes.synthetic import make_pool
from emoclust_lobes.synthetic.models import save_tiny

from speechbrain.utils.logger import TqdmCompatibleStreamHandler
from tests.training.recipe_runs import MAKERS, SHORT, run_inside


@pytest.fixture(autouse=True)
def _logging_as_before():
    """Remove what runs in this process have added: their streams close."""
    root = logging.getLogger()
    before = list(root.handlers)
    yield
    for handler in set(root.handlers) - set(before):
        if isinstance(
            handler, (logging.FileHandler, TqdmCompatibleStreamHandler)
        ):
            root.removeHandler(handler)
            handler.close()


@pytest.fixture(scope="session")
def corpora(tmp_path_factory):
    """Folder with a miniature tree of each corpus, and a pool."""
    folder = tmp_path_factory.mktemp("corpora")
    for name, (make, arguments) in MAKERS.items():
        make(folder / name, **arguments)
    make_pool(folder / "pool", n_speakers=3, n_sessions=1, n_utterances=8)
    return folder


@pytest.fixture(scope="session")
def short(corpora):
    """Options of a short run; its corpus is embedded and clustered once."""
    folders = [
        f"--{name}_folder={corpora / 'shared' / name}"
        for name in ("embedding", "manifest", "cluster")
    ]
    return [*SHORT, *folders]


@pytest.fixture
def run_here(monkeypatch):
    """Function that runs a script in this process."""
    return functools.partial(run_inside, monkeypatch)


@pytest.fixture(scope="session")
def ssl_models(tmp_path_factory):
    """Function that gives the folder of a tiny random front end."""

    @functools.cache
    def make(kind):
        return save_tiny(kind, tmp_path_factory.mktemp(kind))

    return make
