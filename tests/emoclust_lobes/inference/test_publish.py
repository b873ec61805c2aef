"""Repositories for a hub: whole, true, and never over another."""

import argparse
import json

import pytest
import torch
from emoclust_lobes.inference import InferenceError, load_model, publish
from emoclust_lobes.inference.publish import add_arguments, run
from huggingface_hub import ModelCard


@pytest.fixture
def repository(packed, tmp_path):
    """Folder of the published model."""
    return publish(packed, tmp_path / "my-model")


def test_the_repository_is_the_model(packed, repository):
    wave = torch.randn(1, 8000)
    expected, *_ = load_model(packed).classify_batch(wave)
    found, *_ = load_model(repository).classify_batch(wave)
    assert torch.equal(found, expected)
    kept = [x for x in packed.iterdir() if x.name != "README.md"]
    assert len(kept) == 5
    for path in kept:
        assert (repository / path.name).read_bytes() == path.read_bytes()
        assert not (repository / path.name).samefile(path)


def test_the_front_matter_tells_what_the_test_has_found(packed, repository):
    card = ModelCard.load(repository / "README.md")
    assert card.text == ModelCard.load(packed / "README.md").text
    data = card.data
    assert (data.model_name, data.license) == ("my-model", "odbl")
    assert (data.language, data.datasets) == (["en"], ["crema-d"])
    config = json.loads((repository / "config.json").read_text())
    assert config == {"speechbrain_interface": "EncoderClassifier"}
    assert {"speechbrain", "speech-emotion-recognition"} <= set(data.tags)
    assert data.pipeline_tag == "audio-classification"
    values = {x.metric_type: x.metric_value for x in data.eval_results}
    assert values == {"recall": 0.6123, "accuracy": 0.65, "f1": 0.6}
    assert {x.dataset_name for x in data.eval_results} == {"CREMA-D, fold 2"}


def test_large_files_are_the_weights(repository):
    lines = (repository / ".gitattributes").read_text().splitlines()
    assert [line.split()[0] for line in lines] == [
        "encoder.ckpt",
        "classifier.ckpt",
    ]
    assert all("filter=lfs" in line for line in lines)


def test_what_was_written_into_the_card_is_kept(packed, tmp_path):
    card = packed / "README.md"
    _, _, text = card.read_text().split("---\n", 2)
    card.write_text(f"{text}\nOur own words.\n")  # without front matter, too
    made = ModelCard.load(publish(packed, tmp_path / "mine") / "README.md")
    assert made.text.endswith("Our own words.\n")
    assert made.data.model_name == "mine"


def test_nothing_is_written_over(packed, repository):
    before = (repository / "README.md").read_bytes()
    with pytest.raises(InferenceError, match="is there already"):
        publish(packed, repository)
    assert (repository / "README.md").read_bytes() == before


@pytest.mark.parametrize("name", ["README.md", "metrics.json", "encoder.ckpt"])
def test_incomplete_models_are_not_published(name, packed, tmp_path):
    (packed / name).unlink()
    with pytest.raises(InferenceError, match=name):
        publish(packed, tmp_path / "repository")
    assert not list(tmp_path.glob("*repository*"))


def test_the_command_says_that_nothing_was_uploaded(packed, tmp_path):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    words = [str(packed), str(tmp_path / "other")]
    assert "nothing was uploaded" in run(parser.parse_args(words))
    load_model(tmp_path / "other")
