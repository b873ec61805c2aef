"""Curves as runs of Weights & Biases: written by itself, without a network."""

import json
import sys

import pandas as pd
import pytest
from emoclust_lobes.experiment.command_line import Refused

from tests.training.recipe_runs import only


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")


def test_both_stages_leave_their_curves(corpora, short, tmp_path, run_here):
    pytest.importorskip("wandb")
    options = [corpora, tmp_path, *short, "--use_wandb=True"]
    run_here("train_contrastive.py", "ravdess", *options)
    run_here("train_ser.py", "ravdess", *options, "--ser_epochs=2")
    for stage in ("contrastive", "ser_contrastive/labels_1.0"):
        written = only(tmp_path, f"{stage}/wandb/offline*/*.wandb").read_bytes()
        history = pd.read_csv(
            only(tmp_path, f"{stage}/history.csv"), float_precision="round_trip"
        )
        assert b"Going into epoch" not in written  # what a run prints
        assert b"emoclust" in written and stage.encode() in written
        losses = history.filter(like="train_").stack().dropna()
        assert len(losses) >= 1
        for loss in losses:
            assert json.dumps(loss).removesuffix(".0").encode() in written


def test_it_is_not_needed_unless_it_is_asked_for(
    corpora, short, tmp_path, run_here, monkeypatch
):
    monkeypatch.setitem(sys.modules, "wandb", None)
    options = [corpora, tmp_path, *short, "--pretraining=none"]
    with pytest.raises(Refused, match=r"wandb: pip install 'emoclust\[wandb\]"):
        run_here("train_ser.py", "ravdess", *options, "--use_wandb=True")
    assert not list(tmp_path.rglob("save"))
    run_here("train_ser.py", "ravdess", *options)
    assert list(tmp_path.rglob("history.csv"))
