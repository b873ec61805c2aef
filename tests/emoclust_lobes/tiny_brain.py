"""A Brain around a tiny encoder, and batches for it."""

import functools

import torch
from emoclust_lobes.audio.reading import RandomCrop
from emoclust_lobes.training.brain import EncoderBrain
from emoclust_lobes.training.history import History

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
        "optimizer": functools.partial(torch.optim.AdamW),
        "front_end_lr": 0.001,
        "encoder_lr": 0.01,
        "heads_lr": 0.1,
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
