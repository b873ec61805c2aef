"""The Brain of both stages: optimizers, clipping, repeatable draws."""

import types

import pytest
import torch
from emoclust_lobes.training.distributed_brain import DistributedBrain
from tiny_brain import batches, tiny_brain

from speechbrain import Stage


class FrameLayer(torch.nn.Module):
    """A front end that trains: a linear layer on stretches of 25 ms."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(400, 20)

    def forward(self, signals):
        return self.layer(signals.unfold(1, 400, 400))


def train(brain, steps):
    """Fit the first batches of epoch 1."""
    brain.on_stage_start(Stage.TRAIN, epoch=1)
    brain.modules.train()
    for brain.step, batch in enumerate(batches(steps), start=1):
        brain.fit_batch(batch)


# Log-mels have nothing to train; the other front end has.
FRONT_ENDS = pytest.mark.parametrize("front_end", [None, FrameLayer])
NAMES = ["front_end_optimizer", "encoder_optimizer", "heads_optimizer"]


def brain_with(folder, front_end, **options):
    """A tiny Brain with a front end, and the names of its optimizers."""
    front_end = front_end and front_end()
    brain = tiny_brain(folder, front_end=front_end, **options)
    return brain, NAMES if front_end else NAMES[1:]


@FRONT_ENDS
def test_every_optimizer_moves_all_its_parameters_in_two_batches(
    tmp_path, front_end
):
    brain, names = brain_with(tmp_path, front_end)
    assert sorted(brain.optimizers_dict) == sorted(names)
    before = [p.detach().clone() for p in brain.modules.parameters()]
    train(brain, steps=2)
    owned = [
        parameter
        for optimizer in brain.optimizers_dict.values()
        for group in optimizer.param_groups
        for parameter in group["params"]
    ]
    assert {id(p) for p in owned} == {id(p) for p in brain.modules.parameters()}
    assert len(owned) == len(before)
    for old, new in zip(before, brain.modules.parameters()):
        assert not torch.equal(old, new)


def test_each_module_learns_at_its_own_rate(tmp_path):
    brain, _ = brain_with(tmp_path, FrameLayer)
    parts = {
        "front_end_optimizer": [brain.modules.compute_features],
        "encoder_optimizer": [brain.modules.embedding_model],
        "heads_optimizer": [brain.modules.classifier],
    }
    for name, modules in parts.items():
        expected = {id(p) for module in modules for p in module.parameters()}
        (group,) = brain.optimizers_dict[name].param_groups
        assert {id(p) for p in group["params"]} == expected


def test_what_is_frozen_has_no_optimizer_and_stays(tmp_path):
    front_end = FrameLayer().requires_grad_(False)
    before = front_end.layer.weight.clone()
    brain = tiny_brain(tmp_path, front_end=front_end)
    assert sorted(brain.optimizers_dict) == sorted(NAMES[1:])
    train(brain, steps=2)
    assert torch.equal(front_end.layer.weight, before)


@FRONT_ENDS
def test_optimizers_come_back_from_the_checkpoint(tmp_path, front_end):
    brain, _ = brain_with(tmp_path, front_end)
    train(brain, steps=2)
    brain.checkpointer.save_checkpoint()
    again, _ = brain_with(tmp_path, front_end)
    for name, optimizer in brain.optimizers_dict.items():
        saved = optimizer.state_dict()
        back = again.optimizers_dict[name].state_dict()
        assert back["param_groups"] == saved["param_groups"]
        for index, state in saved["state"].items():
            for key, value in state.items():
                assert torch.equal(back["state"][index][key], value)


@FRONT_ENDS
def test_the_gradients_of_all_are_clipped(tmp_path, monkeypatch, front_end):
    norms = []
    brain, names = brain_with(tmp_path, front_end, loss_scale=1e5)
    for optimizer in brain.optimizers_dict.values():

        def step(optimizer=optimizer):
            gradients = [p.grad for p in optimizer.param_groups[0]["params"]]
            norms.append(torch.cat([g.flatten() for g in gradients]).norm())

        monkeypatch.setattr(optimizer, "step", step)
    train(brain, steps=1)
    assert len(norms) == len(names)
    for norm in norms:
        assert norm.item() == pytest.approx(brain.max_grad_norm, rel=1e-3)


def test_learning_rates_follow_the_schedule_each_from_its_own(tmp_path):
    brain, _ = brain_with(tmp_path, FrameLayer)
    brain.on_stage_start(Stage.TRAIN, epoch=3)
    rates = {
        name: optimizer.param_groups[0]["lr"]
        for name, optimizer in brain.optimizers_dict.items()
    }
    assert rates["front_end_optimizer"] == pytest.approx(0.001 * 0.4)
    assert rates["encoder_optimizer"] == pytest.approx(0.01 * 0.4)
    assert rates["heads_optimizer"] == pytest.approx(0.1 * 0.4)


def test_the_draws_of_a_step_do_not_depend_on_what_came_before(tmp_path):
    def masks_of_step_2(used_before):
        brain = tiny_brain(tmp_path)
        torch.rand(used_before)
        brain.step = 2
        brain.on_fit_batch_start(None, should_step=True)
        return torch.rand(8)

    assert torch.equal(masks_of_step_2(0), masks_of_step_2(100))


def test_steps_epochs_and_seeds_draw_differently(tmp_path):
    brain = tiny_brain(tmp_path)
    draws = set()
    for seed, epoch, step in [(1, 1, 1), (1, 1, 2), (1, 2, 1), (2, 1, 1)]:
        brain.hparams = types.SimpleNamespace(
            seed=seed, epoch_counter=types.SimpleNamespace(current=epoch)
        )
        brain.step = step
        brain.on_fit_batch_start(None, should_step=True)
        draws.add(torch.rand(1).item())
    assert len(draws) == 4


def test_features_are_augmented_in_training_only(tmp_path):
    brain = tiny_brain(tmp_path)
    brain.hparams.augment = lambda features: features + 1.0
    brain.modules.eval()
    (batch,) = batches(1)
    lens = torch.ones(4)
    plain = brain.encode(batch, lens, Stage.VALID)
    assert torch.equal(plain, brain.encode(batch, lens, Stage.TEST))
    assert not torch.equal(plain, brain.encode(batch, lens, Stage.TRAIN))


def test_features_of_a_cache_are_taken_as_they_are(tmp_path):
    brain = tiny_brain(tmp_path)
    brain.modules.eval()
    (batch,) = batches(1)
    features = brain.modules.compute_features(batch)
    brain.modules.compute_features = None  # nobody asks it
    lens = torch.tensor([1.0, 0.5, 1.0, 0.8])
    found = brain.encode(features, lens, Stage.VALID)
    again = tiny_brain(tmp_path)
    again.modules.eval()
    assert found.shape == (4, 6)
    assert torch.equal(found, again.encode(batch, lens, Stage.VALID))
    shifted = brain.encode(features + 3, lens, Stage.VALID)
    torch.testing.assert_close(shifted, found, atol=1e-3, rtol=1e-3)  # the mean


def test_inside_an_epoch_the_number_of_processes_stays(tmp_path):
    path = tmp_path / "CKPT+1" / "brain.ckpt"
    path.parent.mkdir()
    brain = DistributedBrain({"linear": torch.nn.Linear(1, 1)})
    brain.step, brain.avg_train_loss, brain.optimizer_step = 3, 0.5, 3
    brain._save(path)
    brain._recover(path, end_of_epoch=False)
    assert brain.step == 3
    text = path.read_text()
    path.write_text(text.replace("n_processes: 1", "n_processes: 2"))
    brain._recover(path, end_of_epoch=True)
    with pytest.raises(ValueError, match="by 2 processes"):
        brain._recover(path, end_of_epoch=False)
    # Of a checkpoint that does not tell
    path.write_text(text.replace("n_processes: 1\n", ""))
    brain._recover(path, end_of_epoch=False)
