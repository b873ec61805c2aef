"""A small model, packed as stage 2 packs it."""

import pytest
import torch
from emoclust_lobes.inference import write_inference_folder
from emoclust_lobes.synthetic import inference as synthetic
from hyperpyyaml import load_hyperpyyaml

STAGE2 = """\
ser:
  folder: /a/place/of/this/machine
  modules:
    compute_features: !new:speechbrain.lobes.features.Fbank
      n_mels: 16

    mean_var_norm: !new:speechbrain.processing.features.InputNormalization
      norm_type: sentence
      std_norm: false

# A comment in an unlucky place
    embedding_model: !new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN
      input_size: 16
      channels: [16, 16, 16, 16, 48]
      attention_channels: 8
      lin_neurons: 8
    classifier: !new:torch.nn.Sequential
    - !new:torch.nn.Dropout
      p: 0.3
    - !new:torch.nn.Linear
      in_features: 8
      out_features: 2
    - !new:torch.nn.LogSoftmax
      dim: -1
"""
METRICS = {
    **synthetic.METRICS,
    "corpus": "CREMA-D",
    "label_source": "voice",
    "fold": 2,
    "seed": 7,
    "system": "contrastive",
    "init": "/a/place/of/this/machine",
    "labels": 0.25,
    "n_train": 120,
    "uar": 0.61234,
    "wa": 0.65,
    "macro_f1": 0.6,
    "recall": {"ang": 0.7, "sad": None},
    "classes": ["ang", "sad"],
    "n": 44,
    "calibration": {
        "temperature": 1.6,
        "valid": {**synthetic.MEASURED, "n": 40},
        "test": {**synthetic.MEASURED, "n": 44},
    },
}


@pytest.fixture(scope="session")
def metrics():
    """The content of a run's metrics.json."""
    return METRICS


@pytest.fixture(scope="session")
def modules():
    """The modules of a run, with random weights."""
    torch.manual_seed(4)
    return load_hyperpyyaml(STAGE2)["ser"]["modules"]


@pytest.fixture
def packed(modules, tmp_path):
    """Folder of the packed model."""
    folder = tmp_path / "run" / "inference"
    write_inference_folder(
        folder=folder,
        stage2=STAGE2,
        modules=modules,
        metrics=METRICS,
        sample_rate=16000,
        embedding_size=8,
        front_end_folder=tmp_path / "front_ends",
    )
    return folder
