"""The recipes from end to end, through the command line as a user types it.

The corpora are synthetic miniatures and the models tiny: what is tested is
that everything runs, resumes and adds up, not how well it recognizes.
"""

import pathlib
import runpy
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
import torch
from emoclust_lobes.experiment import ChangedRunError
from emoclust_lobes.files import read_json
from emoclust_lobes.testing import (
    make_cremad,
    make_iemocap,
    make_pool,
    make_ravdess,
)
from sklearn.metrics import balanced_accuracy_score

ROOT = pathlib.Path(__file__).parents[1]
MAKERS = {
    "cremad": (make_cremad, {"n_speakers": 5, "n_sentences": 3}),
    "iemocap": (make_iemocap, {"n_per_emotion": 4, "n_outside": 1}),
    "ravdess": (make_ravdess, {"n_speakers": 6, "n_repetitions": 1}),
}
TINY = [
    "--expect_complete=False",
    "--speaker_encoder=stats",
    "--n_clusters=3",
    "--ecapa_channels=16",
    "--attention_channels=8",
    "--embedding_size=16",
    "--contrastive_epochs=3",
    "--steps_per_epoch=4",
    "--speakers_per_batch=2",
    "--ser_epochs=3",
    "--ser_batch_size=16",
    "--num_workers=0",
    "--device=cpu",
    "--noprogressbar",
]


@pytest.fixture(scope="session")
def corpora(tmp_path_factory):
    """Folder with a miniature tree of each corpus, and a pool."""
    folder = tmp_path_factory.mktemp("corpora")
    for name, (make, arguments) in MAKERS.items():
        make(folder / name, **arguments)
    make_pool(folder / "pool", n_speakers=3, n_sessions=1, n_utterances=8)
    return folder


def command(script, corpus, corpora, output, *options):
    """Return the command line of a script; the last word on a key counts."""
    keys = {option.split("=")[0]: option for option in [*TINY, *options]}
    return [
        sys.executable,
        script,
        f"hparams/{corpus}.yaml",
        f"--data_folder={corpora / corpus}",
        f"--output_folder={output}",
        *keys.values(),
    ]


def run(*arguments):
    """Run a script as a user does, from the repository's root."""
    done = subprocess.run(
        command(*arguments), cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture
def run_here(monkeypatch):
    """Run a script in this process, where a new one would prove no more."""

    def run_script(*arguments):
        script, *options = command(*arguments)[1:]
        monkeypatch.chdir(ROOT)
        monkeypatch.setattr(sys, "argv", [script, *options])
        monkeypatch.setattr(sys, "excepthook", sys.excepthook)
        runpy.run_path(str(ROOT / script), run_name="__main__")

    return run_script


def only(folder, pattern):
    """Return the one path below a folder that matches."""
    (path,) = sorted(folder.rglob(pattern))
    return path


@pytest.mark.parametrize("corpus", sorted(MAKERS))
def test_both_stages_run_from_corpus_to_uar(corpus, corpora, tmp_path):
    run("train_contrastive.py", corpus, corpora, tmp_path, "--fold=2")
    run("train_ser.py", corpus, corpora, tmp_path, "--fold=2")
    stage1 = only(tmp_path, "contrastive/metrics.json").parent
    stage2 = only(tmp_path, "ser_contrastive/metrics.json").parent

    # Stage 1 has measured itself on development speakers, before and after.
    metrics = read_json(stage1 / "metrics.json")
    assert 0 < metrics["cluster_auc_untrained"] < 1
    assert 0 < metrics["cluster_auc"] < 1
    history = pd.read_csv(stage1 / "history.csv")
    assert history["epoch"].tolist() == [0, 1, 2, 3]
    assert (history["train_anchors"].dropna() > 0).all()

    # The numbers of stage 2 follow from its predictions.
    metrics = read_json(stage2 / "metrics.json")
    predictions = pd.read_csv(stage2 / "predictions.csv")
    test = pd.read_csv(stage2.parent / "manifest" / "test.csv", dtype=str)
    assert metrics["uar"] == pytest.approx(
        balanced_accuracy_score(predictions["truth"], predictions["prediction"])
    )
    assert predictions["ID"].tolist() == test["ID"].tolist()
    assert predictions["truth"].tolist() == test["emotion"].tolist()
    columns = [f"p_{name}" for name in metrics["classes"]]
    probabilities = predictions[columns]
    assert probabilities.sum(axis=1).to_numpy() == pytest.approx(1, abs=1e-4)
    chosen = probabilities.idxmax(axis=1).str.removeprefix("p_")
    assert chosen.tolist() == predictions["prediction"].tolist()
    assert metrics["fold"] == 2
    assert metrics["init"] == "contrastive"
    assert metrics["n"] == len(test)

    # What a person looks at is there.
    for name in ("confusion.png", "learning_curves.png", "train_log.txt"):
        assert (stage2 / name).stat().st_size > 0
    for folder in (stage1, stage2):
        assert any((folder / "tensorboard").iterdir())

    # No test speaker was heard by either stage.
    heard = set((stage1 / "speakers.txt").read_text().splitlines())
    train = pd.read_csv(stage2.parent / "manifest" / "train.csv", dtype=str)
    assert heard == set(train["spk_id"])
    assert not heard & set(test["spk_id"])


def test_every_variant_of_the_stages_runs(corpora, tmp_path, run_here):
    def train(script, *options):
        run_here(script, "ravdess", corpora, tmp_path, *options)

    train("train_contrastive.py", "--pretraining=multitask")
    train("train_ser.py", "--init=multitask", "--class_balance=sampling")
    frozen = only(tmp_path, "ser_multitask/metrics.json")
    assert read_json(frozen)["init"] == "multitask"
    train("train_contrastive.py", "--pretraining=speaker")
    train(
        "train_ser.py",
        "--init=speaker",
        "--freeze_encoder=True",
        "--ser_speaker_weight=0",
        "--class_balance=none",
    )
    before = torch.load(only(tmp_path, "speaker/embedding_model.ckpt"))
    run_folder = only(tmp_path, "ser_speaker")
    checkpoints = list(run_folder.rglob("embedding_model.ckpt"))
    assert checkpoints
    for checkpoint in checkpoints:
        after = torch.load(checkpoint)
        # BatchNorm's statistics are among them.
        assert any("running_mean" in name for name in after)
        assert all(torch.equal(after[name], before[name]) for name in before)


def test_unlabelled_pools_join_or_replace_the_training_speakers(
    corpora, tmp_path, run_here
):
    pools = f"--pools=[own, {corpora / 'pool'}]"
    run_here("train_contrastive.py", "ravdess", corpora, tmp_path, pools)
    heard = only(tmp_path, "contrastive/speakers.txt").read_text().splitlines()
    assert sum(name.startswith("pool/") for name in heard) == 3
    assert any(name.startswith("Actor_") for name in heard)
    with pytest.raises(ChangedRunError, match="now pools"):
        run_here("train_contrastive.py", "ravdess", corpora, tmp_path)


def test_without_development_data_the_last_epoch_is_tested(
    corpora, tmp_path, run_here
):
    options = [corpora, tmp_path, "--protocol=sessions-nodev"]
    run_here("train_contrastive.py", "iemocap", *options)
    run_here("train_ser.py", "iemocap", *options)
    stage1 = read_json(only(tmp_path, "contrastive/metrics.json"))
    stage2 = read_json(only(tmp_path, "ser_contrastive/metrics.json"))
    assert (stage1["best_epoch"], stage1["cluster_auc"]) == (3, None)
    assert (stage2["best_epoch"], stage2["valid_uar"]) == (3, None)


def test_stage_2_without_stage_1_says_what_to_do(corpora, tmp_path, run_here):
    with pytest.raises(FileNotFoundError, match="Run train_contrastive.py"):
        run_here("train_ser.py", "ravdess", corpora, tmp_path)


def test_weights_of_another_fold_are_refused(corpora, tmp_path, run_here):
    run_here("train_contrastive.py", "ravdess", corpora, tmp_path)
    other = only(tmp_path, "contrastive/embedding_model.ckpt").parent
    options = ["--fold=3", f"--init={other}"]
    with pytest.raises(ValueError, match="of the test speakers"):
        run_here("train_ser.py", "ravdess", corpora, tmp_path, *options)


def test_a_debugging_run_leaves_no_result(corpora, tmp_path, run_here):
    run_here("train_contrastive.py", "ravdess", corpora, tmp_path, "--debug")
    options = ["--init=scratch", "--debug"]
    run_here("train_ser.py", "ravdess", corpora, tmp_path, *options)
    assert not list(tmp_path.rglob("metrics.json"))
    assert not list(tmp_path.rglob("*.ckpt"))


def test_a_finished_test_is_not_repeated(corpora, tmp_path, run_here):
    arguments = ["train_ser.py", "ravdess", corpora, tmp_path, "--init=scratch"]
    run_here(*arguments)
    metrics = only(tmp_path, "ser_scratch/metrics.json")
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


def first_epoch_logged(folder):
    return any(
        "epoch: 1," in p.read_text() for p in folder.rglob("train_log.*")
    )


def saved_inside_the_second_epoch(folder):
    metas = [p.read_text() for p in folder.rglob("CKPT.yaml")]
    return first_epoch_logged(folder) and any("intra" in m for m in metas)


@pytest.mark.parametrize(
    "script, options, ready, outcome",
    [
        (
            "train_contrastive.py",
            ["--pretraining=multitask", "--steps_per_epoch=12"],
            first_epoch_logged,
            "multitask",
        ),
        (
            "train_contrastive.py",
            ["--steps_per_epoch=20", "--ckpt_interval_steps=6"],
            saved_inside_the_second_epoch,
            "contrastive",
        ),
        (
            "train_ser.py",
            ["--init=scratch"],
            first_epoch_logged,
            "ser_scratch",
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
    for name in ("metrics.json", "history.csv"):
        assert (
            only(killed, f"{outcome}/{name}").read_bytes()
            == only(whole, f"{outcome}/{name}").read_bytes()
        )
