"""The layer mix and the attentive encoder: formula, padding, learning."""

import copy
import functools
import types

import hypothesis.strategies as st
import pytest
import torch
from emoclust_lobes.encoders.fused_layers import AttentiveStatistics
from emoclust_lobes.encoders.layer_mix import (
    AttentiveEncoder,
    LayerMix,
    MixedEncoder,
    make_encoder,
)
from hypothesis import given

from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN

# What a mix asks of a front end
FRONT_END = types.SimpleNamespace(
    n_layers=3, size=8, beside_size=0, vector_size=0
)


def attentive_model(seed=0, dropout=0.0):
    """A mix and an encoder whose statistics are not 0 and 1."""
    torch.manual_seed(seed)
    model = MixedEncoder(
        FRONT_END,
        functools.partial(
            AttentiveEncoder,
            hidden_size=12,
            embedding_size=5,
            attention_channels=6,
            dropout=dropout,
        ),
    )
    torch.nn.init.normal_(model.mix.weights)
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm1d):
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2)
    return model


def test_a_mix_is_the_weighted_sum_of_normalized_layers():
    mix = LayerMix(n_layers=4, size=6)
    torch.nn.init.normal_(mix.weights)
    features = torch.randn(2, 7, 24) * 5 + 3
    mixed = mix(features, torch.tensor([1.0, 4 / 7]))
    exponentials = [w.exp().item() for w in mix.weights]
    for b, frames in enumerate((7, 4)):
        for t in range(7):
            expected = torch.zeros(6)
            for i in range(4):
                layer = features[b, t, 6 * i : 6 * (i + 1)]
                deviation = (layer.var(correction=0) + 1e-5).sqrt()
                normalized = (layer - layer.mean()) / deviation
                share = exponentials[i] / sum(exponentials)
                expected += share * normalized
            if t >= frames:
                expected = torch.zeros(6)
            torch.testing.assert_close(mixed[b, t], expected)


@given(
    lengths=st.lists(st.integers(1, 90), min_size=2, max_size=5),
    padding=st.floats(-1000, 1000),
)
def test_a_padded_utterance_has_the_vector_of_the_utterance_alone(
    lengths, padding
):
    model = attentive_model().eval()
    longest = max(lengths)
    utterances = [torch.randn(length, 24) for length in lengths]
    batch = torch.full((len(lengths), longest, 24), padding)
    for row, utterance in zip(batch, utterances, strict=True):
        row[: len(utterance)] = utterance
    lens = torch.tensor(lengths) / longest
    together = model(batch, lens)
    for vector, utterance in zip(together, utterances, strict=True):
        alone = model(utterance[None], torch.ones(1))[0]
        torch.testing.assert_close(vector, alone, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(alone, model(utterance[None])[0])


def test_the_encoder_itself_does_not_look_at_padding():
    encoder = attentive_model().encoder.eval()
    frames = torch.randn(1, 75, 8)
    padded = frames.clone()
    padded[:, 30:] = 100.0
    # .4 x 75 is 30.000001 in float32
    vector = encoder(padded, torch.tensor([0.4]))
    torch.testing.assert_close(vector, encoder(frames[:, :30]))


def test_the_pooling_is_a_weighted_mean_and_deviation():
    """In float64, by hand, from the weights of the layers."""
    encoder = attentive_model().double().eval().encoder
    frames = torch.randn(1, 20, 8, dtype=torch.float64)
    norm, linear = encoder.frame_layer[0], encoder.frame_layer[1]
    hidden = (frames[0] - norm.running_mean) / (norm.running_var + 1e-5).sqrt()
    hidden = (hidden @ linear.weight.T + linear.bias).clamp(min=0)
    tdnn = encoder.pooling.tdnn
    attention = (
        hidden @ tdnn.conv.conv.weight[:, :, 0].T + tdnn.conv.conv.bias
    ).clamp(min=0)
    mean, var = tdnn.norm.norm.running_mean, tdnn.norm.norm.running_var
    attention = ((attention - mean) / (var + 1e-5).sqrt()).tanh()
    last = encoder.pooling.conv.conv
    weights = (attention @ last.weight[:, :, 0].T + last.bias).exp()
    weights = weights / weights.sum(dim=0)
    center = (weights * hidden).sum(dim=0)
    spread = (weights * (hidden - center).square()).sum(dim=0).sqrt()
    pooled = torch.cat([center, spread])
    norm, linear = encoder.vector_layer
    pooled = (pooled - norm.running_mean) / (norm.running_var + 1e-5).sqrt()
    expected = linear.weight @ pooled + linear.bias
    torch.testing.assert_close(encoder(frames)[0, 0], expected)


@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("lens", [None, torch.tensor([1.0, 0.5, 0.75])])
def test_it_is_its_layers_one_after_the_other(mode, lens):
    """Values, gradients and statistics, with SpeechBrain's own pooling."""
    ours = attentive_model(dropout=0.3).double().encoder.train(mode)
    theirs = copy.deepcopy(ours)
    frames = torch.randn(3, 20, 8, dtype=torch.float64, requires_grad=True)
    direction = torch.randn(3, 1, 5, dtype=torch.float64)

    torch.manual_seed(1)
    hidden = theirs.frame_layer(frames.flatten(0, 1)).unflatten(0, (3, 20))
    pooled = theirs.pooling(hidden.transpose(1, 2), lens)
    expected = theirs.vector_layer(pooled.squeeze(2)).unsqueeze(1)
    (expected * direction).sum().backward()
    slopes, frames.grad = frames.grad, None

    torch.manual_seed(1)
    vectors = ours(frames, lens)
    (vectors * direction).sum().backward()
    torch.testing.assert_close(vectors, expected)
    torch.testing.assert_close(frames.grad, slopes)
    pairs = zip(ours.parameters(), theirs.parameters(), strict=True)
    for our, their in pairs:
        torch.testing.assert_close(our.grad, their.grad)
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict())


def test_without_gradient_where_the_deviation_is_at_its_least():
    """As of the clamp that keeps it there; elsewhere that of differences."""
    scores = torch.randn(2, 6, 3, dtype=torch.float64, requires_grad=True)
    frames = torch.randn(2, 6, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda *x: AttentiveStatistics.apply(*x, 1e-12), (scores, frames)
    )
    AttentiveStatistics.apply(scores, frames, 100.0)[:, 3:].sum().backward()
    assert not scores.grad.any() and not frames.grad.any()


def test_everything_learns_and_dropout_is_for_training_only():
    model = attentive_model(dropout=0.5)
    features = torch.randn(4, 20, 24)
    model(features, torch.ones(4)).square().mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
    assert model.mix.weights.grad.abs().min() > 0
    assert not torch.equal(model(features), model(features))
    model.eval()
    assert torch.equal(model(features), model(features))


SIZES = {"hidden_size": 16, "embedding_size": 5, "attention_channels": 8}


def test_either_encoder_is_made_with_the_same_sizes():
    for kind, made in (("attentive", AttentiveEncoder), ("ecapa", ECAPA_TDNN)):
        encoder = make_encoder(input_size=8, kind=kind, **SIZES)
        assert isinstance(encoder, made)
        frames, lens = torch.randn(2, 30, 8), torch.ones(2)
        assert encoder(frames, lens).shape == (2, 1, 5)
    widths = {p.shape[0] for n, p in encoder.named_parameters() if "mfa" in n}
    assert widths == {48}


def test_another_encoder_is_refused():
    with pytest.raises(ValueError, match="attentive or ecapa, not 'lstm'"):
        make_encoder(input_size=8, kind="lstm", **SIZES)
