"""Runs that are started again: finished ones, and ones that were ended.

Those that are killed are in ``tests/reliability/test_kill.py``.
"""

import shutil
import signal

import pytest
from data_prep.storage.files import read_json
from emoclust_lobes.experiment.command_line import Refused
from emoclust_lobes.experiment.run_folders import Interrupted
from emoclust_lobes.training.brain import EncoderBrain

from tests.training.recipe_runs import only


def test_a_finished_test_is_not_repeated(corpora, short, tmp_path, run_here):
    arguments = ["train_ser.py", "ravdess", corpora, tmp_path, *short]
    arguments += ["--pretraining=none"]
    run_here(*arguments)
    metrics = only(tmp_path, "ser_none/labels_1.0/metrics.json")
    checkpoints = set(metrics.parent.rglob("CKPT*"))
    written = metrics.stat().st_mtime_ns
    run_here(*arguments)
    assert metrics.stat().st_mtime_ns == written
    assert set(metrics.parent.rglob("CKPT*")) == checkpoints


# What is measured or kept over many steps must survive, too.
AVERAGED = ["--pretraining=distil", "--contrastive_choose=average"]
JOINT = ["--init=none", "--ser_contrastive_weight=0.3", "--enrolment=True"]


@pytest.mark.parametrize(
    "script, options, outcome",
    [
        ("train_contrastive.py", ["--pretraining=multitask"], "multitask"),
        ("train_contrastive.py", AVERAGED, "distil"),
        ("train_ser.py", [*JOINT, "--system=joint"], "ser_joint/labels_1.0"),
    ],
    ids=["stage 1", "averaged", "stage 2"],
)
def test_a_run_that_a_signal_ends_goes_on_to_the_same_numbers(
    script, options, outcome, corpora, short, tmp_path, run_here, monkeypatch
):
    options = [*short, *options, "--contrastive_epochs=2", "--ser_epochs=2"]
    options += ["--steps_per_epoch=3", "--ckpt_interval_steps=2"]
    run_here(script, "ravdess", corpora, tmp_path / "whole", *options)
    arguments = [script, "ravdess", corpora, tmp_path / "ended", *options]
    step, taken = EncoderBrain.fit_batch, []

    def end_in_the_second_epoch(brain, batch):
        taken.append(brain.hparams.epoch_counter.current)
        if taken.count(2) == 2:
            signal.raise_signal(signal.SIGTERM)
        return step(brain, batch)

    with monkeypatch.context() as patch, pytest.raises(Interrupted) as ended:
        patch.setattr(EncoderBrain, "fit_batch", end_in_the_second_epoch)
        run_here(*arguments)
    assert ended.value.code == 128 + signal.SIGTERM
    assert not list(tmp_path.rglob(f"ended/**/{outcome}/metrics.json"))
    run_here(*arguments)
    left = "predictions.csv"
    if script == "train_contrastive.py":
        left = "embedding_model.ckpt"
    for name in ("metrics.json", "history.csv", left):
        assert (
            only(tmp_path / "ended", f"{outcome}/{name}").read_bytes()
            == only(tmp_path / "whole", f"{outcome}/{name}").read_bytes()
        )


@pytest.mark.parametrize(
    "option", ["--precision=bf16", "--max_grad_norm=1", "audio"]
)
def test_a_run_does_not_go_on_with_other_options_or_audio(
    option, corpora, short, tmp_path, run_here
):
    """Nor is it told to be tested before."""
    corpus = tmp_path / "corpus"
    shutil.copytree(corpora / "ravdess", corpus / "ravdess")
    arguments = ["train_ser.py", "ravdess", corpus, tmp_path / "out", *short]
    arguments += ["--pretraining=none"]
    run_here(*arguments)
    metrics = read_json(only(tmp_path, "labels_1.0/metrics.json"))
    assert metrics["run_options"]["precision"] == "fp32"
    assert metrics["run_options"]["grad_accumulation_factor"] == 1
    assert metrics["n_processes"] == 1
    run_here(*arguments)
    if option == "audio":
        wav = min(corpus.rglob("*.wav"))
        content = bytearray(wav.read_bytes())
        content[-2000:-1000] = content[-1000:]
        wav.write_bytes(content)
    else:
        arguments.append(option)
    with pytest.raises(Refused, match="other settings"):
        run_here(*arguments)
