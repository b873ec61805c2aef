"""Folders appear whole, and hold what they should."""

import pytest
import torch
from data_prep.storage.files import read_json, replacing_folder
from emoclust_lobes.enrolment.normalization import SpeakerNormalization
from emoclust_lobes.inference import load_model, write_inference_folder

ENROLLED = """\
ser:
  modules:
    compute_features: !new:torch.nn.Identity
    mean_var_norm: !new:torch.nn.Identity
    embedding_model: !new:torch.nn.Identity
    classifier: !new:torch.nn.Linear [8, 2]
  speaker_normalization: !new:emoclust_lobes.enrolment.SpeakerNormalization
    size: 8
    prior_weight: 3.0
    counts: [0, 1]
"""


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_folder_is_complete(packed, metrics, tmp_path):
    assert names(packed) == [
        "README.md",
        "classifier.ckpt",
        "encoder.ckpt",
        "hyperparams.yaml",
        "label_encoder.ckpt",
        "metrics.json",
    ]
    assert names(packed.parent) == ["inference"]
    told = read_json(packed / "metrics.json")
    assert {**told, "init": metrics["init"]} == metrics
    assert "init" not in told  # it may be a path of this machine
    for path in packed.iterdir():
        assert b"/a/place" not in path.read_bytes()


def test_a_short_file_that_a_person_can_read(packed):
    text = (packed / "hyperparams.yaml").read_text()
    assert len(text.splitlines()) < 50
    assert "temperature: 1.6\n" in text
    assert "  channels: [16, 16, 16, 16, 48]\n" in text


def test_a_folder_that_fails_leaves_the_one_before(tmp_path):
    path, aside = tmp_path / "model", tmp_path / ".model.tmp"
    path.mkdir()
    (path / "old").touch()
    with pytest.raises(ZeroDivisionError), replacing_folder(path):
        raise ZeroDivisionError
    assert (names(tmp_path), names(path)) == (["model"], ["old"])
    aside.mkdir()
    (aside / "half").touch()  # of a process that was killed
    with replacing_folder(path) as aside:
        (aside / "new").touch()
        assert names(path) == ["old"]
    assert (names(tmp_path), names(path)) == (["model"], ["new"])


def test_the_prior_of_the_speakers_travels_with_the_classifier(
    modules, metrics, tmp_path
):
    normalization = SpeakerNormalization(8, prior_weight=3.0, counts=[0, 1])
    normalization.start([0, 0, 1, 1])
    normalization.remember(range(4), torch.randn(4, 8) * 2 + 5)
    classifier = torch.nn.Linear(8, 2)
    names = ("compute_features", "mean_var_norm", "embedding_model")
    parts = dict.fromkeys(names, torch.nn.Identity())
    write_inference_folder(
        folder=tmp_path / "inference",
        stage2=ENROLLED,
        modules={**parts, "classifier": classifier},
        metrics={**metrics, "enrolled_uar": {"0": 0.5, "1": 0.6}},
        sample_rate=16000,
        embedding_size=8,
        front_end_folder=tmp_path / "front_ends",
        normalization=normalization,
    )
    model = load_model(tmp_path / "inference", trust=True)
    assert model.hparams.enrolment
    embeddings = torch.randn(3, 1, 8)
    placed = embeddings - normalization.prior_mean
    placed = placed / normalization.prior_variance.sqrt()
    found = model.mods.classifier(embeddings)
    assert torch.allclose(found, classifier(placed), atol=1e-5)
    card = (tmp_path / "inference" / "README.md").read_text()
    assert "| 0 | 0.500 |\n| 1 | 0.600 |" in card
