"""Frames of a speaker encoder beside the layers of a front end."""

import types

import numpy as np
import pytest
import torch
from emoclust_lobes.encoders.front_ends import _fitted
from emoclust_lobes.encoders.layer_mix import MixedEncoder
from emoclust_lobes.encoders.speaker_encoders import load_speaker_encoder
from emoclust_lobes.encoders.wheel_encoders import (
    CamPlusPlus,
    CamPlusPlusFrames,
)
from emoclust_lobes.encoders.wheels import CAMPPLUS, EncoderError
from tiny_models import front_end

WAVS = torch.randn(2, 12_000, generator=torch.Generator().manual_seed(1))


def make_or_skip(network):
    """Make a network of CAM++, or skip with what to install."""
    try:
        return network()
    except EncoderError as error:
        pytest.skip(str(error))


def test_frames_are_what_the_vector_is_pooled_from():
    encoder = make_or_skip(CamPlusPlus).eval()
    pooled = []
    for name, module in encoder.named_modules():
        if name.endswith("xvector.stats"):
            module.register_forward_pre_hook(lambda _, x: pooled.append(x[0]))
    encoder(WAVS)
    frames = CamPlusPlusFrames()
    assert frames.train().training is False
    (expected,) = pooled
    torch.testing.assert_close(
        frames(WAVS).movedim(1, 2), expected, atol=1e-4, rtol=1e-4
    )


def test_they_stand_behind_the_layers_and_never_train(saved):
    make_or_skip(CamPlusPlusFrames)
    folder = saved("wav2vec2")
    plain = front_end(folder, layers=[1, 2], trainable_layers=1)
    model = front_end(
        folder, layers=[1, 2], trainable_layers=1, speaker_frames=True
    )
    found = model.eval()(WAVS)
    layers = plain.eval()(WAVS)
    beside = CamPlusPlusFrames()(WAVS)[:, : layers.shape[1]]
    assert model.beside_size == 512
    torch.testing.assert_close(found[..., :-512], layers)
    torch.testing.assert_close(found[:, : beside.shape[1], -512:], beside)
    found.sum().backward()
    trained = {n for n, p in model.named_parameters() if p.grad is not None}
    assert trained and not any(name.startswith("beside") for name in trained)
    assert model.identity["speaker_frames"] == CAMPPLUS["sha256"]


@pytest.mark.parametrize("count", [3, 4, 6])
def test_as_many_frames_as_the_layers_have_are_taken(count):
    frames = torch.arange(4.0).reshape(1, 4, 1)
    expected = [0.0, 1.0, 2.0, 3.0, 3.0, 3.0][:count]
    assert _fitted(frames, count).flatten().tolist() == expected


class Frames(torch.nn.Module):
    """An encoder that gives back what it is given."""

    def __init__(self, input_size):
        super().__init__()
        self.input_size = input_size

    def forward(self, frames, lens=None):
        return frames


def standardized(vector):
    return (vector - vector.mean()) / np.sqrt(vector.var() + 1e-5)


def test_they_are_normalized_by_themselves_and_put_beside_the_mix():
    shape = types.SimpleNamespace(
        n_layers=2, size=3, beside_size=4, vector_size=0
    )
    model = MixedEncoder(shape, Frames)
    assert model.encoder.input_size == 7
    weights = torch.tensor([0.5, -1.0])
    model.mix.weights.data = weights
    features = torch.randn(2, 5, 10)
    found = model(features, torch.ones(2)).detach().numpy()
    shares = np.exp(weights.numpy()) / np.exp(weights.numpy()).sum()
    for place in np.ndindex(2, 5):
        frame = features[place].numpy()
        mixed = sum(
            share * standardized(frame[3 * layer : 3 * layer + 3])
            for layer, share in enumerate(shares)
        )
        expected = [*mixed, *standardized(frame[6:])]
        np.testing.assert_allclose(found[place], expected, atol=1e-5)


def test_a_vector_stands_behind_the_frames_and_never_trains(saved):
    encoder = make_or_skip(CamPlusPlus).eval()
    folder = saved("wav2vec2")
    options = {"layers": [1, 2], "trainable_layers": 1, "pooled_frames": 2}
    options["speaker_frames"] = True
    plain = front_end(folder, **options).eval()(WAVS)
    model = front_end(folder, speaker_vector=True, **options).eval()
    found = model(WAVS)
    assert (model.beside_size, model.vector_size) == (512, 192)
    torch.testing.assert_close(found[..., :-192], plain)
    vectors = torch.nn.functional.normalize(encoder(WAVS), dim=-1)
    for frame in found[..., -192:].unbind(dim=1):
        torch.testing.assert_close(frame, vectors, atol=1e-4, rtol=1e-4)
    found.sum().backward()
    trained = {n for n, p in model.named_parameters() if p.grad is not None}
    assert trained and not any(name.startswith("speaker") for name in trained)
    assert model.identity["speaker_vector"] == CAMPPLUS["sha256"]


def test_an_utterance_that_is_short_has_a_vector(saved):
    make_or_skip(CamPlusPlus)
    model = front_end(saved("wav2vec2"), speaker_vector=True).eval()
    short = WAVS[:, :1000]
    again = load_speaker_encoder("campplus")(short)
    torch.testing.assert_close(
        model(short)[:, 0, -192:], again, atol=1e-4, rtol=1e-4
    )


def test_a_vector_joins_what_is_pooled():
    """One linear layer of both, side by side: an encoder of the mean."""
    shape = types.SimpleNamespace(
        n_layers=1, size=3, beside_size=0, vector_size=4
    )
    torch.manual_seed(0)
    model = MixedEncoder(shape, MeanOverTime, embedding_size=2)
    features = torch.randn(6, 5, 7)
    features[..., 3:] = torch.randn(6, 1, 4)  # the same at every frame
    found = model.train()(features).squeeze(1)
    pooled = torch.nn.functional.layer_norm(features[..., :3], (3,)).mean(dim=1)
    vectors = features[:, 0, 3:]
    vectors = (vectors - vectors.mean(dim=0)) / torch.sqrt(
        vectors.var(dim=0, correction=0) + 1e-5
    )
    linear, joined = model.encoder.linear, model.vector_layer[1]
    weight = torch.cat([linear.weight, joined.weight], dim=1)
    expected = torch.cat([pooled, vectors], dim=1) @ weight.T + linear.bias
    torch.testing.assert_close(found, expected)


class MeanOverTime(torch.nn.Module):
    def __init__(self, input_size):
        super().__init__()
        self.linear = torch.nn.Linear(input_size, 2)

    def forward(self, frames, lens=None):
        return self.linear(frames.mean(dim=1)).unsqueeze(1)
