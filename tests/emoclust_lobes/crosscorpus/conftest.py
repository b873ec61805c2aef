"""Two miniature corpora whose names of files say what is in them."""

import pathlib

import pytest
from emoclust_lobes.crosscorpus.corpora import read_corpora
from emoclust_lobes.crosscorpus.run import prepare_corpora
from emoclust_lobes.synthetic import make_emodb, make_ravdess

ROOT = pathlib.Path(__file__).parents[3]
RAVDESS = dict(enumerate("neu cal hap sad ang fea dis sur".split(), start=1))
EMODB = dict(zip("WLEAFNT", "ang bor dis fea hap neu sad".split()))


@pytest.fixture(scope="session")
def corpora_folder(tmp_path_factory):
    """A folder with ``ravdess``, three actors, and ``emodb``, six actors."""
    folder = tmp_path_factory.mktemp("corpora")
    sizes = {"n_statements": 1, "n_repetitions": 1}
    make_ravdess(folder / "ravdess", n_speakers=3, **sizes)
    make_emodb(folder / "emodb", n_speakers=6)
    return folder


@pytest.fixture(scope="session")
def prepared(corpora_folder, tmp_path_factory):
    """Both corpora by name, the manifests of their folds, their folder."""
    folders = {
        name: str(corpora_folder / name) for name in ("ravdess", "emodb")
    }
    _, corpora = read_corpora(
        ROOT / "hparams" / "crosscorpus.yaml", folders, expect_complete=False
    )
    corpora = {corpus.name: corpus for corpus in corpora}
    return corpora, *prepare_corpora(
        corpora, tmp_path_factory.mktemp("prepared")
    )


@pytest.fixture(scope="session")
def emotion_of():
    """Function that reads speaker and emotion off a path."""

    def read(path):
        corpus, *_, name = path.split("/")
        if corpus == "ravdess":
            fields = name.removesuffix(".wav").split("-")
            return f"ravdess/Actor_{fields[-1]}", RAVDESS[int(fields[2])]
        return f"emodb/{name[:2]}", EMODB[name[5]]

    return read
