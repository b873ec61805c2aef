"""The chain from the corpus to clusters: every step once, in order."""

import functools
import types

import pytest
from emoclust_lobes.experiment.steps import (
    cache_front_end,
    embed_with,
    take_steps,
)


@pytest.fixture
def experiment():
    """Steps that note that they were taken, and the notes."""
    taken = []

    def take(name, **inputs):
        taken.append((name, inputs))
        return f"made by {name}"

    def steps(names):
        return {x: functools.partial(take, x) for x in names.split()}

    sources = types.SimpleNamespace(**steps("prepare_pools of_fold labeled"))
    return {**steps("prepare embed cluster"), "sources": sources}, taken


@pytest.mark.parametrize(
    "last, made",
    [("prepare", []), ("embed", ["embed"]), ("clusters", ["embed", "cluster"])],
)
def test_steps_are_taken_up_to_the_last(experiment, last, made):
    hparams, taken = experiment
    assert take_steps(hparams, "cpu", last) == "made by of_fold"
    before = ["prepare", "prepare_pools", "of_fold"]
    assert [name for name, _ in taken] == before + made
    inputs = {"sources": "made by of_fold", "device": "cpu"}
    for name, given in taken[3:]:
        wanted = ["sources", "device"] if name == "embed" else ["sources"]
        assert given == {key: inputs[key] for key in wanted}
    fingerprint = "made by cluster" if last == "clusters" else None
    assert hparams.get("cluster_fingerprint") == fingerprint


def test_without_pools_there_is_the_labeled_speech(experiment):
    hparams, taken = experiment
    found = take_steps(hparams, "cpu", "prepare", pools=False)
    assert found == "made by labeled"
    assert [name for name, _ in taken] == ["prepare", "labeled"]


def test_other_encoders_and_a_front_end_are_given_the_same_speech(experiment):
    hparams, taken = experiment
    hparams |= {"speaker_encoder": "ssl", "speaker_encoder_source": "a@1"}
    embed_with(hparams, "speech", ["stats", "ssl"], "cpu")
    inputs = {"sources": "speech", "device": "cpu"}
    assert [given for _, given in taken] == [
        {**inputs, "encoder": "stats", "encoder_source": None},
        {**inputs, "encoder": "ssl", "encoder_source": "a@1"},
    ]
    cache_front_end(hparams, "speech", "cpu")  # it has none
    hparams["cache_features"] = functools.partial(hparams["embed"], front=1)
    cache_front_end(hparams, "speech", "cpu")
    assert taken[2:] == [("embed", {**inputs, "front": 1})]
