"""Emotions of turns: rows, enrolment by a speaker's other turns, files."""

import io
import json

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from data_prep.errors import EmoclustError
from emoclust_lobes.audio.reading import read_utterance
from emoclust_lobes.cli import main
from emoclust_lobes.predict import PredictError
from emoclust_lobes.predict.annotations import annotation_paths
from emoclust_lobes.predict.predictor import Predictor
from emoclust_lobes.predict.segments import mean_probabilities
from emoclust_lobes.synthetic.conversations import (
    make_conversation,
    write_conversation,
)
from emoclust_lobes.turns.listening import Listener
from emoclust_lobes.turns.turn import Turn
from emoclust_lobes.turns.turn_files import read_turns

RATE = 16000
TURNS = [
    Turn(0.5, 1.5, "Kim"),
    Turn(1.2, 2.4, "Ana"),
    Turn(3.0, 3.8, "Kim"),
    Turn(4.0, 5.0, "Kim"),
]


@pytest.fixture
def talk(tmp_path, monkeypatch):
    """A recording of noise, six seconds, in the working folder."""
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, 6 * RATE)
    soundfile.write("talk.wav", noise, RATE)
    pd.DataFrame(TURNS).to_csv("turns.csv", index=False)
    return "talk.wav"


def vector(model, path, start, end):
    """Embedding of a stretch, read by itself."""
    wave = read_utterance(path, round(start * RATE), round(end * RATE))
    return model.encode_batch(wave[None])[0, 0]


def test_turns_are_compared_with_the_others_of_their_speaker(
    enrolled_folder, enrolled_model, talk
):
    predictor = Predictor(enrolled_folder)
    found = predictor.predict_file(talk, Listener(turns={"": TURNS}))
    assert [turn.enrolled for turn in found.turns] == [2, 0, 2, 2]
    classifier = enrolled_model.mods.classifier
    for number, (turn, heard) in enumerate(
        zip(TURNS, found.turns, strict=True)
    ):
        assert (heard.start, heard.end, heard.speaker) == turn
        others = [
            vector(enrolled_model, talk, other.start, other.end)
            for at, other in enumerate(TURNS)
            if at != number and other.speaker == turn.speaker
        ]
        own = vector(enrolled_model, talk, turn.start, turn.end)
        with torch.inference_mode():
            classifier.enrol(torch.stack(others) if others else own[None][:0])
            expected = torch.softmax(classifier(own[None])[0] / 1.7, dim=-1)
        chances = mean_probabilities(heard.windows)
        assert [*chances.values()] == pytest.approx(expected.tolist(), abs=1e-4)


def test_without_turns_nobody_speaks(model_folder, talk):
    class Deaf(Listener):
        def hear(self, clip, advance=None):
            return [], (0.0, 6.0)

    found = Predictor(model_folder).predict_file(talk, Deaf("none"))
    assert (found.emotion, found.confidence, found.turns) == ("", None, [])
    assert found.seconds == 6


def rows_of(capsys, *words):
    assert main(["predict", *map(str, words)]) == 0
    return pd.read_csv(io.StringIO(capsys.readouterr().out))


def test_a_row_for_each_turn_and_pause(enrolled_folder, talk, capsys):
    table = rows_of(capsys, enrolled_folder, talk, "--turns=turns.csv")
    speech = table[table["emotion"] != "no speech"]
    assert speech["speaker"].tolist() == [each.speaker for each in TURNS]
    assert speech["enrolled"].tolist() == [2, 0, 2, 2]
    assert speech.filter(like="prob_").sum(axis=1).tolist() == pytest.approx(
        [1] * 4, abs=1e-5
    )
    pauses = table[table["emotion"] == "no speech"]
    assert pauses[["start", "end"]].values.tolist() == [
        [0, 0.5],
        [2.4, 3],
        [3.8, 4],
        [5, 6],
    ]
    assert pauses.filter(like="prob_").isna().all().all()
    assert (pauses["windows"] == 0).all()


def test_a_recording_without_speech_says_so(model_folder, talk, capsys):
    table = rows_of(capsys, model_folder, talk, "--segments")
    assert table["emotion"].tolist() == ["no speech"]
    assert table[["start", "end"]].values.tolist() == [[0, 6]]
    main(["predict", str(model_folder), talk, "--segments", "--format=json"])
    (row,) = json.loads(capsys.readouterr().out)
    assert row["confidence"] is None
    everything = rows_of(
        capsys, model_folder, talk, "--segments", "--speech=none"
    )
    assert "no speech" not in everything["emotion"].tolist()


@pytest.mark.parametrize("form", ["textgrid", "eaf", "rttm"])
def test_other_programs_get_the_same_turns(form, enrolled_folder, talk, capsys):
    name = {"textgrid": "talk.TextGrid", "eaf": "talk.eaf"}.get(form, "t.rttm")
    output = name if form == "rttm" else "out"
    words = [enrolled_folder, talk, "--turns=turns.csv", f"--format={form}"]
    assert main(["predict", *map(str, words), f"--output={output}"]) == 0
    ((_, found),) = read_turns(
        name if form == "rttm" else f"out/{name}"
    ).items()
    assert sorted(found) == TURNS


def refused(capsys, *words):
    assert main(["predict", *map(str, words)]) == 2
    return capsys.readouterr().err


def test_what_does_not_go_together(enrolled_folder, talk, capsys):
    model = enrolled_folder
    assert "not both" in refused(
        capsys, model, talk, "--turns=turns.csv", "--speakers=2"
    )
    assert "give --segments" in refused(capsys, model, talk, "--format=rttm")
    assert "does not say of which of the 2" in refused(
        capsys, model, talk, "other.wav", "--turns=turns.csv"
    )
    assert "auto or their number" in refused(
        capsys, model, talk, "--speakers=many"
    )
    assert "their own other turns" in refused(
        capsys, model, talk, "--turns=turns.csv", "--enrol=."
    )


def test_turns_of_another_recording_are_named(model_folder, talk, capsys):
    with open("b.rttm", "w") as stream:
        stream.write("SPEAKER other 1 0 1 <NA> <NA> Kim <NA> <NA>\n")
    words = ["predict", str(model_folder), talk]
    assert main([*words, "--turns=b.rttm"]) == 3
    error = capsys.readouterr().err
    assert "talk.wav: none of its turns are given: they are of other" in error
    with open("b.rttm", "w") as stream:
        stream.write("SPEAKER talk 1 5 2 <NA> <NA> Kim <NA> <NA>\n")
    assert main([*words, "--turns=b.rttm"]) == 3
    assert "the turn 5-7 s is not in it" in capsys.readouterr().err


def test_two_recordings_do_not_share_a_file():
    with pytest.raises(PredictError, match="a/x.wav and b/x.wav would both"):
        annotation_paths("out", ["a/x.wav", "b/x.wav"], "eaf")
    with pytest.raises(PredictError, match="can hold one recording, not 2"):
        annotation_paths("o.eaf", ["a/x.wav", "b/y.wav"], "eaf")
    assert annotation_paths("o.EAF", ["x.wav"], "eaf") == {"x.wav": "o.EAF"}


def test_conversations_are_what_their_truth_says(tmp_path):
    clips = {}
    for number, who in enumerate("abc"):
        names = []
        for at in range(3):
            path = str(tmp_path / f"{who}{at}.wav")
            time = np.arange(RATE * (at + 1)) / RATE
            tone = 0.3 * np.sin(2 * np.pi * 300 * (number + 1) * time)
            soundfile.write(path, tone, RATE)
            names.append((path, f"e{at}"))
        clips[who] = names
    for overlap in (0.0, 1.0):
        rng = np.random.default_rng(1)
        wave, spoken = make_conversation(
            clips, rng, people=3, seconds=30, overlap=overlap
        )
        assert {each.speaker for each in spoken} == set("abc")
        assert spoken[-1].end >= 30 > spoken[-2].end
        for one, other in zip(spoken, spoken[1:], strict=False):
            assert one.speaker != other.speaker
            assert (other.start < one.end) == bool(overlap)
        for each in spoken:
            part = wave[round(each.start * RATE) : round(each.end * RATE)]
            spectrum = np.abs(np.fft.rfft(part))
            peaks = np.fft.rfftfreq(len(part), 1 / RATE)
            own = 300 * (1 + "abc".index(each.speaker))
            at = np.abs(peaks - own).argmin()
            assert spectrum[at] > 0.8 * spectrum.max()
    for people in (1, 4):
        with pytest.raises(EmoclustError, match="clips of 3"):
            make_conversation(
                {**clips, "nobody": []},
                rng,
                people=people,
                seconds=9,
                overlap=0,
            )
    write_conversation(tmp_path, "talk", wave, spoken[:1])
    ((name, (turn,)),) = read_turns(tmp_path / "talk.rttm").items()
    assert (name, turn.speaker) == ("talk", spoken[0].speaker)
    assert read_turns(tmp_path / "talk.csv")["talk"] == [turn]


@pytest.mark.slow
def test_a_conversation_of_real_voices(
    enrolled_folder, emoclust_data, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    clips = {
        actor: [
            (str(path), path.name[6:8])
            for path in sorted(
                (emoclust_data / "ravdess" / actor).glob("03-01-0[134]*")
            )
        ]
        for actor in ("Actor_01", "Actor_02")
    }
    rng = np.random.default_rng(3)
    wave, spoken = make_conversation(
        clips, rng, people=2, seconds=60, overlap=0.0
    )
    write_conversation(".", "talk", wave, spoken)
    words = [str(enrolled_folder), "talk.flac", "--segments", "--speakers=2"]
    words += ["--format=textgrid", "--output=talk.TextGrid"]
    assert main(["predict", *words]) == 0
    found = read_turns("talk.TextGrid")[""]
    assert {each.speaker for each in found} == {"S1", "S2"}
    hits = np.zeros((2, 2))
    for turn in found:
        for each in spoken:
            shared = min(turn.end, each.end) - max(turn.start, each.start)
            row, column = turn.speaker == "S2", each.speaker == "Actor_02"
            hits[int(row), int(column)] += max(0, shared)
    right = max(hits.trace(), hits[0, 1] + hits[1, 0])
    assert right > 0.85 * sum(each.end - each.start for each in spoken)
