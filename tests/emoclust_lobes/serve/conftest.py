"""A small model with random weights, and a clip."""

import numpy as np
import pytest
import soundfile
from emoclust_lobes.predict import Predictor
from emoclust_lobes.synthetic.inference import made_up_model


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    """Folder as stage 2 leaves it."""
    return made_up_model(tmp_path_factory.mktemp("model") / "inference")


@pytest.fixture(scope="session")
def predictor(model_folder):
    """Of the model."""
    return Predictor(model_folder)


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """Path of a WAV of eight seconds, at another rate than the model's."""
    path = tmp_path_factory.mktemp("clips") / "a clip.wav"
    noise = np.random.default_rng(1).normal(scale=0.1, size=8 * 22050)
    soundfile.write(path, noise, 22050)
    return path
