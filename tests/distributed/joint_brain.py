"""A small Brain whose every step can be compared over processes."""

import functools

import torch
from emoclust_lobes.contrast.losses import ClusterContrastiveLoss
from emoclust_lobes.experiment.run_folders import save_whole
from emoclust_lobes.parallel.processes import (
    mean_over_processes,
    n_processes,
    process_number,
)
from emoclust_lobes.training.brain import EncoderBrain
from emoclust_lobes.training.history import History

from speechbrain.dataio.batch import PaddedBatch
from speechbrain.utils.checkpoints import Checkpointer
from speechbrain.utils.epoch_loop import EpochCounter

FEATURES, FRAMES, STEPS = 5, 3, 3

# Rows of each process: of one size; one process without any usable anchor, and
# another with an utterance alone.
EVEN = {1: [12], 2: [6, 6], 4: [3, 3, 3, 3]}
UNEVEN = {1: [12], 2: [11, 1], 4: [5, 1, 2, 4]}


class MeanOverTime(torch.nn.Module):
    """An encoder that hears each utterance apart: no BatchNorm."""

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(FEATURES, 6)

    def forward(self, features, lens):
        return self.linear(features.mean(dim=1)).unsqueeze(1)


class NoNormalization(torch.nn.Module):
    def forward(self, features, lens):
        return features


class JointBrain(EncoderBrain):
    """Contrasts one batch and, if asked, classifies another, in one step.

    The gradients of every step are kept.
    """

    def compute_forward(self, batch, stage):
        return self.encode(batch.sig.data, batch.sig.lengths, stage)

    def compute_objectives(self, predictions, batch, stage):
        loss = self.contrast(predictions, batch)
        if self.hparams.classify:
            again = self.encode(batch.sig.data + 1, batch.sig.lengths, stage)
            scores = self.modules.classifier(again)
            loss = loss + 0.3 * torch.nn.functional.cross_entropy(
                scores, batch.speaker
            )
        self.losses.append(loss.item())
        return loss

    def optimizers_step(self):
        self.gradients.append(
            {
                name.replace("module.", ""): parameter.grad.clone()
                for name, parameter in self.modules.named_parameters()
                if parameter.grad is not None
            }
        )
        super().optimizers_step()


def joint_brain(folder, classify=False, accumulate=1, **loss):
    torch.manual_seed(0)
    modules = {
        "compute_features": torch.nn.Identity(),
        "mean_var_norm": NoNormalization(),
        "embedding_model": MeanOverTime(),
        "projection": torch.nn.Linear(6, 4),
        "classifier": torch.nn.Linear(6, 2),
    }
    counter = EpochCounter(4)
    counter.current = 1
    trained = ("embedding_model", "projection", "classifier")
    brain = JointBrain(
        modules,
        hparams={
            "seed": 5,
            "folder": folder,
            "augment": torch.nn.Identity(),
            "optimizer": functools.partial(torch.optim.SGD),
            "encoder_lr": 0.1,
            "heads_lr": 0.1,
            "epoch_counter": counter,
            "history": History(),
            "classify": classify,
            "contrastive_loss": ClusterContrastiveLoss(**loss),
        },
        run_opts={
            "device": "cpu",
            "distributed_launch": n_processes() > 1,
            "distributed_backend": "gloo",
            "grad_accumulation_factor": accumulate,
            "max_grad_norm": 1e9,
        },
        checkpointer=save_whole(
            Checkpointer(folder, {x: modules[x] for x in trained})
        ),
    )
    brain.losses, brain.gradients = [], []
    brain.nonfinite_count = 0
    brain.on_fit_start()
    brain.modules.train()
    return brain


def utterances(step, alike=False):
    """The rows of a step of all processes; alike ones have no negatives."""
    generator = torch.Generator().manual_seed(step)
    return [
        {
            "id": f"{step}_{n}",
            "sig": torch.randn(FRAMES, FEATURES, generator=generator),
            "speaker": n % 2,
            "cluster": 0 if alike else n // 2 % 3,
            "context": n % 3 - 1,
        }
        for n in range(12)
    ]


def own_batch(rows, sizes):
    sizes = sizes[n_processes()]
    start = sum(sizes[: process_number()])
    return PaddedBatch(rows[start : start + sizes[process_number()]])


def steps_of(brain, steps, sizes, alike=False):
    """Train some steps; return all that must not depend on processes."""
    for brain.step in steps:
        rows = utterances(brain.step, alike)
        brain.fit_batch(own_batch(rows, sizes))
    return {
        "loss": torch.tensor(mean_over_processes({"x": brain.losses[-1]})["x"]),
        "gradients": brain.gradients,
        "weights": {
            name.replace("module.", ""): value.clone()
            for name, value in brain.modules.state_dict().items()
        },
        "anchors": torch.tensor(brain.train_means()["anchors"]),
    }
