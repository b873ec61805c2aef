"""Reference systems: by hand, what they may learn from, and on real speech."""

import numpy as np
import pandas as pd
import pytest
from data_prep import prepare_ravdess
from data_prep.manifests.manifest import Source, Utterance, write_manifest
from emoclust_lobes.embeddings.cache import EmbeddingError
from emoclust_lobes.embeddings.extraction import embed_utterances
from emoclust_lobes.embeddings.parts import Embeddings
from emoclust_lobes.protocol.baselines import (
    Utterances,
    reference_predictions,
    run_reference,
)
from emoclust_lobes.synthetic.embeddings import add_embeddings
from reference_oracles import CLASSES, MODELS, clips, read_fold, uar_of
from sklearn.metrics import recall_score

SPEAKERS = {
    "train": ["s1", "s2", "s3"],
    "valid": ["s4"],
    "test": ["s5", "s6"],
}


@pytest.fixture
def fold(tmp_path):
    """Arguments of a fold whose emotions shift every speaker's vectors.

    Speakers lie farther apart than emotions do.
    """
    random = np.random.default_rng(1)
    directions = random.normal(0, 1, (len(CLASSES), 8))
    tables, vectors = {}, {}
    for split, speakers in SPEAKERS.items():
        tables[split] = []
        for speaker in speakers:
            place = random.normal(0, 3, 8)
            for number in range(24):
                emotion = number % len(CLASSES)
                row = Utterance(
                    ID=f"{speaker}_{number:02d}",
                    duration=1.0,
                    wav="a.wav",
                    spk_id=speaker,
                    emotion=CLASSES[emotion],
                    label_source="intended",
                )
                tables[split].append(row)
                vectors[row.ID] = (
                    place + directions[emotion] + random.normal(0, 0.7, 8)
                )
    summary = {"classes": CLASSES, "fingerprint": "0"}
    write_manifest(tmp_path / "manifest", tables, summary)
    rows = np.array(list(vectors.values()), dtype=np.float32)
    for name, part in {"one": rows[:, :5], "two": 100 * rows[:, 5:]}.items():
        embeddings = Embeddings(
            {"name": name},
            np.array(list(vectors)),
            np.zeros((len(rows), 4), dtype=np.int64),
            part,
        )
        add_embeddings(tmp_path / "embeddings", embeddings)
    return {
        "manifest_folder": tmp_path / "manifest",
        "data_folder": tmp_path,
        "embedding_folder": tmp_path / "embeddings",
        "encoders": ["one", "two"],
        "classifier": "logistic",
        "C_grid": [0.01, 0.1, 1.0],
        "prior_weight": 2.0,
        "seed": 1986,
    }


@pytest.mark.parametrize("classifier", MODELS)
def test_a_fold_is_scikit_learn_by_hand(fold, classifier):
    train, learn = read_fold(fold, "train")
    valid, choose = read_fold(fold, "valid")
    test, score = read_fold(fold, "test")
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

    predictions, valid_uar = run_reference(**{**fold, "classifier": classifier})
    assert len(set(uars)) > 1
    assert valid_uar == pytest.approx(max(uars))
    assert predictions["ID"].tolist() == test["ID"].tolist()
    assert predictions["truth"].tolist() == test["emotion"].tolist()
    assert predictions["prediction"].tolist() == expected.tolist()
    columns = [f"p_{name}" for name in CLASSES]
    assert predictions.columns.tolist()[3:] == columns
    np.testing.assert_allclose(predictions[columns], shares, atol=1e-9)


def test_probabilities_of_the_logistic_regression_are_its_own():
    split = clips(2, 12)
    found, _ = reference_predictions(
        split, None, split, CLASSES, "logistic", [0.5]
    )
    vectors = split.vectors
    vectors = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)
    model = MODELS["logistic"](0.5).fit(vectors, split.emotions)
    np.testing.assert_allclose(
        found[[f"p_{x}" for x in CLASSES]],
        model.predict_proba(vectors),
        atol=1e-9,
    )


def test_the_same_fold_gives_the_same_bytes(fold):
    options = {**fold, "n_enrolled": 5}
    first, first_uar = run_reference(**options)
    second, second_uar = run_reference(**options)
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    assert first_uar == second_uar


def test_without_enrolled_clips_the_result_is_the_plain_one(fold):
    plain, plain_uar = run_reference(**fold)
    found, uar = run_reference(**fold, n_enrolled=0)
    assert uar == plain_uar
    assert found["prediction"].equals(plain["prediction"])
    shares = [f"p_{x}" for x in CLASSES]
    np.testing.assert_allclose(found[shares], plain[shares], atol=1e-4)


def test_knowing_the_speaker_helps_where_speakers_lie_apart(fold):
    plain, everything, ten = (
        uar_of(run_reference(**fold, **options)[0])
        for options in ({}, {"n_enrolled": "all"}, {"n_enrolled": 10})
    )
    assert everything > plain + 0.1
    assert ten > plain


def test_only_the_labels_of_the_share_are_used(fold, tmp_path):
    table, _ = read_fold(fold, "train")
    share = table["ID"][::3].tolist()
    options = {**fold, "n_enrolled": 5}
    found, _ = run_reference(**options, labeled_ids=set(share))

    # Other labels elsewhere change nothing.
    path = fold["manifest_folder"] / "train.csv"
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    raw.loc[~raw["ID"].isin(share), "emotion"] = "neu"
    raw.to_csv(path, index=False)
    again, _ = run_reference(**options, labeled_ids=share)
    pd.testing.assert_frame_equal(found, again)
    everything, _ = run_reference(**options)
    assert not found["p_ang"].equals(everything["p_ang"])


def test_a_class_without_a_label_has_no_probability():
    split = clips(2, 12)
    known = split.emotions != "hap"
    train = Utterances(*(column[known] for column in split))
    for classifier in MODELS:
        found, _ = reference_predictions(
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
    found, uar = reference_predictions(
        split, split, split, ["sad", "ang"], classifier, [10.0]
    )
    assert uar > 0.9
    assert ((found["p_sad"] > 0.5) == (found["prediction"] == "sad")).all()


def test_of_equally_good_values_the_smallest_c_is_taken():
    split = clips(2, 12)
    split = split._replace(vectors=np.eye(4)[np.arange(24) % 4])
    found, uar = reference_predictions(
        split, split, split, CLASSES, "logistic", [1.0, 0.1]
    )
    smallest, _ = reference_predictions(
        split, None, split, CLASSES, "logistic", [0.1]
    )
    assert uar == 1
    pd.testing.assert_frame_equal(found, smallest)


def test_the_test_split_chooses_nothing(fold):
    first, first_uar = run_reference(**fold)
    path = fold["manifest_folder"] / "test.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table["emotion"] = table["emotion"].to_numpy()[::-1]
    table.to_csv(path, index=False)
    second, second_uar = run_reference(**fold)
    assert first_uar == second_uar
    pd.testing.assert_frame_equal(
        first.drop(columns="truth"), second.drop(columns="truth")
    )


def test_without_development_speakers_there_is_one_c(fold):
    (fold["manifest_folder"] / "valid.csv").unlink()
    with pytest.raises(ValueError, match="C_grid must hold one value"):
        run_reference(**fold)
    found, valid_uar = run_reference(**{**fold, "C_grid": [0.1]})
    assert len(found) == 48
    assert valid_uar is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classifier": "forest"}, "logistic or svm, found 'forest'"),
        ({"C_grid": []}, "C_grid must hold one value"),
        ({"n_enrolled": -1}, "found -1"),
        ({"prior_weight": 0, "n_enrolled": 1}, "found 1 and 0"),
        ({"labeled_ids": ["s1_00", "s9_00"]}, "1 labeled IDs .* s9_00"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(fold, options, message):
    with pytest.raises(ValueError, match=message):
        run_reference(**{**fold, **options})


def test_missing_vectors_are_named(fold):
    with pytest.raises(EmbeddingError, match="three: embed the utt"):
        run_reference(**{**fold, "encoders": ["one", "three"]})


@pytest.mark.slow
def test_campplus_on_ravdess_is_what_was_measured_elsewhere(
    emoclust_data, tmp_path
):
    root, uars, plain_uars = emoclust_data / "ravdess", [], []
    fold = {
        "data_folder": root,
        "embedding_folder": tmp_path,
        "encoders": ["campplus"],
        "classifier": "logistic",
        "C_grid": [0.01],
        "prior_weight": 2.0,
        "seed": 1986,
    }
    for number in range(1, 7):
        fold["manifest_folder"] = tmp_path / f"fold_{number}"
        prepare_ravdess(root, fold["manifest_folder"], number)
        sources = [
            Source(str(fold["manifest_folder"] / f"{split}.csv"), str(root))
            for split in ("train", "valid", "test")
        ]
        embed_utterances(sources, tmp_path, "campplus")
        splits = []
        for split in ("train", "valid", "test"):
            table, vectors = read_fold(fold, split)
            columns = (table[x] for x in ("ID", "spk_id", "emotion"))
            splits.append([*map(np.array, columns), vectors])
        learn = [np.concatenate(pair) for pair in zip(*splits[:2])]
        table, _ = reference_predictions(
            Utterances(*learn),
            None,
            Utterances(*splits[2]),
            sorted(set(table["emotion"])),
            fold["classifier"],
            fold["C_grid"],
        )
        uars.append(uar_of(table))
        plain_uars.append(uar_of(run_reference(**fold)[0]))
    # The measurement had no development speakers and trained on 20 actors.
    assert np.mean(uars) == pytest.approx(0.646, abs=0.005)
    assert np.std(uars) == pytest.approx(0.085, abs=0.005)
    assert np.mean(plain_uars) == pytest.approx(0.646, abs=0.03)
