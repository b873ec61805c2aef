"""Processes, failures and files of a protocol, with scripts that are quick.

The scripts stand where the training scripts do and leave what those leave;
the real ones run in ``test_command``.
"""

import os
import pathlib
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from data_prep.manifests.manifest import Utterance, write_manifest
from data_prep.storage.files import read_json
from emoclust_lobes.protocol.plan import Job, System
from emoclust_lobes.protocol.runner import run_jobs
from emoclust_lobes.protocol.scripts import Experiment

YAML = """\
seed: 1
fold: 1
data_folder: !PLACEHOLDER
output_folder: !PLACEHOLDER
run_folder: !ref <output_folder>/fold_<fold>/seed_<seed>
manifest_folder: !ref <data_folder>/manifest
cluster_folder: !ref <run_folder>/clusters/ecapa
n_clusters: 4
stage1_name: !ref <pretraining>
pretraining: contrastive
init: !ref <stage1_name>
system: !ref <init>
labels: 1.0
does: work
flag: False
ser:
    folder: !ref <run_folder>/ser_<system>/labels_<labels>
"""
STAGE1 = """\
import pathlib, sys
from emoclust_lobes.experiment.command_line import read_command_line
from hyperpyyaml import load_hyperpyyaml

yaml, options, overrides = read_command_line(sys.argv[1:])
with open(yaml) as stream:
    hparams = load_hyperpyyaml(stream, overrides)
pathlib.Path(hparams["run_folder"], hparams["stage1_name"]).mkdir(parents=True)
"""
STAGE2 = """\
import os, pathlib, signal, sys, time
import pandas
from data_prep.storage.files import write_json
from emoclust_lobes.experiment.command_line import read_command_line
from hyperpyyaml import load_hyperpyyaml

yaml, options, overrides = read_command_line(sys.argv[1:])
with open(yaml) as stream:
    hparams = load_hyperpyyaml(stream, overrides)
folder = pathlib.Path(hparams["ser"]["folder"])
folder.mkdir(parents=True, exist_ok=True)
print("trains", hparams["system"])
begun = time.time()
if hparams["does"] == "fail":
    raise RuntimeError("no voice\\nmore of it")
if hparams["does"] == "exit":
    sys.exit(7)
if hparams["does"] == "die":
    os.kill(os.getpid(), signal.SIGKILL)
if hparams["does"] == "wait":
    (folder / "began").touch()
    time.sleep(3)
    (folder / "went on").touch()
write_json(
    folder / "metrics.json",
    {
        "classes": ["ang", "sad"],
        "n": 2,
        "n_train": 3,
        "valid_uar": None,
        "device": options["device"],
        "flag": hparams["flag"],
        "init": hparams["init"],
        "clusters": pathlib.Path(hparams["cluster_folder"]).name,
    },
)
pandas.DataFrame(
    {
        "ID": ["u1", "u2"],
        "enrolled": ["", ""],
        "truth": ["ang", "sad"],
        "prediction": ["ang", "ang"],
    }
).to_csv(folder / "predictions.csv", index=False)
"""
NONE = System("none", {"pretraining": "none"}, {}, {})


def does(what):
    """A system without a stage 1 whose stage 2 does something."""
    return System(what, {"pretraining": "none"}, {"does": what}, {})


@pytest.fixture
def experiment(tmp_path):
    """A tree with quick scripts, and a manifest of two test utterances."""
    hparams = tmp_path / "tree" / "hparams"
    hparams.mkdir(parents=True)
    (hparams / "quick.yaml").write_text(YAML)
    (hparams.parent / "train_contrastive.py").write_text(STAGE1)
    (hparams.parent / "train_ser.py").write_text(STAGE2)
    utterances = [
        Utterance(
            ID=name, duration=1.0, wav=f"{name}.wav", spk_id="anna", emotion=x
        )
        for name, x in {"u1": "ang", "u2": "sad"}.items()
    ]
    data = tmp_path / "data"
    write_manifest(data / "manifest", {"test": utterances}, {})
    folders = {"data_folder": str(data), "output_folder": str(tmp_path / "out")}
    return Experiment(hparams / "quick.yaml", folders)


@pytest.fixture
def run(experiment, tmp_path):
    """Function that runs jobs; returns what failed."""

    def run_them(*jobs, n_jobs=2, devices=("cpu",)):
        folder = tmp_path / "results"
        return run_jobs(experiment, jobs, folder, n_jobs, devices, "abc")

    return run_them


def runs_in(folder):
    runs = pd.read_csv(folder / "runs.csv", keep_default_na=False)
    return list(runs[["system", "labels", "fold", "seed"]].itertuples(False))


def metrics_of(tmp_path, system):
    (path,) = tmp_path.rglob(f"ser_{system}/*/metrics.json")
    return read_json(path)


def test_runs_leave_rows_and_those_of_one_job_share_a_stage_1(run, tmp_path):
    contrast = {"pretraining": "contrastive"}
    alike = [
        System(x, contrast, {"flag": x == "true"}, {}) for x in ("true", "no")
    ]
    jobs = [Job(1, 1, tuple((x, 1.0) for x in alike))]
    # Stage 1 makes its folder, which can be done once.
    (failure,) = run(*jobs)
    assert failure.startswith("no, labels 1.0, fold 1, seed 1: [Errno 17]")
    jobs = [Job(2, 1, ((NONE, 1.0), (NONE, 0.5))), Job(1, 2, ((NONE, 1.0),))]
    assert run(*jobs) == []
    assert runs_in(tmp_path / "results") == [
        ("none", 0.5, 2, 1),
        ("none", 1.0, 1, 2),
        ("none", 1.0, 2, 1),
        ("true", 1.0, 1, 1),
    ]
    runs = pd.read_csv(tmp_path / "results" / "runs.csv")
    assert (runs["uar"] == 0.5).all() and (runs["commit"] == "abc").all()
    # A setting that is true arrives as such, the next one undisturbed.
    metrics = metrics_of(tmp_path, "true")
    assert (metrics["flag"], metrics["init"]) == (True, "contrastive")


def test_other_clusters_have_a_folder_of_their_own(run, tmp_path):
    changes = {"pretraining": "contrastive", "n_clusters": 14}
    jobs = [
        Job(1, 1, ((System(name, stage1, {}, {}), 1.0),))
        for name, stage1 in {"none": NONE.stage1, "many": changes}.items()
    ]
    assert run(*jobs) == []
    assert metrics_of(tmp_path, "none")["clusters"] == "ecapa"
    found = metrics_of(tmp_path, "many")["clusters"]
    assert found == "ecapa_contrastive-n_clusters_14"


def test_a_failure_is_told_with_its_log_and_stops_nothing_else(run, tmp_path):
    jobs = [
        Job(1, 1, ((does("fail"), 1.0), (does("exit"), 1.0), (NONE, 1.0))),
        Job(2, 1, ((does("die"), 1.0),)),
        Job(3, 1, ((NONE, 1.0),)),
    ]
    failures = "\n".join(run(*jobs)).splitlines()
    log = tmp_path / "out" / "fold_1" / "seed_1" / "protocol-none.log"
    assert sorted(failures) == [
        f"exit, labels 1.0, fold 1, seed 1: 7 (see {log})",
        f"fail, labels 1.0, fold 1, seed 1: no voice (see {log})",
        "fold 2, seed 1, none: its process was ended (SIGKILL)",
    ]
    text = log.read_text()
    # In order: what was printed, why it ended, what came then.
    parts = [
        "trains fail",
        "RuntimeError: no voice",
        "trains exit",
        "trains none",
    ]
    places = [text.index(part) for part in parts]
    assert places == sorted(places) and "Traceback" in text
    assert runs_in(tmp_path / "results") == [
        ("none", 1.0, 1, 1),
        ("none", 1.0, 3, 1),
    ]


def test_a_job_that_cannot_begin_says_why(run, experiment):
    experiment.overrides["no_such_key"] = 1
    (failure,) = run(Job(1, 1, ((NONE, 1.0),)))
    assert failure.startswith("fold 1, seed 1, none: ")
    assert "no_such_key" in failure


def test_a_device_has_its_share_of_the_runs(run, tmp_path):
    jobs = [Job(fold, 1, ((NONE, 1.0),)) for fold in (1, 2, 3, 4)]
    run(*jobs, devices=["cpu", "cpu:0"])
    used = [
        read_json(path)["device"]
        for path in sorted(tmp_path.rglob("labels_1.0/metrics.json"))
    ]
    assert used[:2] == ["cpu", "cpu:0"] and set(used) == {"cpu", "cpu:0"}


PROGRAM = """\
import sys
from emoclust_lobes.protocol.plan import Job, System
from emoclust_lobes.protocol.runner import run_jobs
from emoclust_lobes.protocol.scripts import Experiment

yaml, data, out = sys.argv[1:]
wait = System("wait", {"pretraining": "none"}, {"does": "wait"}, {})
if __name__ == "__main__":
    experiment = Experiment(yaml, {"data_folder": data, "output_folder": out})
    jobs = [Job(1, 1, ((wait, 1.0),))]
    run_jobs(experiment, jobs, f"{out}/results", 1, ["cpu"], "")
"""


@pytest.mark.slow
def test_runs_end_when_what_started_them_is_killed(experiment, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    root = str(pathlib.Path(__file__).parents[3])
    process = subprocess.Popen(
        [
            sys.executable,
            program,
            experiment.yaml,
            *experiment.overrides.values(),
        ],
        env={**os.environ, "PYTHONPATH": root},
        stderr=subprocess.PIPE,
    )
    while process.poll() is None and not list(tmp_path.rglob("began")):
        time.sleep(0.05)
    process.kill()
    assert process.wait() == -signal.SIGKILL, process.stderr.read().decode()
    time.sleep(4)
    assert not list(tmp_path.rglob("went on"))
