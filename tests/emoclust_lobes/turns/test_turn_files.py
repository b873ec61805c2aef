"""Turns of other programs, read strictly."""

import pytest
from emoclust_lobes.predict.annotations import annotation
from emoclust_lobes.turns.speech import TurnsError
from emoclust_lobes.turns.turn import Turn
from emoclust_lobes.turns.turn_files import read_turns
from hypothesis import (
    given,
    settings,
    strategies as st,
)

RTTM = "SPEAKER {0} 1 {1} {2} <NA> <NA> {3} <NA> <NA>\n"


def test_rttm_of_several_recordings(tmp_path):
    path = tmp_path / "a.rttm"
    path.write_text(
        ";; a comment\nSPKR-INFO b 1 <NA> <NA> <NA> unknown Kim <NA> <NA>\n\n"
        + RTTM.format("b", 0.5, 1.25, "Kim")
        + RTTM.format("a", 0, 3, "Ana")
        + RTTM.format("b", 1.0, 1.25, "Ana").replace(" <NA>\n", "\n")
    )
    assert read_turns(path) == {
        "b": [Turn(0.5, 1.75, "Kim"), Turn(1.0, 2.25, "Ana")],
        "a": [Turn(0.0, 3.0, "Ana")],
    }


BAD = {
    "a.rttm": [
        ("SPEAKER a 1 0 1 Kim\n", "line 1: RTTM has 9 or 10 fields, found 6"),
        (RTTM.format("a", "x", 1, "Kim"), "line 1: x and 1 are no seconds"),
        (RTTM.format("a", 1, 0, "Kim"), "line 1: a turn from 1 to 1 s"),
        (RTTM.format("a", -1, 3, "Kim"), "line 1: a turn from -1 to 2 s"),
        (RTTM.format("a", 1, "nan", "Kim"), "line 1: a turn from 1 to nan s"),
        ("0.5 2.0 Kim\n", "line 1: not RTTM, but '0.5 2.0 Kim'"),
        ("", "there is no turn in it"),
        (
            RTTM.format("a", 0, 2, "Kim") + RTTM.format("a", 1, 2, "Kim"),
            "a: two turns of Kim overlap, 0-2 s and 1-3 s",
        ),
    ],
    "a.csv": [
        ("start,stop,speaker\n", "no column end, but start, stop, speaker"),
        ("start,end,speaker\n1,2\n", "line 2: nobody speaks"),
        ("start,end,speaker\n1,two,A\n", "line 2: '1' and 'two' are no"),
        ("start,end,speaker\n1,2, \n", "line 2: nobody speaks"),
    ],
    "a.TextGrid": [("hello", "cannot be read as a TextGrid")],
    "a.eaf": [("<hello>", "cannot be read as an eaf")],
    "a.txt": [("", "turns are read from .rttm, .csv, .textgrid, .eaf, not")],
}


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [(name, *case) for name, cases in BAD.items() for case in cases],
)
def test_what_is_no_turn_is_refused(name, text, reason, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(TurnsError) as refused:
        read_turns(tmp_path / name)
    assert f"{name}: {reason}" in str(refused.value)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,2,A,B", "line 2: 4 cells under 3 columns"),
        ('1,2,"A\nB"', "line 2: a line break in a cell"),
        ('1,2,"A', "line 2: a quote that begins in it does not end"),
    ],
)
def test_turns_are_read_as_strictly_as_other_tables(row, reason, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f"start,end,speaker\n{row}\n")
    with pytest.raises(TurnsError) as refused:
        read_turns(path)
    assert f"{path} has 1 unusable rows: {reason}" in str(refused.value)


def test_a_file_that_is_not_there(tmp_path):
    for name in ("no.rttm", "no.csv", "no.TextGrid", "no.eaf"):
        with pytest.raises(TurnsError, match="No such file"):
            read_turns(tmp_path / name)


TURN = st.tuples(
    st.integers(0, 3), st.integers(1, 900), st.sampled_from(["ang", "neu"])
)


@settings(max_examples=20, deadline=None)
@given(turns=st.lists(TURN, min_size=1, max_size=8))
@pytest.mark.parametrize("form", ["rttm", "textgrid", "eaf"])
def test_what_is_written_is_read_again(form, turns, tmp_path_factory):
    position, rows = 0, []
    for speaker, length, emotion in turns:
        rows.append(
            {
                "path": "calls/a.wav",
                "start": position / 100,
                "end": (position + length) / 100,
                "emotion": emotion,
                "confidence": 0.5,
                "speaker": f"S{speaker}",
            }
        )
        position += length + 10
    pause = {"start": 0, "end": 0.1, "emotion": "no speech", "speaker": ""}
    text = annotation([pause, *rows], form, position / 100)
    path = tmp_path_factory.mktemp("turns") / f"a.{form}"
    path.write_text(text, encoding="utf-8")
    ((recording, found),) = read_turns(path).items()
    assert recording == ("a" if form == "rttm" else "")
    expected = [(x["start"], x["end"], x["speaker"]) for x in rows]
    found = sorted(found)
    assert [each.speaker for each in found] == [x[2] for x in expected]
    for turn, (start, end, _) in zip(found, expected, strict=True):
        assert turn[:2] == pytest.approx((start, end), abs=1e-6)
    assert text.count("ang") >= sum(x["emotion"] == "ang" for x in rows)


def test_a_tier_of_points_is_refused(tmp_path):
    textgrid = pytest.importorskip("praatio.textgrid")
    grid = textgrid.Textgrid(0, 2)
    grid.addTier(textgrid.PointTier("clicks", [(1.0, "x")], 0, 2))
    path = str(tmp_path / "a.TextGrid")
    grid.save(path, "long_textgrid", True)
    with pytest.raises(TurnsError, match="the tier clicks has points"):
        read_turns(path)
