"""The errors that the documentation explains, caused: as they come, but for folders."""

import os
import pathlib

import huggingface_hub
import pytest
import torch
from data_prep import prepare_cremad
from data_prep.storage.files import write_json
from data_prep.storage.locks import OWNER, locked
from emoclust_lobes.encoders.speaker_encoders import load_speaker_encoder
from emoclust_lobes.encoders.wheels import EncoderError
from emoclust_lobes.experiment.run_folders import refuse_changed_run
from emoclust_lobes.synthetic import make_cremad
from emoclust_lobes.training.seen_speakers import write_seen_speakers
from emoclust_lobes.training.weights import WEIGHTS, initialize_encoder
from huggingface_hub.errors import LocalEntryNotFoundError
from pages import blocks

from tests.conftest import find_speech

RUN = pathlib.Path("results/ravdess/fold_1/seed_1986/contrastive")
SHOWN = [
    block.text.strip()
    for block in blocks("docs/faq.md")
    if block.language == "text"
]


@pytest.fixture
def clip(tmp_path, monkeypatch):
    """A recording of a miniature CREMA-D, to be spoilt."""
    folder = tmp_path / "data" / "CREMA-D"
    make_cremad(folder, n_speakers=3, n_sentences=1)
    return min(folder.rglob("1001_IEO_ANG_HI.wav"))


def prepare(clip, tmp_path):
    folder = clip.parents[1]
    with pytest.raises(ValueError) as raised:
        prepare_cremad(folder, tmp_path / "manifest", expect_complete=False)
    return str(raised.value).replace(str(tmp_path), "")


def test_git_lfs_pointers(clip, tmp_path):
    clip.write_text("version https://git-lfs.github.com/spec/v1\n")
    assert prepare(clip, tmp_path) in SHOWN


def test_no_hub(monkeypatch):
    def refuse(**_):  # at once, where asking takes minutes
        raise LocalEntryNotFoundError("the hub cannot be reached")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", refuse)
    with pytest.raises(EncoderError) as raised:
        load_speaker_encoder("ecapa")
    message, _, _ = str(raised.value).partition(" The reason was: ")
    assert message in SHOWN


def test_other_settings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (RUN / "save" / "CKPT+1").mkdir(parents=True)
    write_json(RUN / "settings.json", {"contrastive": "temperature: 0.1"})
    with pytest.raises(ValueError) as raised:
        refuse_changed_run(RUN, {"contrastive": "temperature: 0.2"})
    assert str(raised.value) in SHOWN


def test_a_test_speaker_was_heard(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    RUN.mkdir(parents=True)
    encoder = torch.nn.Linear(1, 1)
    torch.save(encoder.state_dict(), RUN / WEIGHTS)
    write_seen_speakers(RUN, ["RAVDESS/Actor_09", "RAVDESS/Actor_10"])
    modules = {"embedding_model": encoder}
    test = {f"RAVDESS/{x}": x for x in ("Actor_01", "Actor_09")}
    with pytest.raises(ValueError) as raised:
        initialize_encoder(modules, str(RUN), "run", test)
    assert str(raised.value) in SHOWN


def test_a_folder_in_use(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    owner = {"pid": 4711, "host": "node7", "command": "train_ser.py"}
    write_json(RUN / OWNER, {**owner, "since": "2026-01-01 12:00:00"})
    with pytest.raises(OSError) as raised, locked(RUN):
        pass
    message = str(raised.value).replace(os.uname().nodename, "this machine")
    assert message in SHOWN


def test_tests_without_speech(monkeypatch):
    monkeypatch.delenv("EMOCLUST_DATA", raising=False)
    with pytest.raises(pytest.skip.Exception) as raised:
        find_speech()
    assert str(raised.value) in SHOWN


def test_each_message_is_caused_here():
    assert len(SHOWN) == 6
