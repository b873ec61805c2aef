"""The parts that make training repeatable, resumable and honest."""

import functools
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from emoclust_lobes.audio.reading import RandomCrop, read_utterance
from emoclust_lobes.experiment.run_folders import (
    ChangedRunError,
    refuse_changed_run,
    resolved_blocks,
)
from emoclust_lobes.training.frozen import Frozen
from emoclust_lobes.training.history import History
from emoclust_lobes.training.optimizers import without_compiler
from hypothesis import (
    given,
    strategies as st,
)

from speechbrain.dataio import audio_io
from speechbrain.utils.checkpoints import Checkpointer


@given(
    length=st.integers(1, 5000),
    samples=st.integers(1, 3000),
    epoch=st.integers(0, 5),
)
def test_a_crop_is_a_stretch_of_the_repeated_utterance(length, samples, epoch):
    waveform = torch.arange(float(length))
    crop = RandomCrop(seconds=samples / 16000, sample_rate=16000, seed=3)
    crop.set_epoch(epoch)
    cut = crop(waveform, "some utterance")
    assert len(cut) == crop.samples
    # Consecutive samples, going round where the utterance was repeated.
    steps = (cut[1:] - cut[:-1]) % length
    assert torch.all(steps == 1 % length)
    assert torch.equal(cut, crop(waveform, "some utterance"))


def test_crops_differ_between_epochs_utterances_and_seeds():
    waveform = torch.randn(160_000)

    def first_sample(seed, epoch, name):
        crop = RandomCrop(seconds=1, sample_rate=16000, seed=seed)
        crop.set_epoch(epoch)
        return crop(waveform, name)[0].item()

    firsts = {
        first_sample(*key)
        for key in [(1, 1, "a"), (1, 2, "a"), (1, 1, "b"), (2, 1, "a")]
    }
    assert len(firsts) == 4


def test_crops_cover_the_whole_utterance():
    waveform = torch.arange(1000.0)
    crop = RandomCrop(seconds=0.01, sample_rate=16000, seed=1)
    firsts = [crop(waveform, str(i))[0].item() for i in range(2000)]
    expected = np.full(5, 400)
    counts, _ = np.histogram(firsts, bins=5, range=(0, 840))
    assert np.all(np.abs(counts - expected) < 100)


def test_any_rate_and_channel_count_becomes_16_khz_mono(tmp_path):
    time = torch.arange(48000) / 48000
    left = torch.sin(2 * torch.pi * 440 * time)
    path = str(tmp_path / "stereo.wav")
    audio_io.save(path, torch.stack([left, torch.zeros_like(left)]), 48000)
    waveform = read_utterance(path)
    target = 0.5 * torch.sin(2 * torch.pi * 440 * torch.arange(16000) / 16000)
    assert waveform.shape == (16000,)
    assert torch.allclose(waveform[100:-100], target[100:-100], atol=2e-3)


def test_start_and_stop_count_the_files_own_samples(tmp_path):
    path = str(tmp_path / "ramp.wav")
    ramp = torch.arange(1000.0) / 1000
    audio_io.save(path, ramp[None], 16000, subtype="FLOAT")
    assert torch.equal(read_utterance(path, 100, 300), ramp[100:300])
    assert torch.equal(read_utterance(path, "900", ""), ramp[900:])
    with pytest.raises(ValueError, match="no audio"):
        read_utterance(path, 1000, 1000)


def test_a_frozen_encoder_is_bit_identical_after_training():
    torch.manual_seed(0)
    encoder = torch.nn.Sequential(
        torch.nn.Linear(4, 4), torch.nn.BatchNorm1d(4), torch.nn.Dropout(0.5)
    )
    before = {k: v.clone() for k, v in encoder.state_dict().items()}
    model = torch.nn.ModuleDict(
        {"encoder": Frozen(encoder), "head": torch.nn.Linear(4, 2)}
    )
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(parameters, lr=0.1)
    for _ in range(3):
        model.train()
        outputs = model["head"](model["encoder"](torch.randn(8, 4)))
        outputs.square().mean().backward()
        optimizer.step()
    assert len(parameters) == 2
    for name, value in encoder.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_what_comes_before_a_frozen_encoder_still_learns():
    front_end = torch.nn.Linear(4, 4)
    frozen = Frozen(torch.nn.BatchNorm1d(4)).train()
    frozen(front_end(torch.randn(8, 4))).square().sum().backward()
    assert front_end.weight.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in frozen.parameters())


YAML = """
seed: 1
data_folder: !PLACEHOLDER
output_folder: results
lr: 0.1
unused: 3
net: !new:torch.nn.Linear
    in_features: 2
    out_features: 2
history: !new:emoclust_lobes.training.History
stage:
    lr: !ref <lr>
    data: !ref <data_folder>/x
    folder: !ref <output_folder>/stage
other:
    seed: !ref <seed>
"""


@pytest.mark.parametrize(
    "overrides, changed",
    [
        ("data_folder: /elsewhere", []),
        ("{data_folder: /a, output_folder: ./results}", []),
        ("{data_folder: /a, unused: 4}", []),
        ("{data_folder: /a, seed: 2}", []),
        ("{data_folder: /a, lr: 0.2}", ["was lr: 0.1", "now lr: 0.2"]),
        (
            "{data_folder: /a, net: {in_features: 3}}",
            ["was in_features: 2", "now in_features: 3"],
        ),
    ],
)
def test_only_what_a_run_depends_on_is_compared(tmp_path, overrides, changed):
    path = tmp_path / "hparams.yaml"
    path.write_text(YAML)
    first = resolved_blocks(path, {"data_folder": "/a"}, ["other"])
    assert set(first) == {"net", "stage", "history"}
    refuse_changed_run(tmp_path, first)
    (tmp_path / "save" / "CKPT+1").mkdir(parents=True)
    again = resolved_blocks(path, yaml.safe_load(overrides), ["other"])
    if not changed:
        refuse_changed_run(tmp_path, again)
        return
    with pytest.raises(ChangedRunError) as error:
        refuse_changed_run(tmp_path, again)
    for line in [*changed, str(tmp_path), "--output_folder"]:
        assert line in str(error.value)


def test_lines_that_change_places_are_a_change(tmp_path):
    refuse_changed_run(tmp_path, {"sampler": "- 4\n- 4\n- 3"})
    (tmp_path / "save" / "CKPT+1").mkdir(parents=True)
    for shape in ("- 3\n- 4\n- 3", "- 4\n- 3\n- 4"):
        with pytest.raises(ChangedRunError, match="was - 4"):
            refuse_changed_run(tmp_path, {"sampler": shape})


def test_inputs_that_come_later_are_compared_too(tmp_path):
    refuse_changed_run(tmp_path, {"net": "a"})
    refuse_changed_run(tmp_path, {"manifest": "1"})
    (tmp_path / "save" / "CKPT+1").mkdir(parents=True)
    refuse_changed_run(tmp_path, {"net": "a"})
    with pytest.raises(ChangedRunError, match="was 1"):
        refuse_changed_run(tmp_path, {"manifest": "2"})


def test_without_a_checkpoint_settings_may_still_change(tmp_path):
    refuse_changed_run(tmp_path, {"net": "a", "manifest": "1"})
    refuse_changed_run(tmp_path, {"net": "b"})
    (tmp_path / "save" / "CKPT+1").mkdir(parents=True)
    refuse_changed_run(tmp_path, {"net": "b", "manifest": "1"})
    with pytest.raises(ChangedRunError, match="now a"):
        refuse_changed_run(tmp_path, {"net": "a"})


def test_history_goes_back_with_its_checkpoint(tmp_path):
    history = History()
    checkpointer = Checkpointer(tmp_path, {"history": history})
    history.add(epoch=1, valid_uar=0.5)
    history.note(loss=torch.tensor(0.1), anchors=4)
    checkpointer.save_checkpoint()
    history.note(loss=torch.tensor(5.0), anchors=2)
    history.add(epoch=2, valid_uar=0.6)
    checkpointer.recover_if_possible()
    assert history.rows == [{"epoch": 1, "valid_uar": 0.5}]
    history.note(loss=torch.tensor(0.2), anchors=2)
    assert history.means() == {"loss": pytest.approx(0.15), "anchors": 3}
    assert history.means() == {}


def test_history_writes_a_table_and_a_picture(tmp_path):
    history = History()
    history.add(epoch=0, valid_uar=0.2)
    history.add(epoch=1, train_loss=1.5, valid_loss=1.6, valid_uar=0.5)
    history.write(tmp_path)
    table = pd.read_csv(tmp_path / "history.csv")
    assert table["valid_uar"].tolist() == [0.2, 0.5]
    assert (tmp_path / "learning_curves.png").stat().st_size > 5000


@pytest.mark.parametrize("kind", ["AdamW", "SGD"])
def test_without_compiler_training_is_the_same(kind):
    def trained(make):
        torch.manual_seed(0)
        model = torch.nn.Linear(5, 3)
        optimizer = make(model.parameters())
        optimizer.load_state_dict(optimizer.state_dict())
        for _ in range(3):
            optimizer.zero_grad()
            model(torch.randn(4, 5)).square().sum().backward()
            optimizer.step()
        return model.weight

    make = functools.partial(getattr(torch.optim, kind), lr=0.1)
    assert torch.equal(trained(without_compiler(make)), trained(make))


def test_without_compiler_none_is_imported():
    program = (
        "import functools, sys, torch\n"
        "from emoclust_lobes.training.optimizers import without_compiler\n"
        "make = functools.partial(torch.optim.AdamW, lr=0.1)\n"
        "model = torch.nn.Linear(2, 2)\n"
        "optimizer = without_compiler(make)(model.parameters())\n"
        "model(torch.ones(1, 2)).sum().backward()\n"
        "optimizer.step()\n"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
