"""Votes and ratings, from the corpus to a model that is loaded and asked."""

import shutil

import numpy as np
import pandas as pd
import pytest
from data_prep import vote_counts
from data_prep.storage.files import read_json
from emoclust_lobes.evaluation.dimensions import concordance
from emoclust_lobes.experiment.command_line import Refused
from emoclust_lobes.predict import PredictError
from emoclust_lobes.predict.predictor import Predictor
from emoclust_lobes.synthetic import make_msp_podcast
from scipy.spatial.distance import jensenshannon

from tests.training.recipe_runs import SHORT, only


@pytest.fixture(scope="module")
def rated(corpora, tmp_path_factory):
    """Corpora with an MSP-Podcast, and those that there are."""
    folder = tmp_path_factory.mktemp("rated")
    make_msp_podcast(folder / "msp")
    (folder / "iemocap").symlink_to(corpora / "iemocap")
    (folder / "cremad").symlink_to(corpora / "cremad")
    return folder


def check_votes(metrics, rows):
    """Compare the scores of a run with its own predictions."""
    classes = metrics["classes"]
    counts = vote_counts(rows["votes"], classes)
    shares = counts / counts.sum(axis=1, keepdims=True)
    chances = rows[[f"p_{name}" for name in classes]].to_numpy()
    js = jensenshannon(shares, chances, base=2, axis=1) ** 2
    assert metrics["js"] == pytest.approx(js.mean(), abs=1e-4)
    first = counts.max(axis=1, keepdims=True) == counts
    truth = np.where(
        first.sum(axis=1) == 1, np.array(classes)[first.argmax(axis=1)], ""
    )
    assert rows["truth"].fillna("").tolist() == truth.tolist()
    assert metrics["without_plurality"] == (truth == "").sum()
    # The prediction is the first class with the weights of the classes
    weighed = chances * metrics["class_weights"]
    assert (
        rows["prediction"].tolist()
        == np.array(classes)[weighed.argmax(axis=1)].tolist()
    )
    return classes


@pytest.mark.parametrize(
    "corpus",
    [
        pytest.param("iemocap", marks=pytest.mark.slow),
        pytest.param("msp_podcast", marks=pytest.mark.slow),
    ],
)
def test_votes_and_dimensions_are_learned_together(
    corpus, rated, tmp_path, run_here
):
    # Both stages of one, the second alone of the other
    options = [*SHORT, "--target=both", "--eval_batch_size=1"]
    if corpus == "iemocap":
        run_here("train_contrastive.py", corpus, rated, tmp_path, *options)
    else:
        options.append("--pretraining=none")
    run_here("train_ser.py", corpus, rated, tmp_path, *options)
    folder = only(tmp_path, "ser_*/labels_1.0/metrics.json").parent
    metrics = read_json(folder / "metrics.json")
    rows = pd.read_csv(folder / "predictions.csv")
    check_votes(metrics, rows)
    dimensions = ["arousal", "valence", "dominance"]
    for name in dimensions:
        found = concordance(rows[name], rows[f"predicted_{name}"])
        assert metrics["ccc"][name] == pytest.approx(found, abs=1e-3)
    mean = np.mean(list(metrics["ccc"].values()))
    assert metrics["mean_ccc"] == pytest.approx(mean)
    joint = (1 - metrics["js"] + mean) / 2
    assert metrics["joint"] == pytest.approx(joint)
    history = pd.read_csv(folder / "history.csv")
    assert (history["train_dimensions_loss"] > 0).all()
    assert metrics["valid_js"] == pytest.approx(
        history["valid_js"][metrics["best_epoch"] - 1]
    )
    # The model says of a file what the test has found
    predictor = Predictor(folder / "inference", window=60, hop=60)
    test = pd.read_csv(only(tmp_path, "manifest/test.csv"), dtype=str)
    whole = test[test["start"].fillna("0").astype(float) == 0]
    row = rows.set_index("ID").loc[whole["ID"].iloc[0]]
    wav = (
        whole["wav"]
        .iloc[0]
        .replace("$data_root", str(rated / corpus.partition("_")[0]))
    )
    told = predictor.predict_file(wav)
    for name in dimensions:
        expected = row[f"predicted_{name}"]
        assert told.dimensions[name] == pytest.approx(expected, abs=1e-3)
    temperature = metrics["calibration"]["temperature"]
    chances = row[[f"p_{name}" for name in metrics["classes"]]]
    chances = chances.to_numpy(float) ** (1 / temperature)
    found = list(told.probabilities.values())
    assert found == pytest.approx(chances / chances.sum(), abs=1e-3)
    assert told.emotion == row["prediction"]


@pytest.mark.slow
def test_dimensions_alone_have_no_classes(rated, tmp_path, run_here):
    options = [*SHORT, "--target=dimensions", "--pretraining=none"]
    run_here("train_ser.py", "iemocap", rated, tmp_path, *options)
    folder = only(tmp_path, "ser_none/labels_1.0/metrics.json").parent
    metrics = read_json(folder / "metrics.json")
    assert "uar" not in metrics and metrics["classes"] == []
    predictor = Predictor(folder / "inference")
    wav = sorted((rated / "iemocap").rglob("*.wav"))[0]
    told = predictor.predict_file(wav)
    assert (told.emotion, told.probabilities) == ("", {})
    assert all(1 <= x <= 5 for x in told.dimensions.values())
    with pytest.raises(PredictError, match="knows no emotions"):
        predictor.need_classes("--segments")
    # It is done, and says so
    run_here("train_ser.py", "iemocap", rated, tmp_path, *options)


def test_a_distribution_is_learned_of_voters(rated, tmp_path, run_here):
    options = [*SHORT, "--target=distribution", "--pretraining=none"]
    run_here("train_ser.py", "cremad", rated, tmp_path, *options)
    folder = only(tmp_path, "ser_none/labels_1.0/metrics.json").parent
    metrics = read_json(folder / "metrics.json")
    rows = pd.read_csv(folder / "predictions.csv")
    check_votes(metrics, rows)
    assert metrics["n_voted"] == len(rows)
    assert metrics["n"] == len(rows) - metrics["without_plurality"]
    card = (folder / "inference/README.md").read_text()
    assert "annotators' votes as a distribution" in card


def test_what_a_corpus_lacks_is_told(rated, tmp_path, run_here, capsys):
    with pytest.raises((Refused, SystemExit)):
        run_here(
            *("train_ser.py", "cremad", rated, tmp_path, *SHORT),
            *("--target=both", "--pretraining=none"),
        )
    assert "needs them: choose class or distribution" in capsys.readouterr().err
    shutil.rmtree(tmp_path)
