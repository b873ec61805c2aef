"""Long recordings of real speech, and models that hear them."""

import os
import pathlib
import tempfile

import numpy as np
import soundfile
import torch
from emoclust_lobes.encoders.front_ends import SSLFrontEnd
from emoclust_lobes.inference.folder import write_inference_folder
from emoclust_lobes.synthetic.inference import METRICS
from emoclust_lobes.synthetic.models import save_tiny
from emoclust_lobes.synthetic.ravdess import make_ravdess
from hyperpyyaml import load_hyperpyyaml
from torchaudio.functional import resample

from benchmarks.builds import ROOT

RATE = 16000
BEHIND = """
    classifier: !new:torch.nn.Sequential
      - !new:torch.nn.Linear [192, 4]
      - !new:torch.nn.LogSoftmax [-1]
"""
LOG_MELS = """\
ser:
  modules:
    compute_features: !new:{features}
    mean_var_norm: !new:speechbrain.processing.features.InputNormalization
      norm_type: sentence
      std_norm: False
    embedding_model: !new:{network}"""
MODELS = {
    "ECAPA-TDNN": LOG_MELS.format(
        features="speechbrain.lobes.features.Fbank {n_mels: 80}",
        network="speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN\n"
        "      {input_size: 80, channels: [256, 256, 256, 256, 768],"
        " lin_neurons: 192}",
    ),
    "CAM++": LOG_MELS.format(
        features="emoclust_lobes.encoders.KaldiFbank",
        network="emoclust_lobes.encoders.CamPlusPlusEncoder",
    ),
    "Whisper": """\
front_end: &front_end !new:emoclust_lobes.encoders.SSLFrontEnd
  {{source: {source}, save_path: {source}, layers: [{layer}], pooled_frames: 2}}
ser:
  modules:
    compute_features: *front_end
    mean_var_norm: !new:emoclust_lobes.encoders.NoNormalization
    embedding_model: !new:emoclust_lobes.encoders.MixedEncoder
      front_end: *front_end
      encoder: !name:emoclust_lobes.encoders.make_encoder
        kind: attentive
        hidden_size: 128
        embedding_size: 192
        attention_channels: 64""",
}


def whisper_folder():
    """Return the folder of ``EMOCLUST_FRONT_END``, or a tiny Whisper's."""
    if "EMOCLUST_FRONT_END" in os.environ:
        return pathlib.Path(os.environ["EMOCLUST_FRONT_END"])
    folder = ROOT / "results" / "long_speech" / "tiny_whisper"
    return (
        folder
        if folder.exists()
        else pathlib.Path(save_tiny("whisper", folder))
    )


def inference_folder(name):
    """Write a model of MODELS, whose classifier has random weights, once."""
    source = whisper_folder()
    kind = f"{name}_{source.name}".replace("+", "p")
    folder = ROOT / "results" / "long_speech" / kind / "inference"
    if folder.exists():
        return folder
    text = MODELS[name] + BEHIND
    if name == "Whisper":
        layer = 4 if "EMOCLUST_FRONT_END" in os.environ else 1
        text = MODELS[name].format(source=source, layer=layer) + BEHIND
    torch.manual_seed(0)
    modules = load_hyperpyyaml(text)["ser"]["modules"]
    if isinstance(modules["compute_features"], SSLFrontEnd):
        modules["compute_features"].load()
    folder.parent.mkdir(parents=True, exist_ok=True)
    write_inference_folder(
        folder=folder,
        stage2=text,
        modules=modules,
        metrics=METRICS,
        sample_rate=RATE,
        embedding_size=192,
        front_end_folder=folder.parent,
    )
    return folder


def recording(minutes):
    """Put a recording of so many minutes together, once; return its path.

    Of LibriSpeech's and RAVDESS' where ``EMOCLUST_DATA`` has them.
    """
    data = os.environ.get("EMOCLUST_DATA")
    kind = "real" if data else "synthetic"
    path = ROOT / "results" / "long_speech" / f"{kind}_{minutes}.flac"
    if path.exists():
        return path
    if data:
        roots = sorted(pathlib.Path(data).glob("librispeech*"))
        roots.append(pathlib.Path(data, "ravdess"))
    else:
        roots = [pathlib.Path(tempfile.mkdtemp(prefix="emoclust_speech_"))]
        make_ravdess(roots[0], n_speakers=1)
    found = [each for root in roots for each in root.rglob("*")]
    found = [x for x in found if x.suffix in (".opus", ".flac", ".wav")]
    files = np.random.default_rng(0).permutation(sorted(map(str, found)))
    path.parent.mkdir(parents=True, exist_ok=True)
    missing, number = minutes * 60 * RATE, 0
    with soundfile.SoundFile(path, "w", RATE, 1, "PCM_16") as output:
        while missing:
            file = files[number % len(files)]
            samples, rate = soundfile.read(
                file, dtype="float32", always_2d=True
            )
            mono = resample(torch.from_numpy(samples.mean(axis=1)), rate, RATE)
            output.write(mono[:missing].numpy())
            missing -= min(missing, len(mono))
            number += 1
    return path
