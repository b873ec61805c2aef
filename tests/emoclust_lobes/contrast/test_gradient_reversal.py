"""Gradient reversal: exact gradients, and the published ramp."""

import math

import pytest
import torch
from emoclust_lobes.contrast.gradient_reversal import (
    reversal_ramp,
    reverse_gradient,
)
from hypothesis import (
    given,
    strategies as st,
)


@given(strength=st.floats(0, 10), shape=st.lists(st.integers(1, 4), max_size=3))
def test_values_pass_and_gradients_turn(strength, shape):
    plain = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    turned = plain.detach().clone().requires_grad_()
    plain.sin().sum().backward()
    passed = reverse_gradient(turned, strength)
    passed.sin().sum().backward()
    assert torch.equal(passed, plain)
    assert torch.equal(turned.grad, -strength * plain.grad)


def test_the_head_learns_and_the_encoder_unlearns():
    torch.manual_seed(1)
    encoder, head = torch.nn.Linear(3, 2), torch.nn.Linear(2, 1)
    inputs = torch.randn(5, 3)

    def gradients(strength):
        hidden = encoder(inputs)
        if strength is not None:
            hidden = reverse_gradient(hidden, strength)
        loss = head(hidden).square().mean()
        return torch.autograd.grad(loss, [encoder.weight, head.weight])

    plain, turned = gradients(None), gradients(0.25)
    assert torch.allclose(turned[0], -0.25 * plain[0])
    assert torch.equal(turned[1], plain[1])


def test_works_under_autocast_in_the_precision_it_is_given():
    values = torch.randn(4, requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        passed = reverse_gradient(values.bfloat16(), 2.0)
        passed.sum().backward()
    assert passed.dtype == torch.bfloat16
    assert torch.equal(values.grad, torch.full((4,), -2.0))


@given(progress=st.floats(0, 1))
def test_the_ramp_is_a_hyperbolic_tangent(progress):
    # 2 / (1 + exp(-2 x)) - 1 = tanh(x)
    expected = math.tanh(5 * progress)
    assert reversal_ramp(progress) == pytest.approx(expected, abs=1e-9)


def test_the_ramp_starts_at_nothing_and_never_falls():
    steps = [reversal_ramp(step / 50) for step in range(51)]
    assert steps[0] == 0
    assert steps == sorted(steps)
    assert steps[-1] == pytest.approx(1, rel=1e-4)
