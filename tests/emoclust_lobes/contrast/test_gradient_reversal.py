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
