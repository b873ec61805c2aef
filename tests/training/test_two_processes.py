"""Both stages on two processes, and one that takes over from them."""

import os
import subprocess

import pandas as pd
import pytest
import torch
from data_prep.storage.files import read_json

from tests.training.recipe_runs import ROOT, command

pytestmark = pytest.mark.slow

OPTIONS = [
    "--contrastive_epochs=1",
    "--ser_epochs=1",
    "--ser_batch_size=20",
    "--enrolment=True",
    "--enrolled_counts=[2]",
    "--ser_contrastive_weight=0.3",
]


@pytest.fixture
def on_one(run_here, corpora, tmp_path):
    """Function that runs a script in this process."""
    return lambda script: run_here(
        script, "ravdess", corpora, tmp_path, *OPTIONS
    )


@pytest.fixture
def on_two(corpora, tmp_path):
    """Function that runs a script on two processes."""

    def run(script):
        python, *words = command(script, "ravdess", corpora, tmp_path, *OPTIONS)
        launcher = [python, "-m", "torch.distributed.run"]
        launcher += ["--standalone", "--nproc_per_node=2"]
        done = subprocess.run(
            [*launcher, *words, "--distributed_backend=gloo"],
            cwd=ROOT,
            # As many as here: sums over threads are rounded differently
            env={**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-3000:]

    return run


def test_both_stages_run_on_two_processes(on_one, on_two, tmp_path, capfd):
    on_two("train_contrastive.py")
    (stage1,) = tmp_path.rglob("contrastive/metrics.json")
    history = pd.read_csv(stage1.parent / "history.csv")
    assert history["epoch"].tolist() == [0, 1]
    # Of two processes with up to 2 speakers x 3 clusters x 3 utterances.
    assert 18 < history["train_anchors"].iloc[-1] <= 36
    assert 0 < read_json(stage1)["cluster_auc"] < 1
    on_one("train_contrastive.py")
    assert "Trained before" in "".join(capfd.readouterr())

    on_two("train_ser.py")
    (stage2,) = tmp_path.rglob("labels_1.0/metrics.json")
    metrics = read_json(stage2)
    table = stage2.with_name("predictions.csv")
    (test,) = tmp_path.rglob("manifest/test.csv")
    ids = pd.read_csv(test)["ID"].tolist()
    assert pd.read_csv(table)["ID"].tolist() == ids
    assert metrics["n"] == len(ids)

    # One process takes over from the two, and tests their model to the same
    # numbers.
    predictions = table.read_bytes()
    stage2.unlink()
    table.unlink()
    on_one("train_ser.py")
    assert metrics["n_processes"] == 2
    assert read_json(stage2) == {**metrics, "n_processes": 1}
    assert table.read_bytes() == predictions
