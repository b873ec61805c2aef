"""The Brain of both stages: optimizers, clipping, repeatable draws."""

import shutil
import types

import pytest
import torch
from emoclust_lobes.audio import RandomCrop
from emoclust_lobes.brain import EncoderBrain
from emoclust_lobes.history import History
from emoclust_lobes.losses import ClusterContrastiveLoss
from emoclust_lobes.memory import EmbeddingMemory

from speechbrain import Stage
from speechbrain.dataio.batch import PaddedBatch
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


class FrameLayer(torch.nn.Module):
    """A front end that trains: a linear layer on stretches of 25 ms."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(400, 20)

    def forward(self, signals):
        return self.layer(signals.unfold(1, 400, 400))


def tiny_brain(
    folder, loss_scale=1.0, encoder=None, front_end=None, **run_opts
):
    """A Brain around a tiny ECAPA-TDNN, its state kept in a folder."""
    torch.manual_seed(0)
    encoder = encoder or ECAPA_TDNN(
        input_size=20,
        channels=[8, 8, 8, 8, 24],
        attention_channels=4,
        lin_neurons=6,
    )
    modules = {
        "compute_features": front_end or Fbank(n_mels=20),
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
        "front_end_optimizer": lambda p: torch.optim.AdamW(p, lr=0.001),
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
        run_opts={"device": "cpu", **run_opts},
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


def pool_batch(seed):
    """Two speakers' clusters, some of whose positives are in one session."""
    generator = torch.Generator().manual_seed(seed)
    rows = [
        {
            "speaker": n // 6,
            "cluster": n // 3 % 2,
            "context": n % 2 - (n == 5),
            "weight": torch.rand((), generator=generator).item() + 0.1,
        }
        for n in range(12)
    ]
    embeddings = torch.randn(12, 6, generator=generator)
    return embeddings.requires_grad_(), PaddedBatch(rows)


def test_the_contrast_is_the_loss_of_projections_and_memory(tmp_path):
    brain = tiny_brain(tmp_path)
    brain.modules["projection"] = torch.nn.Linear(6, 4)
    loss = ClusterContrastiveLoss(temperature=0.2, elsewhere="session")
    brain.hparams.contrastive_loss = loss
    brain.hparams.memory = EmbeddingMemory(size=20)
    memory = EmbeddingMemory(size=20)
    counts = []
    for step in range(3):
        embeddings, batch = pool_batch(step)
        found = brain.contrast(embeddings, batch)
        labels = (batch.speaker, batch.cluster, batch.context, batch.weight)
        projected = brain.modules.projection(embeddings)
        expected, n_anchors = loss(projected, *labels, memory=memory)
        memory.add(projected, *labels)
        torch.testing.assert_close(found, expected)
        counts.append(n_anchors)
        found.backward()
        assert embeddings.grad.abs().sum() > 0
    assert brain.modules.projection.weight.grad.abs().sum() > 0
    assert len(brain.hparams.memory) == 20
    mean = brain.hparams.history.means()["anchors"]
    assert mean == pytest.approx(sum(counts) / 3)


class LoudestFrames(torch.nn.Module):
    """An encoder that hears each utterance apart: no BatchNorm."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.linear = torch.nn.Linear(20, 6)

    def forward(self, features, lens):
        return self.linear(features.amax(dim=1)).unsqueeze(1)


def test_accumulated_gradients_are_those_of_the_batches_together(tmp_path):
    def weights_after(batches, factor):
        brain = tiny_brain(
            tmp_path, encoder=LoudestFrames(), grad_accumulation_factor=factor
        )
        brain.hparams.augment = torch.nn.Identity()
        brain.modules.train()
        for brain.step, batch in enumerate(batches, start=1):
            brain.fit_batch(batch)
        return brain.modules.state_dict()

    apart = batches(2)
    together = weights_after([torch.cat(apart)], factor=1)
    torch.testing.assert_close(weights_after(apart, factor=2), together)
    # A third does not fill a step.
    torch.testing.assert_close(weights_after(batches(3), factor=2), together)


def contrasts(folder, **options):
    """Losses of the contrast on three batches, with the same weights."""
    brain = tiny_brain(folder, **options)
    for optimizer in brain.optimizers_dict.values():
        optimizer.param_groups[0]["lr"] = 0.0
    brain.hparams.contrastive_loss = ClusterContrastiveLoss(temperature=0.1)
    brain.hparams.memory = EmbeddingMemory(size=0)
    brain.modules["projection"] = brain.modules.classifier
    losses = []

    def objectives(predictions, batch, stage):
        _, pool = pool_batch(brain.step)
        loss = brain.contrast(predictions, pool)
        losses.append(loss.item())
        return loss

    brain.compute_forward = lambda signals, stage: brain.encode(
        signals, torch.ones(len(signals)), stage
    )
    brain.compute_objectives = objectives
    brain.modules.train()
    generator = torch.Generator().manual_seed(4)
    for brain.step in (1, 2, 3):
        pitches = torch.rand(12, 1, generator=generator)  # all differ
        noise = torch.randn(12, 8000, generator=generator)
        brain.fit_batch((pitches * torch.arange(8000)).sin() + 0.1 * noise)
    return losses


def test_bfloat16_keeps_the_contrast(tmp_path):
    exact = contrasts(tmp_path, encoder=LoudestFrames())
    assert len(set(exact)) == 3
    rounded = contrasts(tmp_path, encoder=LoudestFrames(), precision="bf16")
    assert rounded != exact
    assert rounded == pytest.approx(exact, rel=0.01)


@pytest.mark.skipif(
    shutil.which("g++") is None, reason="torch.compile needs a C++ compiler"
)
def test_compiled_modules_keep_the_contrast(tmp_path):
    plain = contrasts(tmp_path, encoder=LoudestFrames())
    compiled = contrasts(
        tmp_path,
        encoder=LoudestFrames(),
        compile=True,
        compile_module_keys=["embedding_model"],
    )
    assert compiled == pytest.approx(plain, abs=1e-4)
