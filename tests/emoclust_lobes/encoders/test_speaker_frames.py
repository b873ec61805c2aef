"""Frames of a speaker encoder beside the layers of a front end."""

import types

import numpy as np
import pytest
import torch
from emoclust_lobes.encoders.front_ends import _fitted
from emoclust_lobes.encoders.layer_mix import MixedEncoder
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
    shape = types.SimpleNamespace(n_layers=2, size=3, beside_size=4)
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
