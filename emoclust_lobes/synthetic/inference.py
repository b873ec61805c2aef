"""A small model with random weights, as stage 2 leaves one."""

import pathlib

import torch
from emoclust_lobes.inference.folder import write_inference_folder
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
MEASURED = {"n": 1234, "ece": 0.1, "ece_scaled": 0.04}
MEASURED |= {"nll": 1, "nll_scaled": 1}
METRICS = {
    "corpus": "Synthetic <speech>",
    **{"label_source": "intended", "fold": 1, "seed": 3},
    **{"system": "none", "labels": 1.0, "n_train": 10},
    "classes": CLASSES,
    **{"n": 1234, "uar": 0.5, "wa": 0.5, "macro_f1": 0.5},
    "recall": dict.fromkeys(CLASSES, 0.5),
    "enrolled_uar": {},
    "calibration": {"temperature": 1.7, "valid": MEASURED, "test": MEASURED},
    "valid_uar": 0.5,
    "best_epoch": 1,
    "epochs": 1,
}


def made_up_model(folder):
    """Write an inference folder with random weights and made-up results."""
    folder = pathlib.Path(folder)
    torch.manual_seed(3)
    write_inference_folder(
        folder=folder,
        stage2=STAGE2,
        modules=load_hyperpyyaml(STAGE2)["ser"]["modules"],
        metrics=METRICS,
        sample_rate=16000,
        embedding_size=8,
        front_end_folder=folder.parent,
    )
    return folder
