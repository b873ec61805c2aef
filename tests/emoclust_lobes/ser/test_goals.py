"""What is learned of votes and ratings, and its losses, by hand."""

import numpy as np
import pandas as pd
import pytest
import torch
from data_prep.errors import EmoclustError
from emoclust_lobes.encoders import DimensionsHead
from emoclust_lobes.evaluation.dimensions import concordance
from emoclust_lobes.ser.annotator_losses import (
    concordance_loss,
    soft_cross_entropy,
)
from emoclust_lobes.ser.goals import Goal
from emoclust_lobes.ser.options import refuse_contradictions

CLASSES = ("ang", "hap", "sad")
SUMMARY = {
    "classes": list(CLASSES),
    "annotations": {
        "votes": "voice",
        "dimensions": ["arousal", "valence"],
        "scale": [1, 5],
    },
}
TABLE = pd.DataFrame(
    {
        "ID": ["a", "b", "c", "b#2"],
        "row": [0, 1, 2, 1],
        "emotion": ["ang", "", "sad", ""],
        "votes": ["ang:3|hap:1", "hap:2|sad:2|zzz:9", "sad:9", "hap:2|sad:2"],
        "arousal": ["1.5", "5", "3", "5"],
        "valence": ["2", "2.5", "1", "2.5"],
    }
)


def test_votes_become_smoothed_and_weighted_distributions():
    goal = Goal(
        target="distribution", vote_smoothing=0.6, annotator_power=0.5
    ).of(SUMMARY)
    learned = goal.learned(TABLE, "cpu")
    assert set(learned) == {"distributions", "weights"}
    expected = [[3.2, 1.2, 0.2], [0.2, 2.2, 2.2], [0.2, 0.2, 9.2]]
    sums = [[4.6], [4.6], [9.6]]
    found = learned["distributions"].numpy()
    assert found == pytest.approx(np.array(expected) / sums)
    # Votes for what is outside the class set do not count
    weights = np.sqrt([4, 4, 9])
    assert learned["weights"].numpy() == pytest.approx(weights / weights.mean())
    assert goal.truth(TABLE).tolist() == [0, -1, 2, -1]
    assert goal.shares(TABLE)[1].tolist() == [0, 0.5, 0.5]
    assert goal.annotations(TABLE, ["c", "a"])["votes"] == [
        "sad:9",
        "ang:3|hap:1",
    ]


def test_a_goal_of_dimensions_has_no_classifier():
    goal = Goal(target="dimensions").of(SUMMARY)
    modules = {"embedding_model": 1, "classifier": 2}
    found = goal.modules(
        modules, lambda names, scale: DimensionsHead(4, names, scale)
    )
    assert set(found) == {"embedding_model", "dimensions"}
    assert found["dimensions"].names == ["arousal", "valence"]
    assert goal.shares(TABLE).shape == (4, 0)
    ratings = goal.learned(TABLE, "cpu")["ratings"]
    assert ratings.tolist() == [[1.5, 2], [5, 2.5], [3, 1]]
    assert goal.truth(TABLE).tolist() == [0, -1, 2, -1]
    assert goal.choice == {"max_key": "mean_ccc"}
    assert goal.told({"valid_mean_ccc": 0.5, "valid_js": 1}) == {
        "valid_mean_ccc": 0.5
    }


def test_a_goal_of_classes_learns_labels():
    goal = Goal().of({"classes": list(CLASSES)})
    rows = TABLE[TABLE["emotion"] != ""]
    assert goal.learned(rows, "cpu") == {}
    assert goal.shares(rows).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert goal.truth(rows).tolist() == [0, 2]
    assert goal.annotations(rows, ["a"]) is None
    assert goal.describe(torch.ones(3)) == {}
    with pytest.raises(KeyError):
        goal.truth(TABLE)


def test_soft_cross_entropy_sums_over_classes_and_weighs_utterances():
    torch.manual_seed(2)
    scores = torch.randn(5, 3).log_softmax(dim=1)
    shares, weights = torch.rand(5, 3).softmax(dim=1), torch.rand(5)
    of_classes = torch.tensor([0.5, 2.0, 1.0])
    found = soft_cross_entropy(scores, shares, weights, of_classes)
    terms = [
        weights[i] * of_classes[c] * shares[i, c] * -scores[i, c]
        for i in range(5)
        for c in range(3)
    ]
    assert found.item() == pytest.approx(sum(terms).item() / 5)
    # One-hot votes are labels
    truth = torch.tensor([0, 1, 2, 0, 1])
    certain = torch.nn.functional.one_hot(truth, 3).float()
    found = soft_cross_entropy(scores, certain, torch.ones(5))
    expected = torch.nn.functional.nll_loss(scores, truth)
    assert found.item() == pytest.approx(expected.item())


def test_the_loss_of_dimensions_is_one_less_their_concordance():
    torch.manual_seed(3)
    truth = torch.rand(8, 2) * 4 + 1
    predicted = (truth + torch.randn(8, 2)).requires_grad_()
    loss = concordance_loss(predicted, truth)
    columns = [
        concordance(truth[:, k], predicted[:, k].detach()) for k in (0, 1)
    ]
    assert loss.item() == pytest.approx(1 - sum(columns) / 2, rel=1e-5)
    loss.backward()
    assert predicted.grad.isfinite().all()
    same = torch.ones(3, 1, requires_grad=True)
    concordance_loss(same, torch.ones(3, 1)).backward()
    assert same.grad.isfinite().all()


def test_the_head_maps_onto_the_scale_of_the_corpus():
    head = DimensionsHead(2, names=["arousal"], scale=[1, 7])
    with torch.no_grad():
        head.linear.weight.copy_(torch.tensor([[1.0, 0.0]]))
        head.linear.bias.zero_()
    inputs = torch.tensor([[0.0, 9.0], [-1.0, 0.0], [0.5, 0.0], [2.0, 0.0]])
    assert head(inputs).flatten().tolist() == [4, 1, 5.5, 10]
    assert head.eval()(inputs).flatten().tolist() == [4, 1, 5.5, 7]
    assert head(inputs[:, None]).shape == (4, 1, 1)


@pytest.mark.parametrize(
    "goal, changes, said",
    [
        ("distribution", {"label_smoothing": 0.1}, "vote_smoothing"),
        ("dimensions", {"propagate_labels": True}, "ser_propagate_labels"),
        ("both", {"propagate_labels": True}, "learns no classes"),
    ],
)
def test_options_of_classes_are_refused_with_other_goals(goal, changes, said):
    hparams = {
        "pretraining": "contrastive",
        "contrastive_weight": 0,
        "propagate_labels": False,
        "label_smoothing": 0.0,
    }
    refuse_contradictions({**hparams, "goal": Goal(target=goal)})
    with pytest.raises(EmoclustError, match=said):
        refuse_contradictions({**hparams, **changes, "goal": Goal(target=goal)})
    if "label_smoothing" in changes:
        refuse_contradictions({**hparams, **changes, "goal": Goal()})
