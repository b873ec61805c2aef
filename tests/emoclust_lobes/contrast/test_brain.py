"""The contrast of the Brain, however it is accumulated, rounded or compiled."""

import shutil

import pytest
import torch
from emoclust_lobes.contrast.losses import ClusterContrastiveLoss
from tiny_brain import batches, tiny_brain

from speechbrain.dataio.batch import PaddedBatch


def pool_batch(seed):
    """Two speakers' clusters, some of whose positives are in one session."""
    generator = torch.Generator().manual_seed(seed)
    rows = [
        {
            "speaker": n // 6,
            "cluster": n // 3 % 2,
            "context": n % 2 - (n == 5),
        }
        for n in range(12)
    ]
    embeddings = torch.randn(12, 6, generator=generator)
    return embeddings.requires_grad_(), PaddedBatch(rows)


def test_the_contrast_is_the_loss_of_projections(tmp_path):
    brain = tiny_brain(tmp_path)
    brain.modules["projection"] = torch.nn.Linear(6, 4)
    loss = ClusterContrastiveLoss(temperature=0.2, elsewhere="session")
    brain.hparams.contrastive_loss = loss
    embeddings, batch = pool_batch(0)
    found = brain.contrast(embeddings, batch)
    projected = brain.modules.projection(embeddings)
    labels = (batch.speaker, batch.cluster, batch.context)
    expected, n_anchors = loss(projected, *labels)
    torch.testing.assert_close(found, expected)
    found.backward()
    assert embeddings.grad.abs().sum() > 0
    assert brain.modules.projection.weight.grad.abs().sum() > 0
    assert brain.hparams.history.means()["anchors"] == n_anchors


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


@pytest.mark.slow
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
