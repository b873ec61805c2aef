"""Labeled noise, and a command that evaluates on it."""

import argparse

import pandas as pd
import pytest
import torch
from emoclust_lobes.enrolment.normalization import SpeakerNormalization
from emoclust_lobes.evaluate.command import add_arguments, run
from emoclust_lobes.inference.folder import write_inference_folder
from emoclust_lobes.synthetic.inference import METRICS, STAGE2, made_up_model
from emoclust_lobes.synthetic.noise import write_noise
from hyperpyyaml import load_hyperpyyaml

EMOTIONS = ["ang", "hap", "neu", "sad"]
NORMALIZATION = """\
  speaker_normalization: !new:emoclust_lobes.enrolment.SpeakerNormalization
    size: 8
    prior_weight: 2.0
    counts: [0, all]
"""


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    """Folder as stage 2 leaves it, which has seen nobody that it tells of."""
    return made_up_model(tmp_path_factory.mktemp("model") / "inference")


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Folder with labeled.csv: 12 clips of 3 speakers; the command runs there."""
    monkeypatch.chdir(tmp_path)
    rows = []
    for number in range(12):
        name = f"clips/{number}.wav"
        write_noise(tmp_path / name, 9000 + 500 * number, seed=number)
        rows.append(
            {
                "file": name,
                "speaker": f"s{number % 3}",
                "emotion": EMOTIONS[number % 4],
                "gender": "fm"[number % 3 == 0],
                "age": 20 + number,
            }
        )
    pd.DataFrame(rows).to_csv(tmp_path / "labeled.csv", index=False)
    return tmp_path


@pytest.fixture
def evaluate(capsys):
    """Function that runs the command; returns exit code, stdout, stderr."""

    def call(*words):
        parser = argparse.ArgumentParser(allow_abbrev=False)
        add_arguments(parser)
        options = parser.parse_args([str(word) for word in words])
        return run(options), *capsys.readouterr()

    return call


@pytest.fixture(scope="session")
def enrolled_folder(tmp_path_factory):
    """The same of a model that was trained with enrolment, sure of itself."""
    folder = tmp_path_factory.mktemp("enrolled") / "inference"
    torch.manual_seed(3)
    modules = load_hyperpyyaml(STAGE2)["ser"]["modules"]
    with torch.no_grad():
        modules["classifier"][0].weight.normal_(std=3.0)
    write_inference_folder(
        folder=folder,
        stage2=STAGE2 + NORMALIZATION,
        modules=modules,
        metrics=METRICS,
        sample_rate=16000,
        embedding_size=8,
        front_end_folder=folder.parent,
        normalization=SpeakerNormalization(8, 2.0, counts=[0, "all"]),
    )
    return folder
