"""Predictions and scores of stage 2 against slow and obvious loops."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from data_prep.errors import EmoclustError
from data_prep.storage.files import read_json
from emoclust_lobes.enrolment.draws import draw_enrolled
from emoclust_lobes.enrolment.normalization import SpeakerNormalization
from emoclust_lobes.ser.results import (
    predict_emotions,
    read_predictions,
    score_predictions,
    write_results,
)
from sklearn.metrics import balanced_accuracy_score

CLASSES = ["ang", "hap", "sad"]
IDS = [f"u{number}" for number in range(12)]
SPEAKERS = ["anna", "ben", "cara"] * 4
TRUTH = [0, 1, 2, 2, 1, 0] * 2


@pytest.fixture
def model():
    """Embeddings, a classifier, and a normalization with a prior."""
    torch.manual_seed(1)
    embeddings = torch.randn(12, 4) * 2 + 1
    classifier = torch.nn.Sequential(
        torch.nn.Linear(4, 3), torch.nn.LogSoftmax(dim=-1)
    )
    normalization = SpeakerNormalization(4, prior_weight=2.0, counts=[0])
    normalization.prior_mean.copy_(torch.tensor([1.0, 0.5, 1.0, 1.5]))
    normalization.prior_variance.fill_(3.0)
    return embeddings, classifier, normalization


def predict(model, **changes):
    embeddings, classifier, normalization = model
    return predict_emotions(
        embeddings=embeddings,
        ids=IDS,
        speakers=SPEAKERS,
        truth=TRUTH,
        classes=CLASSES,
        classifier=classifier,
        normalization=normalization,
        seed=5,
        **changes,
    )


def by_hand(model, count):
    """Each utterance's log-probabilities, one utterance at a time."""
    embeddings, classifier, _ = model
    enrolled = dict(draw_enrolled(IDS, SPEAKERS, count, seed=5))
    mean = np.array([1.0, 0.5, 1.0, 1.5])
    rows = []
    for row in range(len(IDS)):
        chosen = enrolled[row]
        clips = embeddings[torch.from_numpy(chosen)].double().numpy()
        n = len(clips)
        center = (clips.sum(axis=0) + 2 * mean) / (n + 2)
        spread = 2 * np.full(4, 3.0)
        if n:
            spread = spread + n * clips.var(axis=0)
        placed = (embeddings[row].numpy() - center) / np.sqrt(spread / (n + 2))
        scores = classifier(torch.tensor(placed, dtype=torch.float32))
        rows.append(scores.tolist())
    return rows


def test_without_enrolment_the_classifier_alone_is_asked(model):
    predictions, loss = predict(model)
    scores = model[1](model[0]).tolist()
    assert predictions["ID"].tolist() == IDS
    assert (predictions["enrolled"] == "").all()
    assert predictions["truth"].tolist() == [CLASSES[x] for x in TRUTH]
    for row, own in zip(predictions.to_dict("records"), scores, strict=True):
        assert row["prediction"] == CLASSES[own.index(max(own))]
        for name, score in zip(CLASSES, own, strict=True):
            assert row[f"p_{name}"] == pytest.approx(math.exp(score))
    expected = [-own[x] for own, x in zip(scores, TRUTH, strict=True)]
    assert loss == pytest.approx(sum(expected) / 12)


def test_with_enrolment_utterances_are_relative_to_their_speakers(model):
    predictions, loss = predict(model, enrolled_counts=[0, 2, "all"])
    assert predictions["enrolled"].unique().tolist() == ["0", "2", "all"]
    for count in (0, 2, "all"):
        rows = predictions[predictions["enrolled"] == str(count)]
        scores = by_hand(model, count)
        found = rows[[f"p_{name}" for name in CLASSES]].to_numpy()
        assert found == pytest.approx(np.exp(scores), rel=1e-4)
    # The loss is that of the last count.
    expected = [-own[x] for own, x in zip(scores, TRUTH, strict=True)]
    assert loss == pytest.approx(sum(expected) / 12, rel=1e-4)


def test_scores_are_told_for_each_number_of_clips_and_left_last(
    model, tmp_path
):
    predictions, _ = predict(model, enrolled_counts=[2, 0])
    scores = score_predictions(predictions, CLASSES)
    write_results(
        folder=tmp_path,
        predictions=predictions,
        classes=CLASSES,
        run={"corpus": "C", "label_source": "intended", "fold": 3},
        training={"epochs": 9},
    )
    metrics = read_json(tmp_path / "metrics.json")
    written = pd.read_csv(tmp_path / "predictions.csv", dtype={"enrolled": str})
    assert list(scores) == ["2", "0"]
    for count, rows in written.groupby("enrolled"):
        uar = balanced_accuracy_score(rows["truth"], rows["prediction"])
        assert scores[count]["uar"] == pytest.approx(uar)
        for score in ("uar", "wa", "macro_f1"):
            told = metrics[f"enrolled_{score}"][count]
            assert told == scores[count][score]
    assert metrics["uar"] == scores["0"]["uar"]
    assert list(metrics)[:3] == ["corpus", "label_source", "fold"]
    assert (metrics["n"], list(metrics)[-1]) == (12, "epochs")
    assert not (tmp_path / "confusion.png").exists()  # without a model


def test_damaged_predictions_are_named_with_what_to_do(model, tmp_path):
    predictions, _ = predict(model, enrolled_counts=[2, 0])
    write_results(
        folder=tmp_path,
        predictions=predictions,
        classes=CLASSES,
        run={"corpus": "C", "label_source": "intended", "fold": 3},
        training={},
    )
    path = tmp_path / "predictions.csv"
    whole = path.read_bytes()
    metrics = read_json(tmp_path / "metrics.json")
    read = read_predictions(tmp_path, metrics)
    assert read["ID"].tolist() == predictions["ID"].tolist()
    lines = whole.splitlines(keepends=True)
    for damaged in (
        whole[: len(whole) // 2],
        b"",
        b"\0\xff\xfe",
        lines[0],
        b"".join(lines[:13]),  # one number of clips is whole
        b"".join(lines[:-1]),
        whole[:-10],
        b"".join([*lines, lines[-1]]),
        whole.replace(b"truth", b"trust"),
        whole.replace(b",ang,", b",angr,"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(
            EmoclustError, match="remove .*metrics.json"
        ) as told:
            read_predictions(tmp_path, metrics)
        assert str(path) in str(told.value)
