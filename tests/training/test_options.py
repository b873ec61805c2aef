"""What options change in a training, from the command line."""

import functools

import pandas as pd
import pytest
import torch
from data_prep.storage.files import read_json
from emoclust_lobes.experiment.command_line import Refused
from sklearn.metrics import balanced_accuracy_score

from tests.training.recipe_runs import only, run_inside


@pytest.fixture(scope="module")
def loss_of(corpora, short, tmp_path_factory):
    """Function that gives the loss of a stage 1 of one epoch with options."""

    @functools.cache
    def train(*options):
        folder = tmp_path_factory.mktemp("losses")
        with pytest.MonkeyPatch.context() as monkeypatch:
            options = [corpora, folder, *short, *options]
            run_inside(monkeypatch, "train_contrastive.py", "ravdess", *options)
        history = pd.read_csv(only(folder, "contrastive/history.csv"))
        return history["train_loss"].iloc[-1]

    return train


@pytest.mark.parametrize(
    "option",
    [
        "--negatives=all",
        "--positives_elsewhere=sentence",
        "--cluster_noise=0.5",
    ],
)
def test_an_option_of_the_contrast_changes_it(option, loss_of):
    assert 0 < loss_of(option) < 20
    assert loss_of(option) != loss_of()


def test_aligned_clusters_need_a_number(loss_of):
    with pytest.raises(Refused, match="found n_clusters='silhouette'"):
        loss_of("--pretraining=aligned", "--n_clusters=silhouette")


def test_the_contrast_goes_on_beside_few_labels(
    corpora, short, tmp_path, run_here
):
    options = [corpora, tmp_path, *short]
    run_here("train_contrastive.py", "ravdess", *options)
    joint = ["--ser_contrastive_weight=0.3", "--labels=0.5", "--system=joint"]
    run_here("train_ser.py", "ravdess", *options, *joint)
    folder = only(tmp_path, "ser_joint/labels_0.5/metrics.json").parent
    history = pd.read_csv(folder / "history.csv")
    assert (history["train_contrastive_loss"] > 0).all()
    assert (history["train_anchors"] > 0).all()
    metrics = read_json(folder / "metrics.json")
    train = pd.read_csv(corpora / "shared/manifest/train.csv")
    kept = train.groupby("emotion").size() / 2
    assert metrics["n_train"] == kept.round().sum()
    assert (metrics["system"], metrics["init"]) == ("joint", "contrastive")


def test_labels_spread_over_the_clusters(corpora, short, tmp_path, run_here):
    options = [
        *short,
        "--labels=0.2",
        "--init=none",
        "--ser_propagate_labels=True",
    ]
    run_here("train_ser.py", "ravdess", corpora, tmp_path, *options)
    folder = only(tmp_path, "labels_0.2/metrics.json").parent
    train = pd.read_csv(corpora / "shared/manifest/train.csv", dtype=str)
    metrics = read_json(folder / "metrics.json")
    n_labeled, n_propagated = metrics["n_train"], metrics["n_propagated"]
    kept = (train.groupby("emotion").size() / 5).round().clip(lower=1)
    assert n_labeled == kept.sum()
    assert 0 < n_propagated <= len(train) - n_labeled
    with pytest.raises(Refused, match="pretraining=none .* no clusters"):
        run_here(
            "train_ser.py",
            "ravdess",
            corpora,
            tmp_path,
            *options,
            "--pretraining=none",
        )


def test_speakers_are_enrolled_with_more_and_more_clips(
    corpora, short, tmp_path, run_here
):
    options = [*short, "--pretraining=none", "--enrolment=True"]
    counts = "--enrolled_counts=[0, 2, all]"
    run_here("train_ser.py", "ravdess", corpora, tmp_path, *options, counts)
    folder = only(tmp_path, "ser_none/labels_1.0/metrics.json").parent
    metrics = read_json(folder / "metrics.json")
    predictions = pd.read_csv(folder / "predictions.csv", dtype=str)
    test = pd.read_csv(corpora / "shared/manifest/test.csv", dtype=str)
    counts = ["0", "2", "all"]
    assert predictions["enrolled"].unique().tolist() == counts
    assert list(metrics["enrolled_uar"]) == counts
    for count, rows in predictions.groupby("enrolled"):
        assert rows["ID"].tolist() == test["ID"].tolist()
        assert metrics["enrolled_uar"][count] == pytest.approx(
            balanced_accuracy_score(rows["truth"], rows["prediction"])
        )
    assert metrics["uar"] == metrics["enrolled_uar"]["all"]
    assert metrics["n"] == len(test)
    # The clips tell something: the probabilities depend on them.
    ways = predictions.set_index(["enrolled", "ID"]).filter(like="p_")
    assert not ways.loc["0"].equals(ways.loc["2"])
    assert not ways.loc["2"].equals(ways.loc["all"])


def test_a_frozen_encoder_stays_as_it_is(corpora, short, tmp_path, run_here):
    def train(script, *options):
        run_here(script, "ravdess", corpora, tmp_path, *short, *options)

    train("train_contrastive.py")
    frozen = ["--freeze_encoder=True", "--ser_speaker_weight=0"]
    train("train_ser.py", *frozen, "--class_balance=none")
    before = torch.load(only(tmp_path, "contrastive/embedding_model.ckpt"))
    checkpoints = only(tmp_path, "ser_contrastive").rglob("embedding_model.*")
    (checkpoint,) = checkpoints
    after = torch.load(checkpoint)
    # BatchNorm's statistics are among them.
    assert any("running_mean" in name for name in after)
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_classes_are_balanced_by_sampling_too(
    corpora, short, tmp_path, run_here
):
    options = [*short, "--pretraining=none", "--class_balance=sampling"]
    run_here("train_ser.py", "ravdess", corpora, tmp_path, *options)
    assert only(tmp_path, "ser_none/labels_1.0/metrics.json")
    with pytest.raises(Refused, match="one of weights, sampling, none"):
        options[-1] = "--class_balance=magic"
        run_here("train_ser.py", "ravdess", corpora, tmp_path / "b", *options)
