"""The recipes from end to end, through the command line as a user types it.

The corpora are synthetic miniatures and the models tiny: what is tested is
that everything runs, resumes and adds up, not how well it recognizes.
"""

import pandas as pd
import pytest
from data_prep.storage.files import read_json
from emoclust_lobes.contrast.variants import VARIANTS
from emoclust_lobes.experiment.command_line import Refused
from emoclust_lobes.training.seen_speakers import read_seen_speakers
from sklearn.metrics import balanced_accuracy_score

from tests.training.recipe_runs import SHORT, only, run


@pytest.mark.parametrize(
    "corpus",
    ["cremad", "iemocap", pytest.param("ravdess", marks=pytest.mark.slow)],
)
def test_both_stages_run_from_corpus_to_uar(
    corpus, corpora, tmp_path, run_here
):
    # As a user does, once
    start = run if corpus == "ravdess" else run_here
    start("train_contrastive.py", corpus, corpora, tmp_path, "--fold=2")
    start("train_ser.py", corpus, corpora, tmp_path, "--fold=2")
    stage1 = only(tmp_path, "contrastive/metrics.json").parent
    stage2 = only(tmp_path, "ser_contrastive/labels_1.0/metrics.json").parent
    manifest = stage1.parent / "manifest"

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
    test = pd.read_csv(manifest / "test.csv", dtype=str)
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
    train = pd.read_csv(manifest / "train.csv", dtype=str)
    known = {
        "fold": 2,
        "system": "contrastive",
        "init": "contrastive",
        "labels": 1.0,
        "n": len(test),
        "n_train": len(train),
        "enrolled_uar": {},
        "enrolled_wa": {},
        "enrolled_macro_f1": {},
    }
    assert {name: metrics[name] for name in known} == known

    # Its epochs tell how sure it is of the truth, and which was the best.
    history = pd.read_csv(
        stage2 / "history.csv", index_col="epoch", float_precision="round_trip"
    )
    assert (history["valid_emotion_loss"] > 0).all()
    best = history.loc[metrics["best_epoch"], "valid_uar"]
    assert best == metrics["valid_uar"] == history["valid_uar"].max()
    assert "valid emotion_loss: " in (stage2 / "train_log.txt").read_text()

    # What a person looks at is there.
    for name in ("confusion.png", "learning_curves.png", "train_log.txt"):
        assert (stage2 / name).stat().st_size > 0
    for folder in (stage1, stage2):
        assert any((folder / "tensorboard").iterdir())

    # Stage 1 has seen no test speaker; development speakers chose its epoch.
    heard = read_seen_speakers(stage1)
    valid = pd.read_csv(manifest / "valid.csv", dtype=str)
    name = read_json(manifest / "manifest.json")["corpus"]
    known = {*train["spk_id"], *valid["spk_id"]}
    assert heard == {f"{name}/{x}" for x in known}
    assert not known & set(test["spk_id"])


@pytest.mark.parametrize("pretraining", [*VARIANTS, "none"])
def test_every_pretraining_runs(
    pretraining, corpora, short, tmp_path, run_here
):
    options = [corpora, tmp_path, *short, f"--pretraining={pretraining}"]
    run_here("train_contrastive.py", "ravdess", *options)
    run_here("train_ser.py", "ravdess", *options)
    metrics = read_json(
        only(tmp_path, f"ser_{pretraining}/labels_1.0/metrics.json")
    )
    assert metrics["system"] == metrics["init"] == pretraining
    if pretraining == "none":
        assert not list(tmp_path.rglob("none/*"))  # of a stage 1
        return
    stage1 = only(tmp_path, f"{pretraining}/history.csv")
    losses = {
        column.removeprefix("train_")
        for column in pd.read_csv(stage1)
        if column.endswith("_loss") and column != "train_loss"
    }
    variant = VARIANTS[pretraining]
    assert ("contrastive_loss" in losses) == variant.contrastive
    assert ("speaker_loss" in losses) == bool(variant.speaker)
    assert ("distillation_loss" in losses) == variant.distils


def test_unlabeled_pools_join_or_replace_the_training_speakers(
    corpora, tmp_path, run_here
):
    options = [corpora, tmp_path, *SHORT]
    pools = f"--pools=[own, {corpora / 'pool'}]"
    run_here("train_contrastive.py", "ravdess", *options, pools)
    heard = read_seen_speakers(only(tmp_path, "contrastive/save").parent)
    assert sum(name.startswith("pool/") for name in heard) == 3
    assert any(name.startswith("RAVDESS/Actor_") for name in heard)
    with pytest.raises(Refused, match="now pools"):
        run_here("train_contrastive.py", "ravdess", *options)


def test_without_development_data_the_last_epoch_is_tested(
    corpora, tmp_path, run_here
):
    options = [corpora, tmp_path, "--protocol=sessions-nodev"]
    run_here("train_contrastive.py", "iemocap", *options)
    run_here("train_ser.py", "iemocap", *options)
    stage1 = read_json(only(tmp_path, "contrastive/metrics.json"))
    stage2 = read_json(
        only(tmp_path, "ser_contrastive/labels_1.0/metrics.json")
    )
    assert (stage1["best_epoch"], stage1["cluster_auc"]) == (3, None)
    assert (stage2["best_epoch"], stage2["valid_uar"]) == (3, None)


def test_stage_2_without_stage_1_says_what_to_do(
    corpora, short, tmp_path, run_here
):
    with pytest.raises(Refused, match="Run train_contrastive.py"):
        run_here("train_ser.py", "ravdess", corpora, tmp_path, *short)


def test_weights_of_another_fold_are_refused(
    corpora, short, tmp_path, run_here
):
    run_here("train_contrastive.py", "ravdess", corpora, tmp_path, *short)
    other = only(tmp_path, "contrastive/embedding_model.ckpt").parent
    options = [*SHORT, "--fold=3", f"--init={other}"]
    with pytest.raises(Refused, match="of the test speakers"):
        run_here("train_ser.py", "ravdess", corpora, tmp_path, *options)


def test_a_debugging_run_leaves_no_result(corpora, short, tmp_path, run_here):
    options = [corpora, tmp_path, *short, "--debug"]
    run_here("train_contrastive.py", "ravdess", *options)
    run_here("train_ser.py", "ravdess", *options, "--pretraining=none")
    assert not list(tmp_path.rglob("metrics.json"))
    assert not list(tmp_path.rglob("*.ckpt"))
