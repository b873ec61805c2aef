"""Reference systems: by hand, by slow loops, and on real speech."""

import numpy as np
import pandas as pd
import pytest
from data_prep import prepare_ravdess
from data_prep.manifest import Source, Utterance, read_manifest, write_manifest
from emoclust_lobes.embedding_cache import EmbeddingError
from emoclust_lobes.embedding_parts import Embeddings, add_embeddings
from emoclust_lobes.embeddings import embed_utterances, read_embeddings
from emoclust_lobes.references import (
    Utterances,
    normalise_speakers,
    reference_predictions,
    run_reference,
)
from hypothesis import (
    given,
    settings,
    strategies as st,
)
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score
from sklearn.svm import LinearSVC

CLASSES = ["ang", "hap", "neu", "sad"]
SPEAKERS = {
    "train": ["s1", "s2", "s3"],
    "valid": ["s4"],
    "test": ["s5", "s6"],
}


def clips(n_speakers, n_clips, dim=3, seed=0):
    """Utterances of speakers who each have a place and a spread."""
    random = np.random.default_rng(seed)
    speakers = np.repeat([f"s{x}" for x in range(n_speakers)], n_clips)
    places = random.normal(0, 3, (n_speakers, dim)).repeat(n_clips, axis=0)
    spreads = random.uniform(1, 5, (n_speakers, dim)).repeat(n_clips, axis=0)
    return Utterances(
        np.array([f"{name}_{row}" for row, name in enumerate(speakers)]),
        speakers,
        np.resize(CLASSES, len(speakers)),
        places + spreads * random.normal(size=(len(speakers), dim)),
    )


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
    }


def read_fold(fold, split):
    """The manifest and the vectors of a split, put together by hand."""
    table = read_manifest(
        Source(str(fold["manifest_folder"] / f"{split}.csv"), "data")
    )
    rows = []
    for name in table["ID"]:
        parts = [
            read_embeddings(fold["embedding_folder"], encoder, [name])[0]
            for encoder in fold["encoders"]
        ]
        rows.append(np.concatenate(parts).astype(np.float64))
    return table, np.array(rows)


MODELS = {
    "logistic": lambda C: LogisticRegression(
        C=C, class_weight="balanced", max_iter=2000
    ),
    "svm": lambda C: LinearSVC(
        C=C, class_weight="balanced", max_iter=10000, random_state=0
    ),
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
    options = {**fold, "speaker_normalised": True, "n_enrolled": 5}
    first, first_uar = run_reference(**options)
    second, second_uar = run_reference(**options)
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    assert first_uar == second_uar


@given(
    n_enrolled=st.sampled_from([1, 2, 5, 10]),
    n_clips=st.integers(1, 8),
    prior_weight=st.floats(0.1, 20),
    seed=st.integers(0, 9),
)
@settings(max_examples=30, deadline=None)
def test_enrolment_is_the_formula_over_drawn_clips(
    n_enrolled, n_clips, prior_weight, seed
):
    training, heard = clips(3, 6, seed=seed), clips(2, n_clips, seed=seed + 1)
    found = normalise_speakers(heard, training, n_enrolled, prior_weight, seed)

    # Slow: one sum after another; M, V, and then the draws are searched for.
    own = [
        [x for x, y in zip(training.vectors, training.speakers) if y == name]
        for name in ("s0", "s1", "s2")
    ]
    means = [sum(rows) / len(rows) for rows in own]
    M = sum(means) / 3
    V = sum(
        sum((x - m) ** 2 for x in rows) / len(rows)
        for rows, m in zip(own, means)
    )
    V = V / 3
    for row, vector in enumerate(found.vectors):
        others = [
            x
            for x in range(len(heard.ids))
            if heard.speakers[x] == heard.speakers[row] and x != row
        ]
        drawn = min(n_enrolled, len(others))
        expected = [
            slow_enrolment(heard.vectors, row, chosen, M, V, prior_weight)
            for chosen in combinations(others, drawn)
        ]
        matches = [np.allclose(vector, x, atol=1e-9) for x in expected]
        assert any(matches)


def combinations(values, n):
    """All ways to choose n of the values."""
    if n == 0:
        return [[]]
    return [
        [value, *rest]
        for place, value in enumerate(values)
        for rest in combinations(values[place + 1 :], n - 1)
    ]


def slow_enrolment(vectors, row, chosen, M, V, p):
    """Standardise one vector by chosen clips, dimension by dimension."""
    n, result = len(chosen), []
    for dim, x in enumerate(vectors[row]):
        mean, variance = M[dim], V[dim]
        if n > 0:
            values = [vectors[clip][dim] for clip in chosen]
            m = sum(values) / n
            mean = (p * mean + n * m) / (p + n)
            spread = sum((value - m) ** 2 for value in values)
            variance = (p * variance + spread) / (p + n)
        result.append((x - mean) / variance**0.5)
    return result


def test_more_enrolled_clips_add_to_fewer_and_the_scored_one_is_not_heard():
    training, heard = clips(3, 6), clips(1, 12, seed=5)

    def with_first_moved(distance):
        vectors = heard.vectors.copy()
        vectors[0] += distance
        return heard._replace(vectors=vectors)

    touched = {}
    for n in (0, 2, 5, 11):
        before, after, farther = (
            normalise_speakers(with_first_moved(x), training, n).vectors
            for x in (0, 1000, 2000)
        )
        # In proportion: the scored clip is in no mean and no deviation of its.
        np.testing.assert_allclose(
            farther[0] - before[0], 2 * (after[0] - before[0])
        )
        assert (after[0] - before[0] > 10).all()
        changed = (before != after).any(axis=1)
        touched[n] = set(np.flatnonzero(changed)) - {0}
    assert touched[0] == set()
    assert touched[2] <= touched[5] <= touched[11] == set(range(1, 12))
    assert touched[2] < touched[11]


def test_the_draws_follow_the_seed():
    training, heard = clips(3, 6), clips(2, 12, seed=5)
    one, other = (
        normalise_speakers(heard, training, 3, seed=seed).vectors
        for seed in (1, 2)
    )
    assert (one != other).any(axis=1).mean() > 0.5


@pytest.mark.parametrize("n_enrolled", [None, 3])
def test_a_speaker_is_normalised_by_nobody_elses_utterances(n_enrolled):
    training, heard = clips(3, 6), clips(2, 8, seed=5)
    found = normalise_speakers(heard, training, n_enrolled).vectors
    alone = Utterances(*(column[:8] for column in heard))
    np.testing.assert_array_equal(
        normalise_speakers(alone, training, n_enrolled).vectors, found[:8]
    )


def test_all_clips_bring_every_speaker_to_mean_0_and_deviation_1():
    heard = clips(4, 9)
    found = normalise_speakers(heard, clips(3, 6))
    for name in np.unique(heard.speakers):
        own = found.vectors[heard.speakers == name]
        np.testing.assert_allclose(own.mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(own.std(axis=0), 1)


def test_many_clips_outweigh_the_training_speakers():
    heard = clips(1, 800, seed=3)
    shrunk = normalise_speakers(heard, clips(3, 6), 800, prior_weight=1).vectors
    plain = normalise_speakers(heard, clips(3, 6)).vectors
    assert np.abs(shrunk - plain).max() < 0.05


@pytest.mark.parametrize("n_enrolled", [None, 0, 2])
def test_constant_dimensions_and_single_clips_stay_finite(n_enrolled):
    training, heard = clips(3, 6), clips(3, 1, seed=5)
    training.vectors[:, 0] = heard.vectors[:, 0] = 4.0
    found = normalise_speakers(heard, training, n_enrolled).vectors
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[:, 0], 0, atol=1e-12)


def test_without_enrolled_clips_the_result_is_the_plain_one(fold):
    plain, plain_uar = run_reference(**fold)
    found, uar = run_reference(**fold, speaker_normalised=True, n_enrolled=0)
    assert uar == plain_uar
    assert found["prediction"].equals(plain["prediction"])
    shares = [f"p_{x}" for x in CLASSES]
    np.testing.assert_allclose(found[shares], plain[shares], atol=1e-4)


def test_knowing_the_speaker_helps_where_speakers_lie_apart(fold):
    plain, everything, ten = (
        uar_of(run_reference(**fold, **options)[0])
        for options in (
            {},
            {"speaker_normalised": True},
            {"speaker_normalised": True, "n_enrolled": 10},
        )
    )
    assert everything > plain + 0.1
    assert ten > plain


def test_only_the_labels_of_the_share_are_used(fold, tmp_path):
    table, _ = read_fold(fold, "train")
    share = table["ID"][::3].tolist()
    options = {**fold, "speaker_normalised": True, "n_enrolled": 5}
    found, _ = run_reference(**options, labelled_ids=set(share))

    # Other labels elsewhere change nothing.
    path = fold["manifest_folder"] / "train.csv"
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    raw.loc[~raw["ID"].isin(share), "emotion"] = "neu"
    raw.to_csv(path, index=False)
    again, _ = run_reference(**options, labelled_ids=share)
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
        ({"n_enrolled": 5}, "n_enrolled=5 has no effect"),
        ({"n_enrolled": -1, "speaker_normalised": True}, "found -1"),
        ({"prior_weight": 0, "speaker_normalised": True}, "found None and 0"),
        ({"labelled_ids": ["s1_00", "s9_00"]}, "1 labelled IDs .* s9_00"),
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


def uar_of(table):
    """UAR of predictions of which every class occurs."""
    return recall_score(table["truth"], table["prediction"], average="macro")
