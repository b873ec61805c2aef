"""A small model with random weights, and clips."""

import numpy as np
import pytest
import soundfile
import torch
from emoclust_lobes.inference.folder import write_inference_folder
from emoclust_lobes.predict import Predictor
from hyperpyyaml import load_hyperpyyaml

CLASSES = ["ang", "hap", "neu", "sad"]
STAGE2 = """\
ser:
  modules:
    compute_features: !new:speechbrain.lobes.features.Fbank
      n_mels: 16
    mean_var_norm: !new:speechbrain.processing.features.InputNormalization
      norm_type: sentence
      std_norm: False
    embedding_model: !new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN
      input_size: 16
      channels: [16, 16, 16, 16, 48]
      attention_channels: 8
      res2net_scale: 4
      se_channels: 8
      lin_neurons: 8
    classifier: !new:torch.nn.Sequential
      - !new:torch.nn.Linear
        in_features: 8
        out_features: 4
      - !new:torch.nn.LogSoftmax
        dim: -1
"""
MEASURED = {
    "n": 1234,
    "ece": 0.1,
    "ece_scaled": 0.04,
    "nll": 1,
    "nll_scaled": 1,
}
METRICS = {
    "corpus": "Synthetic <speech>",
    "label_source": "intended",
    "fold": 1,
    "seed": 3,
    "system": "none",
    "labels": 1.0,
    "n_train": 10,
    "classes": CLASSES,
    "n": 1234,
    "uar": 0.5,
    "wa": 0.5,
    "macro_f1": 0.5,
    "recall": dict.fromkeys(CLASSES, 0.5),
    "enrolled_uar": {},
    "calibration": {"temperature": 1.7, "valid": MEASURED, "test": MEASURED},
    "valid_uar": 0.5,
    "best_epoch": 1,
    "epochs": 1,
}


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    """Folder as stage 2 leaves it."""
    folder = tmp_path_factory.mktemp("model") / "inference"
    torch.manual_seed(3)
    modules = load_hyperpyyaml(STAGE2)["ser"]["modules"]
    write_inference_folder(
        folder=folder,
        stage2=STAGE2,
        modules=modules,
        metrics=METRICS,
        sample_rate=16000,
        embedding_size=8,
        front_end_folder=folder.parent,
    )
    return folder


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
