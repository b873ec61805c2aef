"""What of a front end trains, and that nothing else does."""

import pytest
import torch
from emoclust_lobes.encoders.front_end_models import FrontEndError
from tiny_models import ALL_KINDS, front_end

TRANSFORMER = "states.wrapper.model.encoder.layers"


def with_gradients(model):
    """Names of the parameters that get a gradient in training."""
    model.train()
    wavs = torch.randn(2, 6000)
    frames = model(wavs)
    if frames.requires_grad:
        (frames * torch.randn_like(frames)).sum().backward()
    names = {n for n, p in model.named_parameters() if p.grad is not None}
    trainable = {n for n, p in model.named_parameters() if p.requires_grad}
    return names, trainable


@pytest.mark.parametrize("kind", ALL_KINDS)
@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_topmost_computed_layers_train(saved, kind, count):
    model = front_end(
        saved(kind), layers=[0, 1, 2], trainable_layers=count, pooled_frames=2
    )
    names, trainable = with_gradients(model)
    prefixes = [f"{TRANSFORMER}.{i}." for i in (1, 0)[:count]]
    expected = {
        name
        for name, _ in model.named_parameters()
        if name.startswith(tuple(prefixes))
    }
    assert names == trainable == expected
    assert bool(expected) == (count > 0)


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_all_trains_everything_but_the_convolutions(saved, kind):
    model = front_end(saved(kind), trainable_layers="all")
    names, trainable = with_gradients(model)
    fixed = ["conv1", "conv2", "embed_positions", "feature_extractor"]
    unused = ["masked_spec_embed"]
    expected = {
        name
        for name, _ in model.named_parameters()
        if not set(name.split(".")) & {*fixed, *unused}
    }
    assert names == trainable == expected
    assert any("layer_norm" in name for name in names)


def test_nothing_below_what_trains_is_on_the_graph(saved):
    model = front_end(saved("wav2vec2"), trainable_layers=1).train()
    on_graph = []

    def note(_, inputs, output):
        # Older versions of the library put the state into a tuple
        state = output[0] if isinstance(output, tuple) else output
        on_graph.append((inputs[0].requires_grad, state.requires_grad))

    for layer in model.states.transformer:
        layer.register_forward_hook(note)
    assert model(torch.randn(1, 6000)).requires_grad
    assert on_graph == [(False, False), (False, False), (False, True)]


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_a_frozen_front_end_is_bit_identical_after_training(saved, kind):
    model = front_end(saved(kind))
    model.load()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    assert len(before) > 20
    wavs = torch.randn(2, 6000)
    features = model(wavs)
    head = torch.nn.Linear(features.shape[-1], 2)
    both = torch.nn.ModuleList([model, head])
    parameters = [p for p in both.parameters() if p.requires_grad]
    assert len(parameters) == 2
    optimizer = torch.optim.AdamW(parameters, lr=0.1)
    for _ in range(2):
        both.train()
        found = model(wavs)
        assert torch.equal(found, features)
        assert not found.requires_grad
        head(found).square().mean().backward()
        optimizer.step()
    assert not any(module.training for module in model.modules())
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_only_what_trains_is_in_training_mode(saved):
    model = front_end(saved("hubert"), trainable_layers=1)
    training = {n for n, m in model.named_modules() if m.training}
    expected = {
        name
        for name, _ in model.named_modules()
        if name.startswith(f"{TRANSFORMER}.2")
    }
    assert training == expected
    wavs = torch.randn(1, 6000)
    assert not torch.equal(model(wavs), model(wavs))  # dropout
    model.eval()
    assert torch.equal(model(wavs), model(wavs))


@pytest.mark.parametrize("kind", ["wav2vec2", "wavlm-layer", "whisper"])
@pytest.mark.parametrize("trainable", [1, 2, "all"])
def test_gradient_checkpointing_gives_the_same_gradients(
    saved, kind, trainable
):
    quiet = {"attention_dropout": 0.0, "activation_dropout": 0.0}
    if kind != "whisper":
        quiet.update(hidden_dropout=0.0, feat_proj_dropout=0.0)
    wavs = torch.randn(2, 6000)
    gradients = []
    for checkpointing in (False, True):
        model = front_end(
            saved(kind, **quiet),
            trainable_layers=trainable,
            gradient_checkpointing=checkpointing,
        ).train()
        model(wavs).square().mean().backward()
        gradients.append(
            {n: p.grad for n, p in model.named_parameters() if p.requires_grad}
        )
        layer = model.states.transformer[-1]
        assert layer.gradient_checkpointing is checkpointing
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name])


@pytest.mark.parametrize("count", [3, -1, "some"])
def test_no_more_layers_train_than_are_computed(saved, count):
    with pytest.raises(FrontEndError, match="all or from 0 to 2"):
        front_end(saved("wav2vec2"), layers=[2], trainable_layers=count)
