"""A tiny training whose losses can be spoilt."""

import functools
import math
import types

import torch
from emoclust_lobes.contrast.losses import ClusterContrastiveLoss
from emoclust_lobes.training.brain import EncoderBrain
from emoclust_lobes.training.history import History

from speechbrain import Stage
from speechbrain.dataio.batch import PaddedBatch
from speechbrain.lobes.features import Fbank
from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN
from speechbrain.processing.features import InputNormalization
from speechbrain.utils.epoch_loop import EpochCounter


class TinyBrain(EncoderBrain):
    """Contrasts clusters; ``spoil`` may do something to a loss."""

    spoil = staticmethod(lambda step, loss, embeddings: loss)

    def compute_forward(self, batch, stage):
        return self.encode(batch.sig.data, batch.sig.lengths, stage)

    def compute_objectives(self, predictions, batch, stage):
        loss = self.contrast(predictions, batch)
        return self.spoil(self.step, loss, predictions)


def make_brain(folder, temperature=0.01, **run_opts):
    """A Brain with a tiny ECAPA-TDNN."""
    torch.manual_seed(0)
    encoder = ECAPA_TDNN(
        input_size=20,
        channels=[8, 8, 8, 8, 24],
        attention_channels=4,
        lin_neurons=6,
    )
    counter = EpochCounter(2)
    counter.current = 1
    brain = TinyBrain(
        {
            "compute_features": Fbank(n_mels=20),
            "mean_var_norm": InputNormalization(
                norm_type="sentence", std_norm=False
            ),
            "embedding_model": encoder,
            "projection": torch.nn.Linear(6, 4),
        },
        hparams={
            "seed": 1,
            "folder": str(folder),
            "augment": torch.nn.Identity(),
            "crop": types.SimpleNamespace(set_epoch=lambda epoch: None),
            "optimizer": functools.partial(torch.optim.AdamW),
            "encoder_lr": 0.01,
            "heads_lr": 0.01,
            "lr_annealing": lambda epoch: (1.0, 1.0),
            "epoch_counter": counter,
            "history": History(),
            "contrastive_loss": ClusterContrastiveLoss(temperature),
        },
        run_opts={"device": "cpu", **run_opts},
    )
    brain.on_fit_start()
    brain.on_stage_start(Stage.TRAIN, epoch=1)
    brain.modules.train()
    brain.nonfinite_count = 0
    return brain


def batch_of(signals):
    """Waveforms [8, time] of one speaker in two clusters."""
    return PaddedBatch(
        [
            {
                "id": f"utterance {n}",
                "sig": signal,
                "speaker": 0,
                "cluster": n // 4,
                "context": -1,
            }
            for n, signal in enumerate(signals)
        ]
    )


def noise(seed, samples=4000):
    return torch.randn(
        8, samples, generator=torch.Generator().manual_seed(seed)
    )


def fit(brain, *signals):
    """Take a step on each batch."""
    for waveforms in signals:
        brain.step += 1
        brain.fit_batch(batch_of(waveforms))


def numbers(brain):
    """All weights and statistics."""
    state = brain.modules.state_dict()
    return {name: value.clone() for name, value in state.items()}


def assert_finite(brain):
    for name, value in numbers(brain).items():
        assert value.isfinite().all(), name


def in_float16(brain, scale=64.0):
    """Give a brain what SpeechBrain gives one for float16, on a GPU only.

    There, the scale of gradients begins with 65536 and is halved many times.
    """
    brain.training_ctx = torch.autocast("cpu", dtype=torch.float16)
    brain.scaler = torch.GradScaler("cpu", init_scale=scale)
    return brain


def spoil_steps(steps, how):
    """Spoil the losses of some steps."""
    return lambda step, loss, embeddings: (
        how(loss, embeddings) if step in steps else loss
    )


HOWS = {
    "nan": lambda loss, embeddings: loss * math.nan,
    "inf": lambda loss, embeddings: loss * math.inf,
    "gradient": lambda loss, embeddings: (
        # The root's slope at zero is infinite, times zero is no number.
        loss + (embeddings.sum() * 0.0).sqrt()
    ),
}
