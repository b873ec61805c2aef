"""Baselines with unlabeled training speech: by hand, and what they learn."""

import numpy as np
import pandas as pd
import pytest
from data_prep.manifests.manifest import Source, read_manifest
from emoclust_lobes.protocol import baseline_runs
from emoclust_lobes.protocol.baseline_runs import run_baseline
from emoclust_lobes.protocol.baselines import Utterances
from emoclust_lobes.protocol.unlabeled import (
    ALPHAS,
    SURE,
    center_speakers,
    pseudo_labels,
    ridge_map,
    standardize_corpora,
)
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import r2_score, recall_score

from tests.emoclust_lobes.protocol.vectors import read_split

KINDS = ("standardized", "ridge_map", "pseudo_labels", "self_training")
CLASSES = np.array(["ang", "hap", "neu", "sad"])


@pytest.fixture
def few(fold):
    """A fold of which a label of each class and speaker is used."""
    table = read_manifest(
        Source(str(fold["manifest_folder"] / "train.csv"), "data")
    )
    ids = table.groupby(["spk_id", "emotion"])["ID"].first()
    return {**fold, "centered": ["one"], "labeled_ids": ids.tolist()}


def centered(table, vectors):
    """Take the mean of its speaker from each vector, one by one."""
    return np.array(
        [
            vector - vectors[(table["spk_id"] == speaker).to_numpy()].mean(0)
            for speaker, vector in zip(table["spk_id"], vectors)
        ]
    )


def logistic(C, x, y):
    """A logistic regression of standardized vectors, as a function."""
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    model = LogisticRegression(C=C, class_weight="balanced", max_iter=2000)
    model.fit((x - mean) / deviation, y)
    return model.classes_, lambda new: model.predict_proba(
        (new - mean) / deviation
    )


def best_logistic(grid, x, y, valid_x, valid_y):
    """The one with the highest UAR on a split; of the best, the first."""
    found = []
    for C in grid:
        classes, predict = logistic(C, x, y)
        told = classes[predict(valid_x).argmax(axis=1)]
        uar = recall_score(valid_y, told, average="macro")
        found.append((uar, -C, classes, predict))
    return max(found, key=lambda x: x[:2])[2:]


def test_pseudo_labels_are_two_regressions_by_hand(few):
    splits = {
        (split, names): read_split(few, split, list(names))
        for split in ("train", "valid", "test")
        for names in (("one",), ("one", "two"))
    }
    own = {x: splits[x, ("one",)] for x in ("train", "valid")}
    table, learn = own["train"]
    inside, choose = centered(table, learn), centered(*own["valid"])
    known = table["ID"].isin(few["labeled_ids"]).to_numpy()
    valid_y = own["valid"][0]["emotion"]
    classes, label = best_logistic(
        few["C_grid"], inside[known], table["emotion"][known], choose, valid_y
    )
    guessed = classes[label(inside).argmax(axis=1)]
    labels = np.where(known, table["emotion"], guessed)
    _, score = best_logistic(
        few["C_grid"],
        splits["train", ("one", "two")][1],
        labels,
        splits["valid", ("one", "two")][1],
        valid_y,
    )
    expected = score(splits["test", ("one", "two")][1])
    found, *_ = run_baseline(**few, unlabeled="pseudo_labels")
    shares = found[[f"p_{x}" for x in CLASSES]]
    np.testing.assert_allclose(shares, expected, atol=1e-4)
    assert (guessed != table["emotion"]).any()


def test_self_training_learns_what_it_is_sure_of(few):
    """Round by round, with one C, as its definition says."""
    table, vectors = read_split(few, "train", ["one"])
    speakers, emotions = (
        table[x].to_numpy(dtype=str) for x in ("spk_id", "emotion")
    )
    known = table["ID"].isin(few["labeled_ids"]).to_numpy()
    inside = centered(table, vectors)
    labels = np.where(known, emotions, "")
    for _ in range(10):
        sure = labels != ""
        classes, predict = logistic(1.0, inside[sure], labels[sure])
        shares = predict(inside)
        new = ~sure & (shares.max(axis=1) > SURE)
        if not new.any():
            break
        labels[new] = classes[shares[new].argmax(axis=1)]
    sure = labels != ""
    classes, predict = logistic(1.0, inside[sure], labels[sure])
    expected = classes[predict(inside).argmax(axis=1)]
    pool = Utterances(table["ID"].to_numpy(), speakers, emotions, vectors)
    found = pseudo_labels(
        center_speakers(pool),
        np.where(known, emotions, ""),
        None,
        classes=CLASSES.tolist(),
        C_grid=[1.0],
        iterate=True,
    )
    assert (found[known] == emotions[known]).all()
    assert (found[~known] == expected[~known]).all()
    assert sure.sum() > known.sum()


def test_the_ridge_map_is_its_normal_equations(few):
    table, vectors = read_split(few, "train", ["one", "two"])
    ids, speakers = (table[x].to_numpy(dtype=str) for x in ("ID", "spk_id"))
    targets = centered(table, vectors)[:, :3]
    mean, deviation = vectors.mean(axis=0), vectors.std(axis=0)
    x = (vectors - mean) / deviation

    def solve(alpha, rows):
        own, to = x[rows], targets[rows]
        center = own.mean(axis=0)
        left = (own - center).T @ (own - center) + alpha * np.eye(x.shape[1])
        weights = np.linalg.solve(left, (own - center).T @ to)
        return lambda new: (new - center) @ weights + to.mean(axis=0)

    scores = {}
    for alpha in (1e-2, 1.0, 1e2, 1e4):
        scores[alpha] = np.mean(
            [
                r2_score(
                    targets[speakers == out],
                    solve(alpha, speakers != out)(x[speakers == out]),
                )
                for out in np.unique(speakers)
            ]
        )
    best = max(scores, key=scores.__getitem__)
    pool = Utterances(ids, speakers, speakers, vectors)
    place = ridge_map(pool, pool._replace(vectors=targets), list(scores))
    everyone = np.ones(len(ids), dtype=bool)
    expected = solve(best, everyone)
    for new in (vectors, vectors[:1] + 2.0):
        np.testing.assert_allclose(
            place(new), expected((new - mean) / deviation), atol=1e-8
        )
    assert 1e-2 < best < 1e4
    alone = ridge_map(pool, pool._replace(vectors=targets), [best])
    np.testing.assert_allclose(alone(vectors), place(vectors), atol=1e-8)


def test_the_penalty_is_that_of_the_best_development_uar(few, monkeypatch):
    found = {}
    for alpha in ALPHAS:
        monkeypatch.setattr(baseline_runs, "ALPHAS", (alpha,))
        found[alpha] = run_baseline(**few, unlabeled="ridge_map")
    monkeypatch.undo()
    best = max(found, key=lambda x: (found[x][-1], x))
    told = run_baseline(**few, unlabeled="ridge_map")
    pd.testing.assert_frame_equal(told[0], found[best][0])
    assert len({x[-1] for x in found.values()}) > 1


def test_corpora_are_standardized_by_their_own_pool():
    random = np.random.default_rng(0)
    speakers = np.repeat(["a/x", "a/y", "b/x"], [20, 30, 40])
    places = {"a": 5.0, "b": -9.0}
    vectors = np.array(
        [random.normal(places[x[0]], 1 + (x[0] == "b"), 3) for x in speakers]
    )
    pool = Utterances(speakers, speakers, speakers, vectors)
    test = Utterances(*np.full((3, 2), "b/z"), vectors[[0, 89]])
    found = standardize_corpora(test, pool).vectors
    own = vectors[50:]
    expected = (vectors[[0, 89]] - own.mean(axis=0)) / own.std(axis=0)
    np.testing.assert_allclose(found, expected)
    with pytest.raises(ValueError, match="no speech of 'c' .*--adapt=other"):
        standardize_corpora(test._replace(speakers=["c/x", "c/x"]), pool)
    # Without a name of a corpus all are of one
    plain = pool._replace(speakers=np.full(90, "x"))
    everyone = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)
    found = standardize_corpora(plain, plain).vectors
    np.testing.assert_allclose(found, everyone)


def test_a_ridge_map_needs_two_speakers():
    one = Utterances(*np.full((3, 4), "s1"), np.eye(4))
    with pytest.raises(ValueError, match="two training speakers .* found 1"):
        ridge_map(one, one)


@pytest.mark.parametrize("kind", KINDS)
def test_no_other_label_and_no_other_test_clip_is_heard(few, kind):
    found, *_ = run_baseline(**few, unlabeled=kind)
    for split, kept in (("train", few["labeled_ids"]), ("test", None)):
        path = few["manifest_folder"] / f"{split}.csv"
        raw = pd.read_csv(path, dtype=str, keep_default_na=False)
        if split == "train":
            raw.loc[~raw["ID"].isin(kept), "emotion"] = "neu"
        else:
            raw = raw[::7]
        raw.to_csv(path, index=False)
    again, *_ = run_baseline(**few, unlabeled=kind)
    pd.testing.assert_frame_equal(
        found[found["ID"].isin(again["ID"])].reset_index(drop=True), again
    )
    assert 2 < len(again) < len(found)


def test_few_labels_gain_from_a_ridge_map():
    """Where speakers and emotions have directions of their own."""
    random = np.random.default_rng(0)
    speakers = np.repeat([f"s{x:02}" for x in range(30)], 16)
    emotions = np.resize(CLASSES, len(speakers))
    numbers = np.unique(emotions, return_inverse=True)[1]
    places = random.normal(0, 10, (30, 4)).repeat(16, axis=0)
    moves = 2 * np.eye(4)[numbers] + random.normal(0, 0.3, (480, 4))
    vectors = np.concatenate([places, moves], axis=1)
    vectors = vectors @ np.linalg.qr(random.normal(size=(8, 8)))[0]
    everyone = Utterances(speakers, speakers, emotions, vectors)
    train, test = (
        Utterances(*(column[part] for column in everyone))
        for part in (speakers < "s20", speakers >= "s20")
    )
    place = ridge_map(train, center_speakers(train))
    uars = []
    for x in (train.vectors, place(train.vectors)):
        classes, predict = logistic(1.0, x[:8], train.emotions[:8])
        new = test.vectors if x is train.vectors else place(test.vectors)
        told = classes[predict(new).argmax(axis=1)]
        uars.append(recall_score(test.emotions, told, average="macro"))
    assert uars[1] > 0.95 > uars[0] + 0.2


@pytest.mark.parametrize("kind", KINDS)
def test_enrolled_speakers_gain(few, kind):
    uars = []
    for count in (0, "all"):
        found, *_ = run_baseline(**few, unlabeled=kind, n_enrolled=count)
        uars.append(
            recall_score(found["truth"], found["prediction"], average="macro")
        )
    assert uars[1] > uars[0] + 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_the_rest_of_the_pool_is_heard(few, kind):
    """What no CSV but pool.csv has, is in what is learned."""
    before, *_ = run_baseline(**few, unlabeled=kind)
    folder = few["manifest_folder"]
    parts = [pd.read_csv(folder / f"{x}.csv", dtype=str) for x in ("train",)]
    other = pd.read_csv(folder / "valid.csv", dtype=str)
    pd.concat([*parts, other.assign(emotion="")]).to_csv(
        folder / "pool.csv", index=False
    )
    after, *_ = run_baseline(**few, unlabeled=kind)
    assert not before["p_ang"].equals(after["p_ang"])
    plain = [run_baseline(**few, unlabeled="none")[0]["p_ang"]]
    (folder / "pool.csv").unlink()
    assert plain[0].equals(run_baseline(**few, unlabeled="none")[0]["p_ang"])
