"""Two miniature corpora whose names of files say what is in them."""

import itertools
import pathlib

import numpy as np
import pytest
import soundfile
from emoclust_lobes.crosscorpus.corpora import read_corpora
from emoclust_lobes.crosscorpus.run import prepare_corpora

ROOT = pathlib.Path(__file__).parents[3]
# Pitch of the hum that stands for an emotion, in Hz
PITCH = dict(zip("ang hap neu sad cal dis fea sur bor".split(), range(1, 10)))
RAVDESS = dict(
    zip(
        ("01", "02", "03", "04", "05", "06", "07", "08"),
        ("neu", "cal", "hap", "sad", "ang", "fea", "dis", "sur"),
    )
)
EMODB = dict(zip("WLEAFNT", "ang bor dis fea hap neu sad".split()))


def _hum(path, emotion, seed):
    """Write a short hum whose pitch tells the emotion."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(4800) / 16000
    hum = np.sin(2 * np.pi * 120 * PITCH[emotion] * time)
    noise = np.random.default_rng(seed).normal(size=len(time))
    soundfile.write(path, 0.1 * hum + 0.05 * noise, 16000)


@pytest.fixture(scope="session")
def corpora_folder(tmp_path_factory):
    """A folder with ``ravdess``, three actors, and ``emodb``, six actors."""
    folder = tmp_path_factory.mktemp("corpora")
    clips = itertools.product((1, 2, 3), RAVDESS.items(), "12")
    for seed, (actor, (code, emotion), take) in enumerate(clips):
        name = f"03-01-{code}-01-01-0{take}-0{actor}.wav"
        _hum(folder / "ravdess" / f"Actor_0{actor}" / name, emotion, seed)
    actors = ("03", "08", "09", "10", "11", "12")
    clips = itertools.product(actors, EMODB.items(), "ab")
    for seed, (actor, (code, emotion), take) in enumerate(clips):
        name = f"{actor}a01{code}{take}.wav"
        _hum(folder / "emodb" / "wav" / name, emotion, 1000 + seed)
    return folder


@pytest.fixture(scope="session")
def folders(corpora_folder):
    """Name of a corpus -> where it lies."""
    return {name: str(corpora_folder / name) for name in ("ravdess", "emodb")}


@pytest.fixture(scope="session")
def prepared(folders, tmp_path_factory):
    """Both corpora by name, the manifests of their folds, their folder."""
    output_folder = tmp_path_factory.mktemp("prepared")
    _, corpora = read_corpora(
        ROOT / "hparams" / "crosscorpus.yaml", folders, expect_complete=False
    )
    corpora = {corpus.name: corpus for corpus in corpora}
    return corpora, *prepare_corpora(corpora, output_folder)


@pytest.fixture(scope="session")
def emotion_of():
    """Function that reads speaker and emotion off a path."""

    def read(path):
        corpus, *_, name = path.split("/")
        if corpus == "ravdess":
            fields = name.removesuffix(".wav").split("-")
            return f"ravdess/Actor_{fields[-1]}", RAVDESS[fields[2]]
        return f"emodb/{name[:2]}", EMODB[name[5]]

    return read
