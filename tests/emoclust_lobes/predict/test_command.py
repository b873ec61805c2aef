"""The two commands as the command line runs them."""

import argparse
import io
import json
import os
import pathlib
import runpy
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest
import soundfile
from emoclust_lobes.predict import PredictError
from emoclust_lobes.predict.command import (
    add_encode_arguments,
    add_predict_arguments,
    run_encode,
    run_predict,
)
from emoclust_lobes.predict.inputs import Clip
from emoclust_lobes.predict.predictor import Predictor

ROOT = pathlib.Path(__file__).parents[3]


@pytest.fixture
def run(capsys, monkeypatch):
    """Function that runs a command; returns exit code, stdout, stderr."""

    def run(command, *words, lines=""):
        add, start = {
            "predict": (add_predict_arguments, run_predict),
            "encode": (add_encode_arguments, run_encode),
        }[command]
        parser = argparse.ArgumentParser()
        add(parser)
        monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
        options = parser.parse_args([str(word) for word in words])
        return start(options), *capsys.readouterr()

    return run


@pytest.fixture
def clips(tmp_path, write_noise, monkeypatch):
    """A folder of audio, in which the command runs."""
    monkeypatch.chdir(tmp_path)
    write_noise(tmp_path / "clips" / "long.wav", 60000, rate=8000, channels=2)
    write_noise(tmp_path / "clips" / "short.wav", 9000)
    write_noise(tmp_path / "clips" / "deep" / "other.wav", 20000, rate=22050)
    return tmp_path / "clips"


NAMES = ["clips/deep/other.wav", "clips/long.wav", "clips/short.wav"]


def test_a_row_for_every_file(run, model_folder, clips):
    code, printed, complaints = run("predict", model_folder, "clips")
    assert (code, complaints) == (0, "")
    table = pd.read_csv(io.StringIO(printed))
    assert table["path"].tolist() == NAMES
    assert table["windows"].tolist() == [1, 4, 1]
    assert table["seconds"].tolist() == [0.907, 7.5, 0.562]
    predictor = Predictor(model_folder)
    for row in table.to_dict("records"):
        found = predictor.predict_file(row["path"])
        assert row["emotion"] == found.emotion
        for name, chance in found.probabilities.items():
            assert row[f"prob_{name}"] == pytest.approx(chance, abs=1e-5)


def test_a_row_for_every_part_of_a_table(run, model_folder, clips):
    audio, rate = soundfile.read(clips / "long.wav")
    soundfile.write(clips / "part.wav", audio[rate : 4 * rate], rate, "FLOAT")
    lines = ["file,start,end", "long.wav,1,4.0", "long.wav,7.49,", "part.wav,,"]
    (clips / "list.csv").write_text("\n".join(lines))
    code, printed, complaints = run("predict", model_folder, "clips/list.csv")
    table = pd.read_csv(io.StringIO(printed))
    assert table["path"].tolist() == ["long.wav@1.0-4.0", "part.wav"]
    assert table["seconds"].tolist() == [3, 3]
    of_part, alone = table.filter(like="prob_").values
    assert of_part == pytest.approx(alone, abs=1e-5)
    assert code == 3
    assert "  long.wav@7.49-: 7.49 to its end of 7.5 s is" in complaints


def test_what_must_be_converted_is_named(run, model_folder, clips):
    for name in ("a b.m4a", "c.amr", "deep/d.webm", "other.m4a"):
        (clips / name).write_bytes(b"\0\0\0 ftypM4A " + b"\xff" * 99)
    audio, rate = soundfile.read(clips / "long.wav")
    soundfile.write(clips / "e.aiff", audio, rate)
    soundfile.write(clips / "other.wav", audio, rate)  # of what it was
    code, printed, complaints = run("predict", model_folder, "clips")
    paths = pd.read_csv(io.StringIO(printed))["path"].tolist()
    assert code == 3
    assert paths == sorted([*NAMES, "clips/e.aiff", "clips/other.wav"])
    assert "3 files cannot be used" in complaints
    assert (
        "  clips/a b.m4a: a format that cannot be read; convert it: ffmpeg -i "
        "'clips/a b.m4a' -ar 16000 -ac 1 'clips/a b.converted.wav'\n"
    ) in complaints


def test_formats_and_output_agree(run, model_folder, clips, tmp_path):
    _, printed, _ = run("predict", model_folder, "clips/*.wav")
    _, as_json, _ = run("predict", model_folder, "clips/*.wav", "--format=json")
    run("predict", model_folder, "clips/*.wav", "--output=new/all.csv")
    run("predict", model_folder, "clips/*.wav", "--output=all.json")
    table = pd.read_csv(io.StringIO(printed)).to_dict("records")
    assert json.loads(as_json) == table
    assert pathlib.Path("new/all.csv").read_text() == printed
    assert pathlib.Path("all.json").read_text() == as_json


def test_a_list_of_paths_keeps_its_order(run, model_folder, clips):
    lines = "\n".join(reversed(NAMES))
    code, printed, _ = run("predict", model_folder, "-", lines=lines)
    table = pd.read_csv(io.StringIO(printed))
    assert (code, table["path"].tolist()) == (0, NAMES[::-1])


def test_a_time_line_has_no_gaps(run, model_folder, clips):
    _, printed, _ = run(
        "predict",
        model_folder,
        "clips",
        "--segments",
        "--window=.5",
        "--hop=.2",
    )
    table = pd.read_csv(io.StringIO(printed))
    lengths = {"clips/deep/other.wav": 0.907, "clips/long.wav": 7.5}
    for path, rows in table.groupby("path"):
        assert rows["start"].iloc[0] == 0
        assert rows["end"].iloc[-1] == lengths.get(path, 0.562)
        assert rows["start"].tolist()[1:] == rows["end"].tolist()[:-1]
        assert (rows["emotion"] != rows["emotion"].shift()).all()
    assert table["path"].tolist() == sorted(table["path"])


def test_unusable_files_are_named_at_the_end(run, model_folder, clips):
    (clips / "empty.wav").touch()
    (clips / "page.wav").write_text("<html>Not found</html>")
    soundfile.write(clips / "silent.wav", np.zeros(9000), 16000)
    code, printed, complaints = run(
        "predict", model_folder, "clips", "nowhere.wav"
    )
    assert code == 3
    assert pd.read_csv(io.StringIO(printed))["path"].tolist() == NAMES
    found = complaints.splitlines()
    reasons = [
        "emoclust: 4 files cannot be used:",
        "  clips/empty.wav: empty file",
        "  clips/page.wav: text, not audio; ",
        "  clips/silent.wav: silent: ",
        "  nowhere.wav: No such file or directory",
    ]
    assert len(found) == len(reasons)
    for line, reason in zip(found, reasons, strict=True):
        assert line.startswith(reason)


def test_speakers_of_a_table(run, enrolled_folder, clips):
    pathlib.Path("who.csv").write_text(
        "path,who\nclips/short.wav,Kim\nclips/long.wav,Kim\n"
    )
    code, printed, _ = run(
        "predict", enrolled_folder, "who.csv", "--speaker_column=who"
    )
    table = pd.read_csv(io.StringIO(printed))
    assert (code, table["speaker"].tolist()) == (0, ["Kim", "Kim"])
    # The same clips are the other one's enrolment here.
    _, enrolled, _ = run(
        "predict", enrolled_folder, *NAMES[2:0:-1], "--enrol=clips"
    )
    other = pd.read_csv(io.StringIO(enrolled))
    assert "speaker" not in other
    assert not np.allclose(table["prob_ang"], other["prob_ang"])
    (clips / "deep" / "other.wav").unlink()
    _, enrolled, _ = run(
        "predict", enrolled_folder, *NAMES[2:0:-1], "--enrol=clips"
    )
    other = pd.read_csv(io.StringIO(enrolled))
    np.testing.assert_allclose(table["prob_ang"], other["prob_ang"], atol=1e-5)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--enrol=clips", "--speaker_column=who"], "not both"),
        (["--enrol=clips"], "was not trained with enrolment"),
        (["--output=clips"], "clips is a folder"),
        (["--output=/proc/all.csv"], "cannot be written: No such file"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_written(
    words, reason, run, model_folder, clips, capsys
):
    with pytest.raises(PredictError, match=reason):
        run("predict", model_folder, "clips", *words)
    assert capsys.readouterr().out == ""


@pytest.fixture
def ctrl_c():
    """Ctrl-C arrives, also where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.timeout(120)
def test_an_interrupted_run_leaves_what_was_there(
    run, model_folder, clips, ctrl_c, capsys
):
    output = pathlib.Path("all.csv").absolute()
    output.write_text("from before")
    clip = next(clips.rglob("*.wav"))
    for number in range(5000):  # more than can be read until then
        os.link(clip, clips / f"again_{number}.wav")

    def interrupt():
        while not any(
            path.stat().st_size > 1000
            for path in output.parent.glob(".all.csv*")
        ):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        run("predict", model_folder, "clips", f"--output={output}")
    assert output.read_text() == "from before"
    assert list(output.parent.glob(".all*")) == []
    # What was finished is not lost
    rows = pd.read_csv("all.csv.partial")
    assert 0 < len(rows) < 5000
    names = sorted(str(path) for path in clips.rglob("*.wav"))
    names = [os.path.relpath(name, output.parent) for name in names]
    assert set(rows["path"]) <= set(names)
    assert rows["prob_ang"].notna().all()
    assert "all.csv.partial" in capsys.readouterr().err


def test_embeddings_are_the_means_of_windows(run, model_folder, clips):
    (clips / "empty.wav").touch()
    code, _, complaints = run(
        "encode", str(model_folder), "clips", "--output=e.npz"
    )
    assert (code, complaints.splitlines()[1:]) == (
        3,
        ["  clips/empty.wav: empty file"],
    )
    run("encode", str(model_folder), "clips", "--output=e.parquet")
    with np.load("e.npz", allow_pickle=False) as arrays:
        assert arrays["path"].tolist() == NAMES
        assert arrays["embedding"].shape == (3, 8)
        vectors = arrays["embedding"]
    frame = pd.read_parquet("e.parquet")
    np.testing.assert_array_equal(np.stack(frame["embedding"]), vectors)
    predictor = Predictor(model_folder)
    for name, vector in zip(NAMES, vectors, strict=True):
        (found,) = predictor.embed([Clip(name, name)])
        rows = np.stack([each.numpy() for each in found.embeddings])
        np.testing.assert_allclose(vector, rows.mean(axis=0), atol=1e-5)


def test_embeddings_go_to_files_of_known_kinds(run, model_folder, clips):
    with pytest.raises(PredictError, match="FILE.npz or FILE.parquet"):
        run("encode", str(model_folder), "clips", "--output=e.txt")


def test_the_example_with_scikit_learn(tmp_path, monkeypatch, capsys):
    rng = np.random.default_rng(1)
    labels = np.repeat(["ang", "sad"], 20)
    vectors = rng.normal(size=(40, 5)) + 5 * (labels == "sad")[:, None]
    names = [f"{number}.wav" for number in range(40)]
    np.savez(tmp_path / "e.npz", path=np.array(names), embedding=vectors)
    table = pd.DataFrame({"path": names, "label": labels})
    table.sample(frac=1, random_state=1).to_csv(tmp_path / "l.csv", index=False)
    words = ["example", str(tmp_path / "e.npz"), str(tmp_path / "l.csv")]
    monkeypatch.setattr(sys, "argv", words)
    runpy.run_path(str(ROOT / "examples" / "embeddings_with_sklearn.py"))
    assert capsys.readouterr().out == "UAR 1.000 on 40 files, five folds\n"


def test_real_speech_is_classified(run, model_folder, emoclust_data):
    folders = [
        emoclust_data / "ravdess" / "Actor_01",
        emoclust_data / "emodb" / "wav",
    ]
    paths = [
        str(x) for each in folders for x in sorted(each.glob("*.flac"))[:4]
    ]
    assert len(paths) == 8
    code, printed, complaints = run("predict", model_folder, *paths)
    assert (code, complaints) == (0, "")
    table = pd.read_csv(io.StringIO(printed))
    assert table["path"].tolist() == paths
    lengths = [soundfile.info(path).duration for path in paths]
    assert table["seconds"].tolist() == pytest.approx(lengths, abs=1e-3)
    chances = table.filter(like="prob_").sum(axis=1)
    assert chances.tolist() == pytest.approx([1.0] * 8, abs=1e-5)


PEAK = """
import resource, sys
from emoclust_lobes.predict.predictor import Predictor
predictor = Predictor(sys.argv[1])
for path in sys.argv[2:]:
    windows = len(predictor.predict_file(path).windows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(windows, peak)
"""


@pytest.mark.slow
def test_an_hour_needs_no_more_memory_than_some_minutes(model_folder, tmp_path):
    rng = np.random.default_rng(1)
    for name, minutes in (("short.wav", 5), ("hour.wav", 60)):
        with soundfile.SoundFile(tmp_path / name, "w", 8000, 1) as audio:
            for _ in range(minutes):
                audio.write(rng.normal(0, 0.1, 60 * 8000))
    paths = [tmp_path / "short.wav", tmp_path / "hour.wav"]
    program = [sys.executable, "-c", PEAK, model_folder, *paths]
    done = subprocess.run(
        program, stdout=subprocess.PIPE, text=True, cwd=ROOT, check=True
    )
    (few, before), (many, after) = [
        map(float, line.split()) for line in done.stdout.splitlines()
    ]
    assert (few, many) == (199, 2399)
    # The samples alone, at 16 kHz, would take 220 MiB.
    assert after - before < 30


LISTENING_PEAK = """
import resource, sys
from emoclust_lobes.predict.predictor import Predictor
from emoclust_lobes.turns import Listener
predictor, listener = Predictor(sys.argv[1]), Listener("energy")
for path in sys.argv[2:]:
    turns = len(predictor.predict_file(path, listener).turns)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(turns, peak)
"""


@pytest.mark.slow
def test_an_hour_is_listened_to_in_the_memory_of_some_minutes(
    model_folder, tmp_path
):
    rng = np.random.default_rng(1)
    level = np.where(np.arange(60 * 8000) < 5 * 8000, 0.1, 0.001)
    for name, minutes in (("short.wav", 5), ("hour.wav", 60)):
        with soundfile.SoundFile(tmp_path / name, "w", 8000, 1) as audio:
            for _ in range(minutes):
                audio.write(rng.normal(0, level))
    paths = [tmp_path / "short.wav", tmp_path / "hour.wav"]
    program = [sys.executable, "-c", LISTENING_PEAK, model_folder, *paths]
    done = subprocess.run(
        program, stdout=subprocess.PIPE, text=True, cwd=ROOT, check=True
    )
    (few, before), (many, after) = [
        map(float, line.split()) for line in done.stdout.splitlines()
    ]
    assert (few, many) == (5, 60)
    assert after - before < 30
