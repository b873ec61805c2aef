"""A folder in which the documentation can be followed."""

import logging
import pathlib
import shutil
import sys

import numpy
import pytest
import soundfile
from emoclust_lobes.synthetic import (
    make_cremad,
    make_emodb,
    make_generic,
    make_iemocap,
    make_pool,
    make_ravdess,
)
from emoclust_lobes.synthetic.models import save_tiny

from tests.training.recipe_runs import MAKERS

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from pages import ROOT  # noqa: E402
from reader import Reader  # noqa: E402


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Folder of miniatures under the names that the pages give to corpora."""
    folder = tmp_path_factory.mktemp("data")
    make_cremad(folder / "CREMA-D", **MAKERS["cremad"][1])
    make_iemocap(folder / "IEMOCAP_full_release", **MAKERS["iemocap"][1])
    make_ravdess(folder / "RAVDESS", **MAKERS["ravdess"][1])
    make_generic(folder / "calls")
    shutil.copy(folder / "calls/recordings.csv", folder / "calls/list.csv")
    for name, seed in (("VoxCeleb1/dev/wav", 1), ("my_calls", 2)):
        size = {"n_speakers": 2, "n_sessions": 1, "n_utterances": 6}
        make_pool(folder / name, seed=seed, **size)
    wavs = [x.relative_to(folder) for x in folder.glob("my_calls/**/*.wav")]
    rows = [f"{wav},{wav.parts[1]}" for wav in wavs]
    (folder / "my_calls.csv").write_text("\n".join(["path,speaker", *rows]))
    return folder


@pytest.fixture(scope="session")
def dear_data(data):
    """What the slow tests need, too: a corpus and a tiny random WavLM."""
    make_emodb(data / "EMO-DB", n_sentences=1)
    save_tiny("wavlm", data / "wavlm")


@pytest.fixture
def reader(data, tmp_path, monkeypatch):
    """A reader in a folder of their own, with some recordings."""
    folder = tmp_path / "repository"
    folder.mkdir()
    for name in ("hparams", "recipes"):  # may be written to
        shutil.copytree(ROOT / name, folder / name)
    for name in ("train_contrastive.py", "train_ser.py", "examples"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "data").symlink_to(data)
    clips = sorted(data.glob("RAVDESS/Actor_01/*.wav"))[:10]
    (folder / "calls").mkdir()
    rows = ["path,label"]
    for number, clip in enumerate(clips):
        shutil.copy(clip, folder / "calls")
        rows.append(f"calls/{clip.name},{'high' if number % 2 else 'low'}")
    (folder / "labels.csv").write_text("\n".join(rows))
    audio = numpy.concatenate([soundfile.read(clip)[0] for clip in clips])
    soundfile.write(folder / "long.mp3", audio, 16000)
    soundfile.write(folder / "talk.wav", audio, 16000)
    turn = "SPEAKER talk 1 {} 1.0 <NA> <NA> {} <NA> <NA>\n"
    turns = [turn.format(2 * n, "AB"[n % 2]) for n in range(4)]
    (folder / "talk.rttm").write_text("".join(turns))
    rows = ["wav,speaker,emotion"]
    for clip in sorted(data.glob("RAVDESS/Actor_*/*.wav")):
        rows.append(f"{clip},{clip.parent.name},{clip.name[6:8]}")
    (folder / "clips.csv").write_text("\n".join(rows))
    shutil.copy(clips[0], folder / "speech.wav")
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    root = logging.getLogger()  # which scripts set up for themselves
    level, handlers = root.level, root.handlers[:]
    yield Reader(folder, monkeypatch)
    root.setLevel(level)
    root.handlers[:] = handlers
