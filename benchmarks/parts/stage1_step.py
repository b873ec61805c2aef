"""Steps of stage 1, everything in them, beside the encoder's work alone.

The encoder is the ECAPA-TDNN of the YAML, with 256 channels. A loader process
reads ahead, as in training: with one thread it has the other core.
"""

import pathlib
import tempfile

import torch

from benchmarks.part import Part
from benchmarks.stage1 import make_corpus, run_until

BATCH = {
    "speakers_per_batch": 4,
    "clusters_per_speaker": 4,
    "utterances_per_cluster": 4,
    "contrastive_crop_seconds": 2.0,
}
SPEAKERS = 24  # some are the fold's development and test speakers


def _start(n_steps):
    """Return a Brain that is about to train, with its loader."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="emoclust_steps_"))
    make_corpus(folder / "corpus", SPEAKERS)
    brain, _, loader, _ = run_until(
        "fit",
        data_folder=folder / "corpus",
        output_folder=folder / "output",
        speaker_encoder="stats",  # how good clusters are takes no time
        steps_per_epoch=n_steps,
        **BATCH,
    )
    return brain, loader


def ours(n_steps):
    """An epoch of the training: crops from disk, features, loss, history."""
    brain, loader = _start(n_steps)
    brain.valid_loader = None
    brain.init_optimizers()

    def run():
        brain._fit_train(loader, epoch=1, enable=False)

    return run


def encoder_alone(n_steps):
    """Forward and backward of the encoder on one batch of features."""
    brain, loader = _start(n_steps)
    with torch.no_grad():
        features = brain.modules.compute_features(next(iter(loader)).sig.data)
    encoder = brain.modules.embedding_model.train()

    def run():
        for _ in range(n_steps):
            encoder.zero_grad()
            encoder(features).square().mean().backward()

    return run


PART = Part(
    name="stage 1, ECAPA-TDNN 256, 64 crops of 2 s a step",
    unit="steps",
    sizes=(20,),
    sides={"ours": ours, "encoder alone": encoder_alone},
    aim="1.08 times the encoder alone (ratio .93)",
    repeats=1,
)
