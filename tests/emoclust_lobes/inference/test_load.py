"""Models are loaded whole, or it is said what is missing."""

import importlib.metadata
import pickle
import re

import pytest
import torch
from emoclust_lobes.inference import InferenceError, load_model

from speechbrain.inference.classifiers import EncoderClassifier


def test_the_loaded_model_is_the_one_that_was_packed(packed, modules):
    model = load_model(packed)
    assert type(model) is EncoderClassifier
    wave = torch.randn(1, 8000)
    modules = torch.nn.ModuleDict(modules).eval()
    features = modules["compute_features"](wave)
    features = modules["mean_var_norm"](features, torch.ones(1))
    embedding = modules["embedding_model"](features, torch.ones(1))
    expected = modules["classifier"](embedding).squeeze(1)
    scores, _, index, labels = model.classify_batch(wave)
    assert torch.equal(scores, expected)
    assert labels == [["ang", "sad"][index]]
    assert torch.equal(model.encode_batch(wave), embedding)
    assert not any(p.requires_grad for p in model.mods.parameters())


def test_what_others_build_on(packed):
    hparams = load_model(packed).hparams
    assert hparams.sample_rate == 16000
    assert hparams.classes == ["ang", "sad"]
    assert hparams.temperature == 1.6
    assert hparams.enrolment is False
    assert hparams.embedding_size == 8
    assert hparams.label_encoder.decode_torch(torch.tensor([1])) == ["sad"]


def test_nothing_is_left_beside_the_model(packed):
    before = sorted(packed.rglob("*"))
    load_model(packed)
    assert sorted(packed.rglob("*")) == before


@pytest.mark.parametrize(
    "name, problem",
    [
        ("hyperparams.yaml", "holds no model"),
        ("encoder.ckpt", "cannot be loaded: .*encoder.ckpt"),
        ("label_encoder.ckpt", r"has the classes \[\]"),
    ],
)
def test_what_is_missing_is_named(name, problem, packed):
    (packed / name).unlink()
    with pytest.raises(InferenceError, match=problem):
        load_model(packed)


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_settings_that_are_missing_are_named(packed):
    path = packed / "hyperparams.yaml"
    path.write_text(re.sub(r"\ntemperature.*", "", path.read_text()))
    with pytest.raises(InferenceError, match="has no temperature"):
        load_model(packed)


def test_other_classes_than_the_encoders_are_refused(packed):
    change(packed / "hyperparams.yaml", "[ang, sad]", "[sad, ang]")
    with pytest.raises(InferenceError, match="has the classes"):
        load_model(packed)


def test_weights_of_another_architecture_are_refused(packed):
    settings = packed / "hyperparams.yaml"
    change(settings, "lin_neurons: 8", "lin_neurons: 9")
    with pytest.raises(InferenceError, match="size mismatch"):
        load_model(packed)


def test_missing_weights_are_refused(packed):
    # SpeechBrain loads such a file with a warning.
    path = packed / "classifier.ckpt"
    weights = torch.load(path)
    del weights["1.bias"]
    torch.save(weights, path)
    with pytest.raises(InferenceError, match="such as 1.bias"):
        load_model(packed)


class Program:
    """Writes a file when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return open, (str(self.mark), "w")


def test_weights_run_no_program(packed, tmp_path):
    mark = tmp_path / "ran"
    torch.save({"1.bias": Program(mark)}, packed / "classifier.ckpt")
    with pytest.raises(InferenceError, match="cannot be loaded"):
        load_model(packed)
    assert not mark.exists()
    pickle.loads(pickle.dumps(Program(mark)))
    assert mark.exists()  # it would have


def test_broken_weights_are_refused(packed):
    path = packed / "encoder.ckpt"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InferenceError, match="cannot be loaded"):
        load_model(packed)


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize("trust", [True, False])
@pytest.mark.parametrize(
    "old", ["front_ends.NoNormalization", "layer_mix.MixedEncoder"]
)
def test_folders_of_older_versions_are_told_apart(old, trust, recorded, packed):
    path = packed / "hyperparams.yaml"
    version = f"emoclust_version: {importlib.metadata.version('emoclust')}\n"
    change(path, version, "emoclust_version: 0.0.7\n" if recorded else "")
    change(
        path,
        "speechbrain.processing.features.InputNormalization",
        f"emoclust_lobes.{old}",
    )
    wrote = "0.0.7" if recorded else r"\(before 0.1.0 recorded versions\)"
    reason = f"by emoclust {wrote}: .* has no emoclust_lobes.{old}. Run train"
    with pytest.raises(InferenceError, match=reason):
        load_model(packed, trust=trust)
