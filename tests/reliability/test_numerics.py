"""Numbers stay finite, and a training that loses them says so and stops."""

import math
import types

import pytest
import torch
from emoclust_lobes.brain import EncoderBrain, NonFiniteError
from emoclust_lobes.files import read_json
from emoclust_lobes.history import History
from emoclust_lobes.losses import ClusterContrastiveLoss
from emoclust_lobes.memory import EmbeddingMemory
from hypothesis import (
    given,
    settings,
    strategies as st,
)

from speechbrain import Stage
from speechbrain.dataio.batch import PaddedBatch
from speechbrain.lobes.features import Fbank
from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN
from speechbrain.processing.features import InputNormalization
from speechbrain.utils.epoch_loop import EpochCounter

SPEAKERS = torch.arange(16) // 8
CLUSTERS = torch.arange(16) // 4 % 2
NOISE = torch.randn(16, 12, generator=torch.Generator().manual_seed(1))
EMBEDDINGS = {
    "noise": NOISE,
    "identical": NOISE[:1].repeat(16, 1),
    "opposite": NOISE[:1] * (-1.0) ** torch.arange(16)[:, None],
    "identical in each cluster": NOISE[SPEAKERS * 2 + CLUSTERS],
    "zero": torch.zeros(16, 12),
    "one zero": NOISE * (torch.arange(16)[:, None] > 0),
    "huge": NOISE * 1e4,
    "tiny": NOISE * 1e-6,
}
SHORT = ("zero", "one zero", "tiny")
DTYPES = [torch.float32, torch.bfloat16, torch.float16]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", EMBEDDINGS)
@pytest.mark.parametrize("options", [{}, {"hardness": 5.0}], ids=str)
def test_loss_and_gradient_are_finite(name, dtype, options):
    for temperature in (0.01, 0.07, 1.0):
        embeddings = EMBEDDINGS[name].to(dtype).requires_grad_()
        for negatives in ("speaker", "all"):
            loss = ClusterContrastiveLoss(
                temperature, negatives=negatives, **options
            )
            value, n_anchors = loss(embeddings, SPEAKERS, CLUSTERS)
            assert n_anchors == 16
            assert value.dtype == torch.float32 and value.isfinite()
            (gradient,) = torch.autograd.grad(value, embeddings)
            # The slope of a length near zero is beyond float16, whose
            # gradients are scaled, and whose infinite ones left out.
            if dtype == torch.float16 and name in SHORT:
                continue
            assert gradient.isfinite().all()


@pytest.mark.parametrize("temperature", [0.01, 0.1, 10.0])
@pytest.mark.parametrize("hardness", [0.0, 3.0])
def test_the_loss_of_identical_embeddings_is_known(temperature, hardness):
    """All that is compared is alike: each pair has one share of it all."""
    loss = ClusterContrastiveLoss(temperature, hardness=hardness)
    value, _ = loss(EMBEDDINGS["identical"], SPEAKERS, CLUSTERS)
    assert value.item() == pytest.approx(math.log(3 + 4), rel=1e-5)


@settings(deadline=None, max_examples=50, derandomize=True)
@given(
    st.lists(
        st.lists(st.floats(-1e6, 1e6, width=32), min_size=4, max_size=4),
        min_size=8,
        max_size=8,
    ),
    st.floats(0.01, 10),
    st.floats(0, 50),
)
def test_any_embeddings_have_a_finite_loss(rows, temperature, hardness):
    loss = ClusterContrastiveLoss(temperature, hardness=hardness)
    embeddings = torch.tensor(rows, requires_grad=True)
    labels = torch.zeros(8, dtype=torch.int64), torch.arange(8) // 4
    value, _ = loss(embeddings, *labels)
    value.backward()
    assert value.isfinite() and embeddings.grad.isfinite().all()


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_temperatures_that_are_none_are_refused(value):
    with pytest.raises(ValueError, match=f"above 0 and finite, not {value}"):
        ClusterContrastiveLoss(temperature=value)
    if value != 0:
        with pytest.raises(
            ValueError, match=f"or above and finite, not {value}"
        ):
            ClusterContrastiveLoss(temperature=0.1, hardness=value)


class TinyBrain(EncoderBrain):
    """Contrasts clusters; ``spoil`` may do something to a loss."""

    spoil = staticmethod(lambda step, loss, embeddings: loss)

    def compute_forward(self, batch, stage):
        return self.encode(batch.sig.data, batch.sig.lengths, stage)

    def compute_objectives(self, predictions, batch, stage):
        loss = self.contrast(predictions, batch)
        return self.spoil(self.step, loss, predictions)


def make_brain(folder, temperature=0.01, **run_opts):
    """A Brain with a tiny ECAPA-TDNN and a memory."""
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
            "encoder_optimizer": lambda p: torch.optim.AdamW(p, lr=0.01),
            "heads_optimizer": lambda p: torch.optim.AdamW(p, lr=0.01),
            "lr_annealing": lambda epoch: (1.0, 1.0),
            "epoch_counter": counter,
            "history": History(),
            "memory": EmbeddingMemory(size=16),
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
                "weight": 1.0,
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


SIGNALS = {
    "noise": noise(1),
    "silence": torch.zeros(8, 4000),
    "some silence": noise(1) * (torch.arange(8)[:, None] % 2),
    "identical": noise(1)[:1].repeat(8, 1),
    "clipped": noise(1).sign(),
    "one sample, repeated": torch.full((8, 4000), 0.3),
    "far beyond 1": noise(1) * 30000,
    "next to nothing": noise(1) * 1e-9,
    "20 ms": noise(1, samples=320),
}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("name", SIGNALS)
def test_training_on_strange_sound_stays_finite(name, precision, tmp_path):
    brain = make_brain(tmp_path, precision=precision)
    fit(brain, SIGNALS[name], noise(2), SIGNALS[name])
    assert_finite(brain)
    # Where a whole batch is one and the same, normalization divides by nearly
    # nothing in layer after layer: some such steps are left out.
    if name not in ("silence", "next to nothing"):
        assert not (tmp_path / "nonfinite.json").exists()


def in_float16(brain, scale=64.0):
    """Give a brain what SpeechBrain gives one for float16, on a GPU only.

    There, the scale of gradients begins with 65536 and is halved many times.
    """
    brain.training_ctx = torch.autocast("cpu", dtype=torch.float16)
    brain.scaler = torch.GradScaler("cpu", init_scale=scale)
    return brain


def gradients(brain, batch):
    """The loss and the gradient of all weights, without the scale."""
    with brain.training_ctx:
        embeddings = brain.compute_forward(batch, Stage.TRAIN)
        loss = brain.contrast(embeddings, batch)
    parameters = list(brain.modules.parameters())
    scaled = torch.autograd.grad(brain.scaler.scale(loss), parameters)
    scale = brain.scaler.get_scale()
    return loss, torch.cat([x.flatten() for x in scaled]) / scale


@pytest.mark.parametrize("name", SIGNALS)
def test_float16_hears_strange_sound(name, tmp_path):
    brain = in_float16(make_brain(tmp_path))
    batch = batch_of(SIGNALS[name])
    with brain.training_ctx:
        embeddings = brain.compute_forward(batch, Stage.TRAIN)
        loss = brain.contrast(embeddings, batch)
    assert embeddings.dtype == torch.float16 and embeddings.isfinite().all()
    assert loss.dtype == torch.float32 and loss.isfinite()


@pytest.mark.parametrize("name", SIGNALS)
def test_training_in_float16_stays_finite(name, tmp_path):
    brain = in_float16(make_brain(tmp_path), scale=256.0)
    before = numbers(brain)
    fit(brain, *[SIGNALS[name], noise(2)] * 3)
    assert_finite(brain)
    assert not (tmp_path / "nonfinite.json").exists()
    # The first steps overflow and are left out, the last is taken
    for weight, parameter in brain.modules.named_parameters():
        assert not torch.equal(parameter, before[weight]), weight


@pytest.mark.parametrize("temperature, scale", [(0.01, 64.0), (0.1, 1024.0)])
@pytest.mark.parametrize("name", ["noise", "clipped", "far beyond 1"])
def test_gradients_in_float16_are_those_of_float32(
    name, temperature, scale, tmp_path
):
    batch = batch_of(SIGNALS[name])
    brain = make_brain(tmp_path, temperature)
    expected_loss, expected = gradients(brain, batch)
    brain = in_float16(make_brain(tmp_path, temperature), scale)
    loss, found = gradients(brain, batch)
    assert loss.item() == pytest.approx(expected_loss.item(), rel=0.01)
    assert torch.cosine_similarity(found, expected, dim=0) > 0.99


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


@pytest.mark.parametrize("samples", [1, 160, 320, 480, 640, 800])
def test_the_shortest_utterances_are_heard(samples, tmp_path):
    brain = make_brain(tmp_path)
    brain.modules.eval()
    signals = noise(1, samples=samples)
    embeddings = brain.encode(signals, torch.ones(8), Stage.TEST)
    assert embeddings.shape == (8, 6) and embeddings.isfinite().all()
    if samples >= 640:  # five frames: nothing is padded
        normed = brain.modules.mean_var_norm(
            brain.modules.compute_features(signals), torch.ones(8)
        )
        direct = brain.modules.embedding_model(normed, torch.ones(8))
        assert torch.equal(embeddings, direct.squeeze(1))


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


def test_the_memory_keeps_nothing_of_a_loss_that_is_none(tmp_path):
    brain = make_brain(tmp_path)
    fit(brain, noise(1))
    kept = brain.hparams.memory.contents().embeddings.clone()
    embeddings = torch.full((8, 6), math.nan)
    loss = brain.contrast(embeddings, batch_of(noise(2)))
    assert loss.isnan()
    assert torch.equal(brain.hparams.memory.contents().embeddings, kept)


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
