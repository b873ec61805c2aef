"""Runs that are started again: finished ones, and ones that were killed."""

import contextlib
import glob
import pathlib
import shutil
import signal
import subprocess
import time

import pytest
from data_prep.storage.files import read_json
from emoclust_lobes.experiment.run_folders import ChangedRunError

from tests.training.recipe_runs import ROOT, SHORT, command, only, run


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


@pytest.mark.parametrize(
    "option", ["--precision=bf16", "--max_grad_norm=1", "audio"]
)
def test_a_run_does_not_go_on_with_other_options_or_audio(
    option, corpora, tmp_path, run_here
):
    """Nor is it told to be tested before."""
    corpus = tmp_path / "corpus"
    shutil.copytree(corpora / "ravdess", corpus / "ravdess")
    arguments = ["train_ser.py", "ravdess", corpus, tmp_path / "out", *SHORT]
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
    with pytest.raises(ChangedRunError, match="other settings"):
        run_here(*arguments)
