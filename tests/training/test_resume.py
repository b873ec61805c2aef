"""Runs that are started again: finished ones, and ones that were killed."""

import contextlib
import glob
import pathlib
import signal
import subprocess
import time

import pytest
from emoclust_lobes.experiment.run_folders import Interrupted
from emoclust_lobes.training.brain import EncoderBrain

from tests.training.recipe_runs import ROOT, command, only, run


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


def kill_when(ready, arguments):
    """Start a script and kill it soon after a condition holds."""
    process = subprocess.Popen(
        command(*arguments),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and not ready():
        time.sleep(0.01)
    time.sleep(0.2)
    process.kill()
    assert process.wait() == -signal.SIGKILL, "it ended before it was killed"


def written(folder, pattern):
    """Yield the texts of files; meanwhile, checkpoints may be deleted."""
    for path in glob.iglob(f"{folder}/**/{pattern}", recursive=True):
        with contextlib.suppress(FileNotFoundError):
            yield pathlib.Path(path).read_text()


def first_epoch_logged(folder):
    return any("epoch: 1," in log for log in written(folder, "train_log.*"))


def saved_inside_the_second_epoch(folder):
    saved = any("intra" in meta for meta in written(folder, "CKPT.yaml"))
    return saved and first_epoch_logged(folder)


# What is measured or kept over many steps must survive, too.
STATEFUL = ["--pretraining=multitask", "--steps_per_epoch=20"]
JOINT = ["--init=none", "--ser_contrastive_weight=0.3", "--enrolment=True"]


@pytest.mark.parametrize(
    "script, options, outcome",
    [
        ("train_contrastive.py", ["--pretraining=multitask"], "multitask"),
        ("train_ser.py", [*JOINT, "--system=joint"], "ser_joint/labels_1.0"),
    ],
    ids=["stage 1", "stage 2"],
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
    for name in ("metrics.json", "history.csv"):
        assert (
            only(tmp_path / "ended", f"{outcome}/{name}").read_bytes()
            == only(tmp_path / "whole", f"{outcome}/{name}").read_bytes()
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    "script, options, ready, outcome",
    [
        (
            "train_contrastive.py",
            ["--steps_per_epoch=12"],
            first_epoch_logged,
            "contrastive",
        ),
        (
            "train_contrastive.py",
            [*STATEFUL, "--ckpt_interval_steps=6"],
            saved_inside_the_second_epoch,
            "multitask",
        ),
        (
            "train_ser.py",
            [*JOINT, "--ser_batch_size=8"],
            first_epoch_logged,
            "ser_none/labels_1.0",
        ),
    ],
    ids=["stage 1", "stage 1 inside an epoch", "stage 2"],
)
def test_a_killed_run_ends_as_if_it_had_not_been_killed(
    script, options, ready, outcome, corpora, tmp_path
):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    run(script, "cremad", corpora, whole, *options)
    arguments = [script, "cremad", corpora, killed, *options]
    kill_when(lambda: ready(killed), arguments)
    assert not list(killed.rglob(f"{outcome}/metrics.json"))
    run(*arguments)
    names = ["metrics.json", "history.csv"]
    if script == "train_ser.py":
        names.append("predictions.csv")
    for name in names:
        assert (
            only(killed, f"{outcome}/{name}").read_bytes()
            == only(whole, f"{outcome}/{name}").read_bytes()
        )
