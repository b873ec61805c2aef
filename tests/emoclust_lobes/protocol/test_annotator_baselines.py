"""Linear baselines of votes and ratings, against slow and plain training."""

import numpy as np
import pandas as pd
import pytest
import torch
from emoclust_lobes.protocol.annotator_baselines import annotator_baseline
from emoclust_lobes.protocol.baselines import Utterances
from emoclust_lobes.ser.goals import Goal

CLASSES = ("ang", "hap", "sad")


def make_split(name, n, seed):
    """Vectors, votes that follow from them, and a rating that does."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, 4))
    scores = np.exp(2 * vectors[:, :3])
    counts = [rng.multinomial(6, x / x.sum()) for x in scores]
    votes = [
        "|".join(f"{c}:{k}" for c, k in zip(CLASSES, row) if k)
        for row in counts
    ]
    arousal = np.clip(3 + vectors[:, 3], 1, 5).round(3)
    ids = np.array([f"{name}{k}" for k in range(n)])
    speakers = np.array([f"{name}-{k % 3}" for k in range(n)])
    table = pd.DataFrame(
        {
            "ID": ids,
            "spk_id": speakers,
            "emotion": "",
            "votes": votes,
            "arousal": arousal.astype(str),
        }
    )
    return Utterances(ids, speakers, np.full(n, ""), vectors), table


@pytest.fixture
def corpus():
    made = {
        name: make_split(name, n, seed)
        for seed, (name, n) in enumerate(
            {"train": 200, "valid": 60, "test": 80}.items()
        )
    }
    splits = {name: x[0] for name, x in made.items()}
    return splits, {name: x[1] for name, x in made.items()}


def test_votes_are_learned_by_the_cross_entropy_of_stage_2(corpus):
    splits, tables = corpus
    goal = Goal(target="distribution", classes=CLASSES)
    ids = splits["train"].ids
    test, valid, uar = annotator_baseline(splits, tables, goal, ids, [0.1])
    # Plain gradient descent on the same objective, with scikit-learn's penalty
    learned = goal.learned(tables["train"].assign(row=range(200)), "cpu")
    shares = goal.shares(tables["train"])
    weights = torch.tensor(200 / (3 * shares.sum(axis=0)))
    own = splits["train"].vectors
    scale = own.mean(axis=0), own.std(axis=0)
    x = torch.tensor((own - scale[0]) / scale[1])
    layer = torch.nn.Linear(4, 3).double()
    optimizer = torch.optim.LBFGS(
        layer.parameters(), max_iter=500, line_search_fn="strong_wolfe"
    )

    def closure():
        optimizer.zero_grad()
        logs = layer(x).log_softmax(dim=1)
        terms = learned["distributions"].double() * weights * -logs
        loss = (learned["weights"].double() * terms.sum(dim=1)).sum()
        loss = 0.1 * loss + layer.weight.square().sum() / 2
        loss.backward()
        return loss

    optimizer.step(closure)
    x = torch.tensor((splits["test"].vectors - scale[0]) / scale[1])
    scores = layer(x).detach()
    expected = (scores - weights.log()).softmax(dim=1).numpy()
    found = test[[f"p_{name}" for name in CLASSES]].to_numpy()
    assert found == pytest.approx(expected, abs=2e-3)
    first = scores.argmax(dim=1)
    assert (test["prediction"] == np.array(CLASSES)[first]).mean() > 0.97
    assert uar > 0.5 and len(valid) == 60
    assert (test["truth"] == "").sum() > 0  # ties are predicted, too


def test_dimensions_are_learned_beside_votes(corpus):
    splits, tables = corpus
    goal = Goal(
        target="both", classes=CLASSES, dimensions=("arousal",), scale=(1, 5)
    )
    ids = splits["train"].ids[:100]
    test, *_ = annotator_baseline(splits, tables, goal, ids, [0.01, 0.1])
    rated = test["predicted_arousal"]
    assert rated.between(1, 5).all()
    assert np.corrcoef(rated, test["arousal"])[0, 1] > 0.95


def test_without_development_speakers_there_is_one_C(corpus):
    splits, tables = corpus
    goal = Goal(target="distribution", classes=CLASSES)
    splits = {**splits, "valid": None}
    ids = splits["train"].ids
    with pytest.raises(ValueError, match="C_grid"):
        annotator_baseline(splits, tables, goal, ids, [0.1, 1])
    test, valid, uar = annotator_baseline(splits, tables, goal, ids, [0.1])
    assert (len(test), valid, uar) == (80, None, None)
