"""Baselines: by hand, what they may learn from, and on real speech."""

import itertools

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from emoclust_lobes.embeddings.cache import EmbeddingError
from emoclust_lobes.protocol.baseline_runs import run_baseline
from emoclust_lobes.protocol.baselines import (
    Utterances,
    baseline_predictions,
    normalize_speakers,
)
from hypothesis import given
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score
from sklearn.svm import LinearSVC

from tests.emoclust_lobes.protocol.vectors import read_split

CLASSES = ["ang", "hap", "neu", "sad"]
MODELS = {
    "logistic": lambda C: LogisticRegression(
        C=C, class_weight="balanced", max_iter=2000
    ),
    "svm": lambda C: LinearSVC(
        C=C, class_weight="balanced", max_iter=10000, random_state=0
    ),
}


def clips(n_speakers, n_clips, dim=3, seed=0):
    """Utterances of speakers who each have a place and a width."""
    random = np.random.default_rng(seed)
    speakers = np.repeat([f"s{x}" for x in range(n_speakers)], n_clips)
    places = random.normal(0, 3, (n_speakers, dim)).repeat(n_clips, axis=0)
    widths = random.uniform(1, 5, (n_speakers, dim)).repeat(n_clips, axis=0)
    return Utterances(
        np.array([f"{name}_{row}" for row, name in enumerate(speakers)]),
        speakers,
        np.resize(CLASSES, len(speakers)),
        places + widths * random.normal(size=(len(speakers), dim)),
    )


@given(
    n_enrolled=st.sampled_from([0, 1, 2, 5, 10, "all"]),
    n_clips=st.integers(1, 8),
    prior_weight=st.floats(0.1, 20),
    seed=st.integers(0, 9),
)
def test_enrolment_is_the_formula_over_drawn_clips(
    n_enrolled, n_clips, prior_weight, seed
):
    training, tested = clips(3, 6, seed=seed), clips(2, n_clips, seed=seed + 1)
    found = normalize_speakers(tested, training, n_enrolled, prior_weight, seed)
    own = training.vectors.reshape(3, 6, 3)
    M, V, p = own.mean((0, 1)), own.var(axis=1).mean(axis=0), prior_weight
    for row, vector in enumerate(found.vectors):
        others = np.flatnonzero(tested.speakers == tested.speakers[row])
        others = tested.vectors[others[others != row]]
        n = len(others) if n_enrolled == "all" else n_enrolled
        # Slow: the draws are searched for
        draws = itertools.combinations(others, min(n, len(others)))
        for drawn in map(np.array, draws):
            n = len(drawn)
            m = drawn.mean(axis=0) if n else 0
            v = drawn.var(axis=0) if n else 0
            deviation = np.sqrt((p * V + n * v) / (p + n))
            expected = tested.vectors[row] - (p * M + n * m) / (p + n)
            if np.allclose(vector, expected / deviation, atol=1e-9):
                break
        else:
            pytest.fail("no draw gives this vector")


@pytest.mark.parametrize("n_enrolled", ["all", 0, 2])
def test_constant_dimensions_and_single_clips_stay_finite(n_enrolled):
    training, tested = clips(3, 6), clips(3, 1, seed=5)
    training.vectors[:, 0] = tested.vectors[:, 0] = 4.0
    found = normalize_speakers(tested, training, n_enrolled, 2, 1).vectors
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[:, 0], 0, atol=1e-12)


@pytest.mark.parametrize("classifier", MODELS)
def test_a_fold_is_scikit_learn_by_hand(fold, classifier):
    train, learn = read_split(fold, "train")
    valid, choose = read_split(fold, "valid")
    test, score = read_split(fold, "test")
    mean, deviation = learn.mean(axis=0), learn.std(axis=0)
    models, uars = [], []
    for C in fold["C_grid"]:
        model = MODELS[classifier](C)
        model.fit((learn - mean) / deviation, train["emotion"])
        found = model.predict((choose - mean) / deviation)
        models.append(model)
        uars.append(recall_score(valid["emotion"], found, average="macro"))
    best = models[int(np.argmax(uars))]
    expected = best.predict((score - mean) / deviation)
    scores = best.decision_function((score - mean) / deviation)
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)

    predictions, _, valid_uar = run_baseline(
        **{**fold, "classifier": classifier}
    )
    assert len(set(uars)) > 1
    assert valid_uar == pytest.approx(max(uars))
    assert predictions["ID"].tolist() == test["ID"].tolist()
    assert predictions["truth"].tolist() == test["emotion"].tolist()
    assert predictions["prediction"].tolist() == expected.tolist()
    columns = [f"p_{name}" for name in CLASSES]
    assert predictions.columns.tolist()[3:] == columns
    np.testing.assert_allclose(predictions[columns], shares, atol=1e-9)


def test_only_the_labels_of_the_share_are_used(fold, tmp_path):
    table, _ = read_split(fold, "train")
    share = table["ID"][::3].tolist()
    options = {**fold, "n_enrolled": 5}
    found, *_ = run_baseline(**options, labeled_ids=set(share))

    # Other labels elsewhere change nothing.
    path = fold["manifest_folder"] / "train.csv"
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    raw.loc[~raw["ID"].isin(share), "emotion"] = "neu"
    raw.to_csv(path, index=False)
    again, *_ = run_baseline(**options, labeled_ids=share)
    pd.testing.assert_frame_equal(found, again, check_exact=True)
    everything, *_ = run_baseline(**options)
    assert not found["p_ang"].equals(everything["p_ang"])


def test_a_class_without_a_label_has_no_probability():
    split = clips(2, 12)
    known = split.emotions != "hap"
    train = Utterances(*(column[known] for column in split))
    for classifier in MODELS:
        found, *_ = baseline_predictions(
            train, split, split, CLASSES, classifier, [0.1]
        )
        assert (found["p_hap"] == 0).all()
        assert "hap" not in set(found["prediction"])
        others = found[["p_ang", "p_neu", "p_sad"]].sum(axis=1)
        np.testing.assert_allclose(others, 1)


@pytest.mark.parametrize("classifier", MODELS)
def test_two_classes_are_predicted_by_the_sign(classifier):
    split = clips(2, 12)
    split = split._replace(
        emotions=np.where(split.vectors[:, 0] > 0, "sad", "ang")
    )
    found, chosen_on, uar = baseline_predictions(
        split, split, split, ["sad", "ang"], classifier, [10.0]
    )
    assert uar > 0.9
    assert ((found["p_sad"] > 0.5) == (found["prediction"] == "sad")).all()


def test_of_equally_good_values_the_smallest_c_is_taken():
    split = clips(2, 12)
    split = split._replace(vectors=np.eye(4)[np.arange(24) % 4])
    found, chosen_on, uar = baseline_predictions(
        split, split, split, CLASSES, "logistic", [1.0, 0.1]
    )
    smallest, *_ = baseline_predictions(
        split, None, split, CLASSES, "logistic", [0.1]
    )
    assert uar == 1
    pd.testing.assert_frame_equal(found, smallest)


def test_without_development_speakers_there_is_one_c(fold):
    (fold["manifest_folder"] / "valid.csv").unlink()
    with pytest.raises(ValueError, match="C_grid must hold one value"):
        run_baseline(**fold)
    found, chosen_on, valid_uar = run_baseline(**{**fold, "C_grid": [0.1]})
    assert len(found) == 48
    assert chosen_on is None and valid_uar is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classifier": "forest"}, "logistic or svm, found 'forest'"),
        ({"C_grid": []}, "C_grid must hold one value"),
        ({"n_enrolled": -1}, "found -1"),
        ({"prior_weight": 0, "n_enrolled": 1}, "found 1 and 0"),
        ({"labeled_ids": ["s1_00", "s9_00"]}, "1 labeled IDs .* s9_00"),
        ({"unlabeled": "guess"}, "self_training, found 'guess'"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(fold, options, message):
    with pytest.raises(ValueError, match=message):
        run_baseline(**{**fold, **options})


def test_missing_vectors_are_named(fold):
    with pytest.raises(EmbeddingError, match="three: embed the utt"):
        run_baseline(**{**fold, "encoders": ["one", "three"]})
