"""Hearing with a model: ONNX Runtime on an exported file, and PyTorch."""

import pathlib
import tempfile

import numpy as np
import torch
from emoclust_lobes.evaluation.calibration import calibrated
from emoclust_lobes.inference.folder import write_inference_folder
from emoclust_lobes.inference.load import load_model
from emoclust_lobes.synthetic.inference import METRICS
from hyperpyyaml import load_hyperpyyaml

from benchmarks.part import Part
from benchmarks.speaker_models import CAMPPLUS, ECAPA

CLIPS, SAMPLES = 10, 3 * 16000
NETWORKS = {1: ECAPA, 2: CAMPPLUS}
STAGE2 = """\
ser:
  modules:
    compute_features: !new:{features}
    mean_var_norm: !new:speechbrain.processing.features.InputNormalization
      {{norm_type: sentence, std_norm: False}}
    embedding_model: !new:{network}
    classifier: !new:torch.nn.Sequential
      - !new:torch.nn.Linear [192, 4]
      - !new:torch.nn.LogSoftmax [-1]
"""


def _folder(size):
    """Write a model with random weights, and return its folder."""
    top = pathlib.Path(tempfile.mkdtemp(prefix="emoclust-onnx-"))
    network = NETWORKS[size]
    indented = network["network"].replace("\n", "\n  ")
    stage2 = STAGE2.format(features=network["features"], network=indented)
    torch.manual_seed(0)
    write_inference_folder(
        folder=top / "inference",
        stage2=stage2,
        modules=load_hyperpyyaml(stage2)["ser"]["modules"],
        metrics=METRICS,
        sample_rate=16000,
        embedding_size=192,
        front_end_folder=top,
    )
    return top / "inference"


def _waves():
    random = np.random.default_rng(0)
    return random.standard_normal((CLIPS, 1, SAMPLES)).astype("float32") / 20


def ours(size):
    """The exported file, with as many threads as PyTorch has here."""
    import onnxruntime
    from emoclust_lobes.export.command import export_onnx

    folder = _folder(size)
    path = folder.parent / "model.onnx"
    export_onnx(folder, path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(path, options)
    waves = _waves()

    def run():
        for wave in waves:
            session.run(None, {"waveform": wave})

    return run


def pytorch(size):
    """The model as ``load_model`` gives it."""
    model = load_model(_folder(size))
    waves = torch.from_numpy(_waves())

    @torch.inference_mode()
    def run():
        for wave in waves:
            scores = model.mods.classifier(model.encode_batch(wave))
            calibrated(scores, model.hparams.temperature)

    return run


PART = Part(
    name="10 clips of 3 s heard, one by one",
    unit="",
    sizes=tuple(NETWORKS),
    size_names={1: "ECAPA-TDNN", 2: "CAM++"},
    sides={"ONNX Runtime": ours, "PyTorch": pytorch},
    aim="1.5x PyTorch",
)
