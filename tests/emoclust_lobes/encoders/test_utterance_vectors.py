"""Utterance vectors beside the speaker encoders': openSMILE and SSL layers."""

import sys

import numpy as np
import pytest
import torch
from data_prep.manifests.manifest import read_manifests
from emoclust_lobes.audio.reading import read_utterance
from emoclust_lobes.embeddings.cache import read_cache
from emoclust_lobes.embeddings.extraction import (
    embed_utterances,
    read_embeddings,
)
from emoclust_lobes.encoders.front_ends import SSLFrontEnd
from emoclust_lobes.encoders.speaker_encoders import (
    load_speaker_encoder,
    offline_identity,
)
from emoclust_lobes.encoders.utterance_vectors import split_layer
from emoclust_lobes.encoders.wheels import EncoderError
from emoclust_lobes.synthetic.models import save_tiny


@pytest.fixture(scope="module")
def whisper_folder(tmp_path_factory):
    """Folder of a Whisper of two layers of width 16 with random weights."""
    folder = tmp_path_factory.mktemp("whisper")
    return save_tiny("whisper", folder, encoder_layers=2)


def noise(*shape, seed=1):
    """Noise that is the same each time."""
    return 0.1 * torch.randn(
        shape, generator=torch.Generator().manual_seed(seed)
    )


def test_egemaps_are_opensmiles_functionals_in_their_own_units(write_noise):
    opensmile = pytest.importorskip("opensmile")
    waveforms = noise(2, 24000)
    found = load_speaker_encoder("egemaps")(waveforms)
    smile = opensmile.Smile(
        opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals
    )
    for waveform, vector in zip(waveforms, found, strict=True):
        expected = smile.process_signal(waveform.numpy(), 16000)
        np.testing.assert_array_equal(vector, expected.to_numpy()[0])
    assert found.shape == (2, 88)
    assert (found.norm(dim=1) > 10).all()


@pytest.mark.parametrize("samples", [1, 500, 8000])
def test_egemaps_of_short_and_silent_utterances_are_finite(samples):
    pytest.importorskip("opensmile")
    encoder = load_speaker_encoder("egemaps")
    assert encoder(noise(1, samples)).isfinite().all()
    assert encoder(torch.zeros(1, samples)).isfinite().all()


def test_without_opensmile_one_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "opensmile", None)
    with pytest.raises(
        EncoderError, match=r'pip install "emoclust\[egemaps\]"'
    ):
        load_speaker_encoder("egemaps")


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_ssl_vectors_are_statistics_of_that_layer(whisper_folder, layer):
    encoder = load_speaker_encoder("ssl", f"{whisper_folder}@{layer}")
    waveforms = noise(3, 20000)
    front_end = SSLFrontEnd(str(whisper_folder), "unused", layers=[layer])
    with torch.no_grad():
        frames = front_end(waveforms).numpy()
    expected = np.concatenate([frames.mean(1), frames.std(1, ddof=1)], axis=1)
    found = encoder(waveforms)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert found.shape == (3, encoder.dim) == (3, 32)
    assert (found.norm(dim=1) - 1).abs().min() > 0.01


def test_ssl_takes_more_than_half_a_minute_in_equal_parts(whisper_folder):
    encoder = load_speaker_encoder("ssl", f"{whisper_folder}@0")
    part = noise(1, 20 * 16000)
    twice = encoder(torch.cat([part, part], dim=1))[0].numpy()
    with torch.no_grad():
        frames = encoder.network.front_end(part)[0].numpy()
    frames = np.concatenate([frames, frames])
    expected = np.concatenate([frames.mean(0), frames.std(0, ddof=1)])
    np.testing.assert_allclose(twice, expected, atol=1e-5)


def test_ssl_identity_of_a_folder_is_known_without_loading(
    whisper_folder, monkeypatch
):
    source = f"{whisper_folder}@1"
    loaded = load_speaker_encoder("ssl", source).identity
    monkeypatch.setitem(sys.modules, "transformers", None)
    identity = offline_identity("ssl", source)
    assert identity.items() <= loaded.items()
    assert identity["name"] == "ssl"
    assert identity["layers"] == [1]
    assert len(identity["sha256"]) == 64
    assert offline_identity("ssl", f"{whisper_folder}@2") != identity


def test_ssl_vectors_are_cached_like_the_others(
    whisper_folder, noise_pool, tmp_path
):
    sources, cache = noise_pool([8000, 9000] * 2), tmp_path / "cache"
    source = f"{whisper_folder}@2"
    embed_utterances(sources, cache, "ssl", source)
    encoder = load_speaker_encoder("ssl", source)
    row = read_manifests(sources).iloc[3]
    np.testing.assert_allclose(
        read_embeddings(cache, "ssl", [row.ID])[0],
        encoder(read_utterance(row.wav)[None])[0],
        atol=1e-5,
    )

    before = read_cache(cache, "ssl")
    embed_utterances(sources, cache, "ssl", f"{whisper_folder}@1")
    after = read_cache(cache, "ssl")
    assert after.identity["layers"] == [1] != before.identity["layers"]
    assert (before.vectors != after.vectors).any(axis=1).all()


@pytest.mark.parametrize(
    "source", ["openai/whisper-base", "@4", "folder@", "folder@four", "a@-1"]
)
def test_a_source_without_a_layer_is_refused(source):
    with pytest.raises(EncoderError, match="with a layer, as in 'openai"):
        offline_identity("ssl", source)
    assert split_layer("/models/a@b/whisper@12") == ("/models/a@b/whisper", 12)


def test_a_layer_or_folder_that_is_not_there_is_an_encoder_error(
    whisper_folder, tmp_path
):
    with pytest.raises(EncoderError, match="0 to 2"):
        load_speaker_encoder("ssl", f"{whisper_folder}@3")
    with pytest.raises(EncoderError, match="no speech model at"):
        load_speaker_encoder("ssl", f"{tmp_path}@1")


def test_egemaps_of_a_peak_at_full_scale_have_no_clicks():
    pytest.importorskip("opensmile")
    tone = torch.sin(torch.arange(16000) * 2 * torch.pi * 200 / 16000)[None]
    encoder = load_speaker_encoder("egemaps")
    softer, full, above = (encoder(x * tone)[0] for x in (0.99, 1.0, 1.2))
    names = encoder.network.smile.feature_names
    loudness = names.index("loudness_sma3_amean")
    assert full[loudness] == pytest.approx(softer[loudness].item(), rel=0.02)
    limited = (1.2 * tone).clamp(-1, 32767 / 32768)
    torch.testing.assert_close(above, encoder(limited)[0])
