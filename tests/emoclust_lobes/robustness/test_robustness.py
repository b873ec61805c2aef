"""Conditions, what they cost, and the command."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from data_prep.errors import EmoclustError
from emoclust_lobes.cli import main
from emoclust_lobes.encoders.front_ends import SSLFrontEnd
from emoclust_lobes.evaluation.metrics import emotion_metrics
from emoclust_lobes.robustness.clusters import agreements, summarize_agreements
from emoclust_lobes.robustness.conditions import (
    CONDITIONS,
    check_conditions,
    degrade,
    split_condition,
)
from emoclust_lobes.robustness.models import Candidate, share_front_ends
from emoclust_lobes.robustness.scores import compare, score
from emoclust_lobes.synthetic import make_ravdess
from emoclust_lobes.synthetic.inference import CLASSES, made_up_model
from emoclust_lobes.synthetic.models import save_tiny
from sklearn.metrics import adjusted_mutual_info_score

RATE = 16000


@pytest.fixture(scope="module")
def speech():
    time = torch.arange(RATE) / RATE
    generator = torch.Generator().manual_seed(1)
    tone = torch.sin(2 * torch.pi * 200 * time) * (1 + time)
    return 0.1 * tone + 0.001 * torch.randn(RATE, generator=generator)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_each_condition_is_itself_and_repeatable(speech, condition):
    others = [torch.randn(9000, generator=torch.Generator().manual_seed(2))]
    heard = degrade(speech, RATE, condition, "a", others)
    assert heard.shape == speech.shape
    assert torch.equal(heard, degrade(speech, RATE, condition, "a", others))
    if condition == "clean":
        assert torch.equal(heard, speech)
        return
    assert not torch.allclose(heard, speech, atol=1e-3)
    steps = heard * 32767
    assert torch.allclose(steps, steps.round(), atol=0.01)  # of 16 bits
    drawn = "babble" in condition or "noise" in condition
    other = degrade(speech, RATE, condition, "b", others)
    assert torch.equal(heard, other) != drawn


def test_parts_come_in_turn(speech):
    both = degrade(speech, RATE, "gain_+20+mulaw")
    step = (10 * speech).clamp(-1, 1)
    alone = degrade(step, RATE, "mulaw")
    assert torch.allclose(both, alone, atol=1e-3)
    assert split_condition("gain_+20+mulaw") == ["gain_20", "mulaw"]


@pytest.mark.parametrize(
    "name", ["amr", "noise", "noise_loud", "gsm+", "hall_3", "", "clean+gsm"]
)
def test_unknown_conditions_are_refused(name):
    with pytest.raises(EmoclustError, match="there is no condition"):
        check_conditions(["gsm", name])


def test_levels_of_noise_may_be_any():
    names = ["noise_7.5", "gain_-3", "babble_-5+opus", "clean"]
    assert check_conditions(names) == names


@pytest.fixture
def predictions():
    """Three speakers, two systems, clean and one condition that costs."""
    rng = np.random.default_rng(1)
    rows = []
    for model, clean, gsm in (("a", 0.9, 0.4), ("b", 0.88, 0.8)):
        for condition, right in (("clean", clean), ("gsm", gsm)):
            for number in range(240):
                truth = "xyz"[number % 3]
                hit = rng.random() < right
                rows.append(
                    {
                        "model": model,
                        "condition": condition,
                        "ID": str(number),
                        "spk_id": f"s{number // 80}",
                        "truth": truth,
                        "prediction": truth if hit else "xyz"[(number + 1) % 3],
                    }
                )
    return pd.DataFrame(rows)


def test_what_is_lost_and_gained(predictions):
    tested = [
        Candidate(x, "test.csv", f"system {x}", fold=1, seed=1, n_train=900)
        for x in "ab"
    ]
    runs, speakers = score(predictions, tested)
    found = compare(runs, speakers).set_index(["system", "condition"])
    uar = {
        key: emotion_metrics(rows["truth"], rows["prediction"], "xyz")["uar"]
        for key, rows in predictions.groupby(["model", "condition"])
    }
    for (model, condition), value in uar.items():
        row = found.loc[f"system {model}", condition]
        assert row["uar"] == pytest.approx(value)
        assert row["low"] <= value <= row["high"]
        if condition == "gsm":
            lost = uar[model, "clean"] - value
            assert row["loss"] == pytest.approx(lost)
            assert row["loss_low"] <= lost <= row["loss_high"]
        gained = value - uar["a", condition]
        if model == "b":
            assert row["gain"] == pytest.approx(gained)
    assert found.loc["system a", "gsm"]["loss_low"] > 0.3
    assert np.isnan(found.loc["system a", "clean"]["loss"])
    assert np.isnan(found.loc["system a", "gsm"]["gain"])


@pytest.fixture
def channel_vectors():
    """Emotions, and a channel that is weaker or stronger than they are."""
    rng = np.random.default_rng(2)
    table = pd.DataFrame(
        [
            {"ID": f"{s}{n:03d}", "spk_id": s, "emotion": "ab"[n % 2]}
            for s in ("one", "two")
            for n in range(40)
        ]
    )
    way = np.where(table["emotion"] == "a", 1.0, -1.0)[:, None]
    clean = np.pad(way, ((0, 0), (0, 7))) + 0.1 * rng.standard_normal((80, 8))
    shift = np.eye(8)[5]
    return table, {"clean": clean, "weak": clean + 0.1 * shift} | {
        "strong": clean + 9 * shift,
        "deaf": rng.standard_normal((80, 8)),
    }


def test_clusters_are_emotions_or_the_channel(channel_vectors):
    found = agreements(*channel_vectors).groupby("condition").mean(True)
    # One channel for all moves all alike: what is left is the emotion
    assert found.loc["clean", "emotion"] == pytest.approx(1)
    assert found.loc["strong", "emotion"] == pytest.approx(1)
    assert abs(found.loc["deaf", "emotion"]) < 0.1
    # Half of the clips through it
    assert found.loc["weak", "mixed_emotion"] == pytest.approx(1)
    assert abs(found.loc["weak", "mixed_channel"]) < 0.05
    assert found.loc["strong", "mixed_channel"] == pytest.approx(1)
    assert abs(found.loc["strong", "mixed_emotion"]) < 0.05
    assert np.isnan(found.loc["clean", "mixed_channel"])


def test_agreement_is_that_of_scikit_learn(channel_vectors):
    table, vectors = channel_vectors
    own = (table["spk_id"] == "one").to_numpy()
    centered = vectors["strong"][own] - vectors["strong"][own].mean(axis=0)
    clusters = centered[:, 0] > 0
    expected = adjusted_mutual_info_score(table["emotion"][own], clusters)
    found = agreements(table, vectors).set_index(["condition", "speaker"])
    assert found.loc[("strong", "one"), "emotion"] == pytest.approx(expected)


def test_agreements_are_averaged_over_speakers(channel_vectors):
    table = agreements(*channel_vectors)
    found = summarize_agreements("e", table).set_index("condition")
    deaf = table[table["condition"] == "deaf"]["emotion"]
    row = found.loc["deaf"]
    assert row["emotion"] == pytest.approx(deaf.mean())
    assert row["emotion_low"] == pytest.approx(deaf.min())
    assert row["loss"] == pytest.approx(1 - deaf.mean())


@pytest.fixture
def model_with(tmp_path):
    """Function that makes what holds a loaded front end."""

    def make(seed, layer):
        folder = tmp_path / f"{seed}"
        if not folder.exists():
            save_tiny("wavlm", folder)
        front_end = SSLFrontEnd(folder, save_path=folder, layers=[layer])
        states = front_end.load()
        if seed > 1:  # tiny models have the same weights each time
            next(states.parameters()).data += 0.1
        modules = torch.nn.ModuleDict({"compute_features": front_end})
        return SimpleNamespace(mods=modules)

    return make


def test_models_share_what_is_the_same(model_with):
    made = [(1, 1), (1, 1), (1, 2), (2, 1), (1, 1)]
    models = [model_with(*x) for x in made]
    waveforms = torch.randn(2, 1, 8000, generator=torch.Generator())
    alone = [
        [x.mods["compute_features"](each) for each in waveforms] for x in models
    ]
    share_front_ends(models)
    shared = [x.mods["compute_features"] for x in models]
    assert shared[0] is shared[1] is shared[4]
    assert len(set(map(id, shared))) == 3
    calls = []
    for front_end in set(shared):
        front_end.front_end.register_forward_hook(lambda *_: calls.append(1))
    for number, each in enumerate(waveforms):
        for own, expected in zip(shared, alone, strict=True):
            assert torch.equal(own(each), expected[number])
    assert len(calls) == 2 * 3


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A small corpus, its manifest, and a model that has heard none of it."""
    from data_prep import prepare_ravdess

    folder = tmp_path_factory.mktemp("corpus")
    make_ravdess(folder / "data", n_speakers=6, n_statements=2, n_repetitions=1)
    prepare_ravdess(
        data_folder=str(folder / "data"),
        manifest_folder=str(folder / "manifest"),
        fold=1,
        expect_complete=False,
    )
    test = pd.read_csv(folder / "manifest/test.csv", dtype=str)
    of_the_model = test["emotion"].isin(CLASSES)
    test[of_the_model].to_csv(folder / "manifest/four.csv", index=False)
    made_up_model(folder / "run" / "inference")
    return folder


def robustness(corpus, output, *arguments):
    return main(
        [
            "robustness",
            f"--data_folder={corpus / 'data'}",
            f"--output={output}",
            *map(str, arguments),
        ]
    )


@pytest.mark.slow
def test_the_command_on_a_model(corpus, tmp_path, capsys):
    arguments = [
        corpus / "run" / "inference",
        f"--manifest={corpus / 'manifest' / 'four.csv'}",
        "--conditions=gsm,babble_5",
    ]
    assert robustness(corpus, tmp_path, *arguments) == 0
    table = pd.read_csv(tmp_path / "robustness.csv")
    assert table["condition"].tolist() == ["clean", "gsm", "babble_5"]
    assert "| gsm |" in capsys.readouterr().out
    assert (tmp_path / "figures" / "robustness.png").exists()
    kept = sorted((tmp_path / "kept").iterdir())
    assert len(kept) == 3
    times = [x.stat().st_mtime_ns for x in kept]
    kept[0].unlink()  # as if it had been stopped before
    report = (tmp_path / "report.md").read_bytes()
    assert robustness(corpus, tmp_path, *arguments) == 0
    assert (tmp_path / "report.md").read_bytes() == report
    assert [x.stat().st_mtime_ns for x in kept[1:]] == times[1:]


@pytest.mark.slow
def test_the_command_on_encoders(corpus, tmp_path):
    arguments = [
        "--encoders=stats",
        f"--manifest={corpus / 'manifest' / 'four.csv'}",
        "--conditions=gain_-20",
    ]
    assert robustness(corpus, tmp_path, *arguments) == 0
    table = pd.read_csv(tmp_path / "clusters.csv")
    assert table["condition"].tolist() == ["clean", "gain_-20"]
    assert table["mixed_channel"].notna().tolist() == [False, True]


@pytest.mark.slow
def test_speakers_that_the_model_has_heard_are_refused(
    corpus, tmp_path, capsys
):
    manifest = corpus / "manifest"
    speaker = pd.read_csv(manifest / "test.csv", dtype=str)["spk_id"][0]
    seen = corpus / "run" / "speakers.txt"
    seen.write_text(f"# CORPUS/SPEAKER\nRAVDESS/{speaker}\n")
    try:
        code = robustness(
            corpus,
            tmp_path,
            corpus / "run" / "inference",
            f"--manifest={manifest / 'four.csv'}",
        )
    finally:
        seen.unlink()
    assert code == 2
    assert "has seen 1 of the test speakers" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, told",
    [
        ([], "give one of MODEL, --run_folder and --encoders; found 0"),
        (["model", "--encoders=stats"], "found 2"),
        (["model"], "give the speakers who are heard"),
        (["--run_folder=nowhere"], "no ser_*/labels_*/inference below nowhere"),
        (["model", "--manifest=a", "--conditions=am"], "no condition 'am'"),
        (["nowhere", "--manifest=a"], "nowhere has no metrics.json"),
    ],
)
def test_bad_calls_are_told(arguments, told, tmp_path, capsys):
    assert robustness(tmp_path, tmp_path / "out", *arguments) == 2
    assert told in capsys.readouterr().err
