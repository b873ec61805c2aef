"""A training that loses its numbers leaves steps out, says so and stops."""

import math

import pytest
import torch
from data_prep.storage.files import read_json
from emoclust_lobes.training.brain import EncoderBrain, NonFiniteError
from tiny_training import (
    HOWS,
    assert_finite,
    fit,
    in_float16,
    make_brain,
    noise,
    numbers,
    spoil_steps,
)


@pytest.mark.parametrize("how", ["nan", "inf", "gradient"])
def test_a_step_that_is_not_finite_is_left_out_in_float16(how, tmp_path):
    brain = in_float16(make_brain(tmp_path, temperature=0.1))
    brain.spoil = spoil_steps({2}, HOWS[how])
    # Each optimizer is asked by itself: where it is not the loss, the heads',
    # whose gradient is finite, takes its step.
    spoilt = brain.modules
    if how == "gradient":
        spoilt = brain.modules.embedding_model
    fit(brain, noise(1))
    before = {n: p.clone() for n, p in spoilt.named_parameters()}
    scale = brain.scaler.get_scale()
    fit(brain, noise(2))
    for name, parameter in spoilt.named_parameters():
        assert torch.equal(parameter, before[name]), name
    assert_finite(brain)
    assert brain.scaler.get_scale() == scale / 2


def test_the_steps_are_those_of_speechbrain_where_all_is_finite(tmp_path):
    brain, plain = make_brain(tmp_path), make_brain(tmp_path)
    ours = type(brain)
    plain.__class__ = type(
        "Plain",
        (ours,),
        {
            "optimizers_step": EncoderBrain.__mro__[1].optimizers_step,
            "check_loss_isfinite": EncoderBrain.__mro__[1].check_loss_isfinite,
        },
    )
    for each in (brain, plain):
        fit(each, noise(1), noise(2))
    expected = numbers(plain)
    for name, value in numbers(brain).items():
        assert torch.equal(value, expected[name]), name


@pytest.mark.parametrize("how", HOWS)
def test_a_step_that_is_not_finite_is_left_out(how, tmp_path):
    brain = make_brain(tmp_path)
    brain.spoil = spoil_steps({2}, HOWS[how])
    fit(brain, noise(1))
    before = {n: p.clone() for n, p in brain.modules.named_parameters()}
    fit(brain, noise(2))
    for name, parameter in brain.modules.named_parameters():
        assert torch.equal(parameter, before[name]), name
    fit(brain, noise(3))
    assert_finite(brain)
    moved = [
        not torch.equal(parameter, before[name])
        for name, parameter in brain.modules.named_parameters()
    ]
    assert all(moved)
    assert brain.nonfinite_count == 1
    kept = read_json(tmp_path / "nonfinite.json")
    assert list(kept) == ["epoch 1, step 2"]
    assert kept["epoch 1, step 2"]["utterances"] == [
        f"utterance {n}" for n in range(8)
    ]


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("patience", [0, 2])
def test_training_stops_when_patience_is_exhausted(how, patience, tmp_path):
    brain = make_brain(tmp_path, nonfinite_patience=patience)
    brain.spoil = spoil_steps(range(2, 9), HOWS[how])
    with pytest.raises(NonFiniteError) as error:
        fit(brain, *map(noise, range(8)))
    assert brain.step == 2 + patience
    assert str(error.value) == (
        f"epoch 1, step {brain.step}: "
        f"{'gradient norm nan' if how == 'gradient' else f'loss {how}'}, and "
        f"{patience + 1} batches of the epoch were such. The utterances are in "
        f"{tmp_path}/nonfinite.json. Look at these recordings, lower the "
        "learning rates, or use --precision=fp32."
    )
    assert len(read_json(tmp_path / "nonfinite.json")) == patience + 1
    assert_finite(brain)


def test_spoilt_statistics_stop_training_at_once(tmp_path):
    brain = make_brain(tmp_path, nonfinite_patience=100)
    signals = noise(1)
    signals[3, 77] = math.nan
    with pytest.raises(NonFiniteError, match="loss nan, and it has spoilt emb"):
        fit(brain, noise(2), signals)
    assert brain.step == 2
    for parameter in brain.modules.parameters():
        assert parameter.isfinite().all()


def test_accumulated_gradients_are_dropped_together(tmp_path):
    brain = make_brain(tmp_path, grad_accumulation_factor=2)
    brain.spoil = spoil_steps({3}, HOWS["nan"])
    fit(brain, noise(1), noise(2))
    before = numbers(brain)
    fit(brain, noise(3), noise(4))
    for name, parameter in brain.modules.named_parameters():
        assert torch.equal(parameter, before[name]), name
    assert brain.nonfinite_count == 1
    fit(brain, noise(5), noise(6))
    assert_finite(brain)
    assert not torch.equal(
        brain.modules.projection.weight, before["projection.weight"]
    )
