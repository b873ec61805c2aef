"""``emoclust evaluate`` from tables to pages, and what it refuses."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from data_prep.errors import EmoclustError
from data_prep.manifests.manifest import Utterance, write_manifest
from data_prep.storage.files import read_json, write_json
from emoclust_lobes.cli import main
from emoclust_lobes.training.seen_speakers import write_seen_speakers


def result(folder="evaluation"):
    return read_json(f"{folder}/evaluation.json")


@pytest.fixture
def predictions(table):
    """Function that writes predictions.csv for the table; returns its frame."""

    def write(**changes):
        rng = np.random.default_rng(0)
        chances = rng.dirichlet(np.ones(4), 12).round(6)
        names = [f"prob_{x}" for x in ("ang", "hap", "neu", "sad")]
        frame = pd.DataFrame(chances, columns=names)
        frame.insert(0, "file", [f"clips/{x}.wav" for x in range(12)])
        frame = frame.assign(**changes).sample(frac=1, random_state=1)
        frame.to_csv("predictions.csv", index=False)
        return frame

    return write


def test_scores_are_those_of_sklearn(table, evaluate, predictions):
    frame = predictions().sort_index()
    code, printed, _ = evaluate("predictions.csv", "labeled.csv")
    assert code == 0 and "12 recordings of 3 speakers: UAR" in printed
    (row,) = result()["results"]
    truth = pd.read_csv("labeled.csv")["emotion"]
    chances = frame.filter(like="prob_").to_numpy()
    chances = chances / chances.sum(axis=1, keepdims=True)
    names = np.array(row["classes"])
    said = names[chances.argmax(axis=1)]
    oracle = {
        "uar": sklearn.metrics.balanced_accuracy_score(truth, said),
        "wa": sklearn.metrics.accuracy_score(truth, said),
        "macro_f1": sklearn.metrics.f1_score(truth, said, average="macro"),
        "nll": sklearn.metrics.log_loss(truth, chances, labels=names),
        "brier": ((chances - (truth.to_numpy()[:, None] == names)) ** 2)
        .sum(axis=1)
        .mean(),
    }
    for name, value in oracle.items():
        assert row[name] == pytest.approx(value), name
    confusion = sklearn.metrics.confusion_matrix(truth, said, labels=names)
    assert row["confusion"] == confusion.tolist()
    # Calibration error by its formula, bin by bin
    sure, gaps = chances.max(axis=1), 0.0
    for low in np.arange(15) / 15:
        inside = (sure > low) & (sure <= low + 1 / 15)
        if inside.any():
            gap = (said == truth)[inside].mean() - sure[inside].mean()
            gaps += inside.mean() * abs(gap)
    assert row["ece"] == pytest.approx(gaps)
    written = pd.read_csv("evaluation/predictions.csv")
    assert written["prediction"].tolist() == said.tolist()


def test_a_model_gives_what_predict_gives(table, evaluate, model_folder):
    assert evaluate(model_folder, "labeled.csv", "--output=a")[0] == 0
    words = ["predict", str(model_folder), "labeled.csv", "--output=p.csv"]
    assert main(words) == 0
    assert evaluate("p.csv", "labeled.csv", "--output=b")[0] == 0
    ours, theirs = (result(x)["results"][0] for x in "ab")
    assert ours["confusion"] == theirs["confusion"]
    assert ours["nll"] == pytest.approx(theirs["nll"], abs=1e-4)
    assert "does not tell whom it has seen" in result("a")["notes"][0]


def test_parts_of_recordings_are_told_apart(table, evaluate, model_folder):
    lines = ["file,start,end,speaker,emotion"]
    lines += ["clips/3.wav,0,0.3,a,ang", "clips/3.wav,0.3,0.6,b,sad"]
    (table / "parts.csv").write_text("\n".join(lines))
    assert evaluate(model_folder, "parts.csv")[0] == 0
    names = pd.read_csv("evaluation/predictions.csv")["file"].tolist()
    assert names == ["clips/3.wav@0.0-0.3", "clips/3.wav@0.3-0.6"]
    main(["predict", str(model_folder), "parts.csv", "--output=p.csv"])
    assert evaluate("p.csv", "parts.csv")[0] == 0


def test_a_manifest_is_a_table(table, evaluate, model_folder):
    rows = [
        Utterance(ID=x, wav=f"clips/{x}.wav", spk_id=f"s{x}", emotion=y)
        for x, y in (("1", "ang"), ("2", "sad"), ("3", ""))
    ]
    write_manifest(table / "m", {"test": rows}, {"corpus": "C"})
    words = [model_folder, "m/test.csv"]
    with pytest.raises(EmoclustError, match="--data_folder"):
        evaluate(*words)
    assert evaluate(*words, "--data_folder=.")[0] == 0
    assert result()["corpus"] == "C" and result()["results"][0]["n"] == 2
    assert "1 recordings without an emotion" in " ".join(result()["notes"])


def test_groups_are_scored_apart(table, evaluate, predictions):
    predictions()
    evaluate("predictions.csv", "labeled.csv", "--by=gender,age")
    (row,) = result()["results"]
    written = pd.read_csv("evaluation/predictions.csv")
    groups = {(x["column"], x["group"]): x for x in row["groups"]}
    assert [x for _, x in groups if "to" in x] == [
        "20 to 22",
        "23 to 25",
        "26 to 28",
        "29 to 31",
    ]
    for value in "fm":
        mine = written[written["gender"] == value]
        rest = written[written["gender"] != value]
        found = groups["gender", value]
        recalls = [
            (x["prediction"] == x["truth"]).groupby(x["truth"]).mean()
            for x in (mine, rest)
        ]
        assert found["uar"] == pytest.approx(recalls[0].mean())
        assert found["difference"] == pytest.approx(
            (recalls[0] - recalls[1]).mean()
        )
    assert groups["gender", "f"]["difference_interval"] is None  # one man
    assert groups["gender", "m"]["speakers"] == 1
    with pytest.raises(EmoclustError, match="no column accent"):
        evaluate("predictions.csv", "labeled.csv", "--by=accent")


def test_an_enrolled_model_has_a_row_of_its_own(
    table, evaluate, enrolled_folder
):
    assert evaluate(enrolled_folder, "labeled.csv")[0] == 0
    rows = result()["results"]
    assert [x["enrolled"] for x in rows] == ["0", "all"]
    written = pd.read_csv("evaluation/predictions.csv", dtype={"enrolled": str})
    words = ["labeled.csv", "--speaker_column=speaker", "--output=p.csv"]
    main(["predict", str(enrolled_folder), *words])
    oracle = pd.read_csv("p.csv")
    for count, same in (("all", True), ("0", False)):
        mine = written[written["enrolled"] == count]
        close = np.allclose(
            mine["p_ang"].to_numpy(), oracle["prob_ang"], atol=1e-5
        )
        assert close == same


def test_who_was_seen_is_refused(table, evaluate, model_folder):
    folder = shutil.copytree(model_folder, table / "model")
    write_seen_speakers(folder, {"C/s1", "C/s7"})
    words = [folder, "labeled.csv"]
    for more in ([], ["--corpus=C"]):
        with pytest.raises(EmoclustError, match=r"1 speakers .*\(s1\)"):
            evaluate(*words, *more)
    assert evaluate(*words, "--corpus=D")[0] == 0
    assert result()["notes"] == []


def test_an_answer_is_unknown_below_the_threshold(
    table, evaluate, model_folder
):
    folder = shutil.copytree(model_folder, table / "model")
    evaluate(folder, "labeled.csv")
    sure = pd.read_csv("evaluation/predictions.csv")["confidence"]
    threshold = float(sure.sort_values().iloc[5]) + 1e-6
    point = {"threshold": threshold, "n": 99, "errors": 1, "bound": 0.1}
    selective = {"n": 200, "delta": 0.05, "points": [point]}
    metrics = read_json(folder / "metrics.json")
    write_json(folder / "metrics.json", {**metrics, "selective": selective})
    assert evaluate(folder, "labeled.csv", "--abstain=0.2")[0] == 0
    written = pd.read_csv("evaluation/predictions.csv")
    unknown = written["answer"] == "unknown"
    assert (unknown == (sure <= threshold)).all() and unknown.sum() == 6
    kept = written[~unknown]
    (row,) = result()["results"]
    assert row["answered"]["coverage"] == 0.5
    assert row["answered"]["risk"] == pytest.approx(
        (kept["prediction"] != kept["truth"]).mean()
    )
    assert row["n"] == 12  # the other scores are of all
    # predict says the same
    main(
        [
            "predict",
            str(folder),
            "labeled.csv",
            "--abstain=0.2",
            "--output=p.csv",
        ]
    )
    assert (
        pd.read_csv("p.csv")["emotion"].tolist() == written["answer"].tolist()
    )
    with pytest.raises(EmoclustError, match=r"promised is 0\.100"):
        evaluate(folder, "labeled.csv", "--abstain=0.05")


def test_the_page_holds_its_figures_and_no_markup(table, evaluate, predictions):
    predictions()
    text = (table / "labeled.csv").read_text().replace(",f,", ",<b>f</b>,")
    (table / "labeled.csv").write_text(text)
    evaluate("predictions.csv", "labeled.csv", "--by=gender")
    page = (table / "evaluation/evaluation.html").read_text()
    assert len(re.findall(r'src="data:image/(png|svg\+xml);base64', page)) == 3
    assert "&lt;b&gt;f&lt;/b&gt;" in page and "<b>f</b>" not in page
    assert not re.search(r'(src|href)="(?!data:)', page)


def test_one_speaker_has_no_interval(table, evaluate, predictions):
    predictions()
    frame = pd.read_csv("labeled.csv").assign(speaker="s")
    frame.to_csv("one.csv", index=False)
    _, printed, _ = evaluate("predictions.csv", "one.csv")
    assert "There is one speaker" in printed and "[" not in printed
    assert set(result()["results"][0]["intervals"].values()) == {None}
    assert json.dumps(result(), allow_nan=False)


def test_unusable_audio_is_named_and_left_out(table, evaluate, model_folder):
    (table / "clips/4.wav").write_bytes(b"")
    code, printed, complaints = evaluate(model_folder, "labeled.csv")
    assert code == 3 and "clips/4.wav" in complaints
    assert result()["results"][0]["n"] == 11
    assert "1 that cannot be used" in printed
    for path in (table / "clips").iterdir():
        path.write_bytes(b"")
    with pytest.raises(EmoclustError, match="none of the recordings"):
        evaluate(model_folder, "labeled.csv")


def test_a_model_of_another_version_is_refused(table, evaluate, model_folder):
    folder = shutil.copytree(model_folder, table / "model")
    settings = folder / "hyperparams.yaml"
    text = settings.read_text().replace(
        "emoclust_version: ", "emoclust_version: 0.0"
    )
    text += "\nold: !new:emoclust_lobes.front_ends.FrontEnd\n"
    settings.write_text(text)
    with pytest.raises(EmoclustError, match="was written by emoclust 0.0"):
        evaluate(folder, "labeled.csv")


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda x: x.iloc[1:], r"no prediction for 1 of 12 .*clips/0\.wav"),
        (lambda x: x.assign(prob_ang=0.9), r"line 2: .*sum is .*, not 1"),
        (lambda x: x.assign(prob_ang=-0.1), "no probabilities"),
        (lambda x: x.assign(prob_ang="nan"), "no probabilities"),
        (lambda x: x.assign(prob_ang="high"), "could not convert"),
        (lambda x: pd.concat([x, x]), "for the second time"),
        (lambda x: x[["file"]], "no column emotion or prediction"),
        (lambda x: x.drop(columns="file"), "no column wav or path or file"),
    ],
)
def test_bad_predictions_are_refused(
    table, evaluate, predictions, change, message
):
    change(predictions().sort_index()).to_csv("bad.csv", index=False)
    with pytest.raises(EmoclustError, match=message):
        evaluate("bad.csv", "labeled.csv")


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda x: x.assign(emotion="joy"), "no emotion in common"),
        (lambda x: x.replace("ang", "rage"), r"does not know \(rage\)"),
        (lambda x: x.assign(emotion=""), "no row with an emotion"),
        (lambda x: x.drop(columns="emotion"), "no column emotion"),
        (lambda x: pd.concat([x, x[:1]]), "recordings twice"),
    ],
)
def test_bad_tables_are_refused(table, evaluate, predictions, change, message):
    predictions()
    change(pd.read_csv("labeled.csv")).to_csv("bad.csv", index=False)
    with pytest.raises(EmoclustError, match=message):
        evaluate("predictions.csv", "bad.csv")


def test_other_words_are_refused(table, evaluate, predictions):
    predictions()
    for words, message in (
        (["predictions.csv", "nowhere.csv"], "no CSV file"),
        (["predictions.csv", "labeled.csv", "--abstain=0.1"], "be a model"),
        (["predictions.csv", "labeled.csv", "--mapping=ang"], "neither"),
    ):
        with pytest.raises(EmoclustError, match=message):
            evaluate(*words)
