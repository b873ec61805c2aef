"""Ctrl-C and SIGTERM end a run with a line, a code, and nothing lost."""

import os
import signal

import numpy as np
import pytest
from data_prep.storage.files import read_json
from data_prep.storage.locks import locked
from emoclust_lobes.embeddings.cache import read_cache
from emoclust_lobes.embeddings.parts import PartWriter, merge_parts
from emoclust_lobes.experiment.run_folders import (
    Interrupted,
    interruptible,
    one_run,
)
from emoclust_lobes.protocol.plan import Job, System
from emoclust_lobes.protocol.runner import run_job
from emoclust_lobes.protocol.scripts import Experiment
from stages import run_stage
from workers import wait_for, work, work_in_vain

CODES = {"SIGINT": 130, "SIGTERM": 143}


def send(process, name):
    """Send a signal, and wait for the end."""
    os.kill(process.pid, signal.Signals[name])
    process.join(300)


@pytest.mark.slow
@pytest.mark.parametrize("name, code", CODES.items())
def test_a_signal_ends_a_run_with_a_line(name, code, start, tmp_path):
    ready, log = tmp_path / "ready", tmp_path / "log.txt"
    process = start(work, tmp_path / "run", log, ready)
    wait_for(ready.exists)
    send(process, name)
    assert process.exitcode == code
    line = f"Ended by {name}: the same command goes on from here"
    assert log.read_text().strip() == line
    with locked(tmp_path / "run"):
        pass


@pytest.mark.slow
def test_an_error_that_follows_a_signal_does_not_hide_it(start, tmp_path):
    ready, log = tmp_path / "ready", tmp_path / "log.txt"
    process = start(work_in_vain, log, ready)
    wait_for(ready.exists)
    send(process, "SIGTERM")
    assert process.exitcode == 143
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize("name, code", CODES.items())
def test_a_signal_is_told_and_gives_the_folder_back(
    name, code, tmp_path, caplog, request
):
    # As in front: in the background of a shell, Ctrl-C is ignored
    number = signal.Signals[name]
    before = signal.signal(number, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(number, before))
    with pytest.raises(Interrupted) as ended:
        with one_run(tmp_path):
            signal.raise_signal(number)
    assert ended.value.code == code
    assert f"Ended by {name}: the same command goes on" in caplog.text
    with locked(tmp_path):
        pass


def test_rows_that_wait_to_be_saved_survive_a_signal(tmp_path):
    ids, signatures = np.array(["a", "b"]), np.zeros((2, 4), dtype="int64")
    vectors = np.eye(2, dtype="float32")
    with pytest.raises(Interrupted), interruptible():
        with PartWriter(tmp_path, {"name": "e"}, ids, signatures, 9) as parts:
            parts.add([0, 1], vectors)
            signal.raise_signal(signal.SIGTERM)
    merge_parts(tmp_path, "e")
    found = read_cache(tmp_path, "e").select(["b", "a"])
    np.testing.assert_array_equal(found, vectors[::-1])


def test_other_errors_pass_and_signals_are_given_back():
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyError):
        with interruptible():
            raise KeyError("x")
    after = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    assert after == before


def test_a_signal_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruptible():
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


QUICK = """\
seed: 1
fold: 1
output_folder: !PLACEHOLDER
run_folder: !ref <output_folder>/run
pretraining: none
stage1_name: none
init: none
system: none
labels: 1.0
ser:
    folder: !ref <run_folder>/<system>
"""
SCRIPT = """\
import pathlib, sys, time
import speechbrain
from emoclust_lobes.experiment.run_folders import one_run
from hyperpyyaml import load_hyperpyyaml

yaml, options, overrides = speechbrain.parse_arguments(sys.argv[1:])
with open(yaml) as stream:
    hparams = load_hyperpyyaml(stream, overrides)
with one_run(hparams["ser"]["folder"]) as folder:
    (folder / "began").touch()
    time.sleep(60)
"""


@pytest.mark.slow
def test_a_signal_ends_all_runs_of_a_job(start, tmp_path):
    hparams = tmp_path / "hparams"
    hparams.mkdir()
    (hparams / "quick.yaml").write_text(QUICK)
    (tmp_path / "train_ser.py").write_text(SCRIPT)
    experiment = Experiment(
        hparams / "quick.yaml", {"output_folder": str(tmp_path / "out")}
    )
    first, second = (System(x, {}, {}, {}) for x in ("first", "second"))
    job = Job(1, 1, ((first, 1.0), (second, 1.0)))
    process = start(run_job, experiment, job, "cpu", "")
    began = tmp_path / "out/run/first/began"
    wait_for(lambda: began.exists() or not process.is_alive())
    send(process, "SIGTERM")
    assert process.exitcode == 143
    assert not (tmp_path / "out/run/second").exists()
    (log,) = tmp_path.rglob("protocol-*.log")
    assert "Ended by SIGTERM" in log.read_text()


@pytest.mark.slow
def test_a_training_that_is_ended_goes_on(start, corpus, tmp_path):
    log, output = tmp_path / "log.txt", tmp_path / "out"
    process = start(run_stage, "stage 1", corpus, output, log)
    wait_for(lambda: list(output.rglob("save/CKPT*")) or not process.is_alive())
    send(process, "SIGTERM")
    assert process.exitcode == 143, log.read_text()[-3000:]
    (folder,) = (x.parent for x in output.rglob("save"))
    assert not (folder / "metrics.json").exists()
    assert "Ended by SIGTERM" in (folder / "log.txt").read_text()
    process = start(run_stage, "stage 1", corpus, output, log)
    process.join(300)
    assert process.exitcode == 0, log.read_text()[-3000:]
    assert read_json(folder / "metrics.json")["epochs"] == 3
    assert "Loading a checkpoint from" in log.read_text()
