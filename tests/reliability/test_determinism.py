"""The same seed gives the same bytes, whatever else is different."""

import shutil
import sys

import pytest
import torch
from data_prep.storage.files import read_json
from data_prep.storage.locks import LOCK
from emoclust_lobes.experiment.command_line import Refused
from emoclust_lobes.protocol.scripts import Experiment
from stages import ROOT, TINY, YAML

from tests.data_prep.disk_order import list_backwards

SHORT = {"contrastive_epochs": 2, "ser_epochs": 2, "steps_per_epoch": 3}
RUN_OPTIONS = {"device": "cpu"}
COMPARED = (
    "*/manifest/*",
    "*/clusters/*/clusters.*",
    "*/multitask/metrics.json",
    "*/multitask/history.csv",
    "*/ser_multitask/*/metrics.json",
    "*/ser_multitask/*/history.csv",
    "*/ser_multitask/*/predictions.csv",
)


@pytest.fixture
def run_both(monkeypatch, tmp_path):
    """Function that runs both stages; returns the files that are compared."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)

    def run(data, **changes):
        output = tmp_path / "output"  # one name: it is in some files
        shutil.rmtree(output, ignore_errors=True)
        folders = {"data_folder": str(data), "output_folder": str(output)}
        experiment = Experiment(YAML, {**TINY, **SHORT, **folders, **changes})
        for script in ("train_contrastive.py", "train_ser.py"):
            experiment.run(script, RUN_OPTIONS)
        found = {
            str(path.relative_to(output)): path.read_bytes()
            for pattern in COMPARED
            for path in sorted(output.rglob(f"fold_1/{pattern}"))
            if path.is_file() and path.name not in (LOCK, "digests.json")
        }
        assert len(found) == 12
        weights = next(output.rglob("multitask/embedding_model.ckpt"))
        return found, torch.load(weights, map_location="cpu")

    return run


def assert_same(one, other):
    """Compare all bytes, and the weights of stage 1."""
    assert sorted(one[0]) == sorted(other[0])
    assert [name for name in one[0] if one[0][name] != other[0][name]] == []
    assert one[1].keys() == other[1].keys()
    assert all(torch.equal(one[1][name], other[1][name]) for name in one[1])


def copied_backwards(corpus, target):
    """Copy a corpus, its last file first."""
    for path in sorted(corpus.rglob("*"), reverse=True):
        if path.is_file():
            copy = target / path.relative_to(corpus)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    return target


@pytest.mark.slow
def test_workers_do_not_change_a_byte(run_both, corpus):
    first = run_both(corpus, num_workers=0)
    for workers in (1, 2):
        assert_same(first, run_both(corpus, num_workers=workers))

    # Were it the same with another seed, nothing would be compared.
    other, weights = run_both(corpus, num_workers=0, seed=7)
    assert not torch.equal(
        next(iter(weights.values())), next(iter(first[1].values()))
    )


def test_the_order_on_disk_does_not_change_a_byte(
    run_both, corpus, tmp_path, monkeypatch
):
    first = run_both(corpus, num_workers=0)
    copy = copied_backwards(corpus, tmp_path / "copy")
    with monkeypatch.context() as patch:
        list_backwards(patch)
        assert_same(first, run_both(copy, num_workers=0))


def test_a_script_that_diverges_stops_and_says_on_what(
    run_both, corpus, tmp_path
):
    with pytest.raises(Refused, match="--precision=fp32"):
        run_both(
            corpus,
            num_workers=0,
            contrastive_encoder_lr=1e30,
            contrastive_heads_lr=1e30,
            contrastive_epochs=5,
        )
    (path,) = tmp_path.rglob("multitask/nonfinite.json")
    kept = next(iter(read_json(path).values()))["utterances"]
    clips = {clip.stem for clip in corpus.rglob("*.wav")}
    assert kept and {name.partition("#")[0] for name in kept} <= clips
