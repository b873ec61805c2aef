"""The Brain of both stages: optimizers, clipping, repeatable draws."""

import types

import pytest
import torch
from emoclust_lobes.audio import RandomCrop
from emoclust_lobes.brain import EncoderBrain
from emoclust_lobes.history import History

from speechbrain import Stage
from speechbrain.lobes.features import Fbank
from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN
from speechbrain.nnet.schedulers import LinearScheduler
from speechbrain.processing.features import InputNormalization
from speechbrain.utils.checkpoints import Checkpointer
from speechbrain.utils.epoch_loop import EpochCounter


class TinyBrain(EncoderBrain):
    """Two classes, told apart by an arbitrary rule."""

    def compute_forward(self, batch, stage):
        return self.modules.classifier(
            self.encode(batch, torch.ones(len(batch)), stage)
        )

    def compute_objectives(self, predictions, batch, stage):
        targets = torch.arange(len(batch)) % 2
        loss = torch.nn.functional.cross_entropy(predictions, targets)
        return loss * self.hparams.loss_scale


def tiny_brain(folder, loss_scale=1.0, encoder=None):
    """A Brain around a tiny ECAPA-TDNN, its state kept in a folder."""
    torch.manual_seed(0)
    encoder = encoder or ECAPA_TDNN(
        input_size=20,
        channels=[8, 8, 8, 8, 24],
        attention_channels=4,
        lin_neurons=6,
    )
    modules = {
        "compute_features": Fbank(n_mels=20),
        "mean_var_norm": InputNormalization(norm_type="sentence"),
        "embedding_model": encoder,
        "classifier": torch.nn.Linear(6, 2),
    }
    counter = EpochCounter(4)
    counter.current = 1
    hparams = {
        "seed": 5,
        "augment": torch.nn.Dropout(0.1),
        "crop": RandomCrop(seconds=0.5, sample_rate=16000, seed=5),
        "encoder_optimizer": lambda p: torch.optim.AdamW(p, lr=0.01),
        "heads_optimizer": lambda p: torch.optim.AdamW(p, lr=0.1),
        "lr_annealing": LinearScheduler(1.0, 0.1, 4),
        "epoch_counter": counter,
        "history": History(),
        "loss_scale": loss_scale,
    }
    brain = TinyBrain(
        modules,
        hparams=hparams,
        run_opts={"device": "cpu"},
        checkpointer=Checkpointer(
            folder,
            {name: modules[name] for name in ("embedding_model", "classifier")},
        ),
    )
    brain.on_fit_start()
    return brain


def batches(n):
    generator = torch.Generator().manual_seed(9)
    return [torch.randn(4, 8000, generator=generator) for _ in range(n)]


def train(brain, steps):
    """Fit the first batches of epoch 1."""
    brain.on_stage_start(Stage.TRAIN, epoch=1)
    brain.modules.train()
    for brain.step, batch in enumerate(batches(steps), start=1):
        brain.fit_batch(batch)


def test_every_optimizer_moves_all_its_parameters_in_two_batches(tmp_path):
    brain = tiny_brain(tmp_path)
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


def test_optimizers_come_back_from_the_checkpoint(tmp_path):
    brain = tiny_brain(tmp_path)
    train(brain, steps=2)
    brain.checkpointer.save_checkpoint()
    again = tiny_brain(tmp_path)
    for name, optimizer in brain.optimizers_dict.items():
        saved = optimizer.state_dict()
        back = again.optimizers_dict[name].state_dict()
        assert back["param_groups"] == saved["param_groups"]
        for index, state in saved["state"].items():
            for key, value in state.items():
                assert torch.equal(back["state"][index][key], value)


def test_gradients_of_encoder_and_heads_are_both_clipped(tmp_path, monkeypatch):
    norms = []
    brain = tiny_brain(tmp_path, loss_scale=1e4)
    for optimizer in brain.optimizers_dict.values():

        def step(optimizer=optimizer):
            gradients = [p.grad for p in optimizer.param_groups[0]["params"]]
            norms.append(torch.cat([g.flatten() for g in gradients]).norm())

        monkeypatch.setattr(optimizer, "step", step)
    train(brain, steps=1)
    assert len(norms) == 2
    for norm in norms:
        assert norm.item() == pytest.approx(brain.max_grad_norm, rel=1e-3)


def test_learning_rates_follow_the_schedule_each_from_its_own(tmp_path):
    brain = tiny_brain(tmp_path)
    brain.on_stage_start(Stage.TRAIN, epoch=3)
    rates = {
        name: optimizer.param_groups[0]["lr"]
        for name, optimizer in brain.optimizers_dict.items()
    }
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
