"""What is shown, and that nothing in it can be more than text."""

import re

import pytest
from emoclust_lobes.predict.prediction import FilePrediction, HeardTurn
from emoclust_lobes.serve.html import percent, problem_html, result_html, spoken
from hypothesis import (
    given,
    strategies as st,
)


def prediction(chances, n_windows=1):
    """Of a clip in which all windows are alike."""
    emotion = max(chances, key=chances.get)
    windows = [(1.5 * i, 1.5 * i + 3, chances) for i in range(n_windows)]
    return FilePrediction(
        path="/secret/<name>.wav",
        emotion=emotion,
        confidence=chances[emotion],
        probabilities=chances,
        seconds=windows[-1][1],
        windows=windows,
    )


@given(st.floats(0, 1))
def test_percent_is_never_off_by_more_than_half_a_point(share):
    text = percent(share)
    number = int(re.search(r"\d+", text).group())
    if text.startswith("under"):
        assert 0 < share < number / 100
    elif text.startswith("over"):
        assert number / 100 < share < 1
    else:
        assert abs(100 * share - number) <= 0.5 + 1e-9


def test_bars_are_as_wide_as_the_probabilities_and_sorted():
    chances = {"ang": 0.125, "sad": 0.625, "<i>": 0.25}
    shown = result_html(prediction(chances))
    assert re.findall(r"width:([\d.]+)%", shown) == ["62.5", "25.0", "12.5"]
    rows = re.findall(r'<th scope="row">(.*?)</th>', shown)
    assert rows == ["sad", "&lt;i&gt;", "angry"]
    assert "<b>62 %</b> sure" in shown
    assert "secret" not in shown


@pytest.mark.parametrize("n_windows, drawn", [(1, 0), (2, 0), (3, 1)])
def test_only_longer_clips_have_a_time_line(n_windows, drawn):
    shown = result_html(prediction({"ang": 0.75, "sad": 0.25}, n_windows))
    assert shown.count("data:image/svg+xml;base64,") == drawn


@given(st.text())
def test_sentences_and_codes_are_shown_as_text(text):
    for shown in (spoken(text), problem_html(text).split(">", 1)[1]):
        body = shown.removesuffix("</div>\n")
        assert "<" not in body and '"' not in body


def test_below_the_threshold_the_emotion_is_unknown():
    found = prediction({"ang": 0.6, "sad": 0.4})
    word = re.compile(r"</span>(\w+)</div>")
    assert word.search(result_html(found, 0.59))[1] == "angry"
    text = result_html(found, 0.6)
    assert word.search(text)[1] == "unknown" and "not sure enough" in text
    assert "60 %" in text  # what it knows is still told


def test_each_speaker_has_a_lane_of_turns():
    angry, sad = {"ang": 0.9, "sad": 0.1}, {"ang": 0.2, "sad": 0.8}
    turns = [
        HeardTurn(1.0, 3.0, "S1", 1, [(1.0, 3.0, angry)]),
        HeardTurn(3.5, 4.0, "<S2>", 0, [(3.5, 4.0, sad)]),
        HeardTurn(4.0, 5.0, "S1", 1, [(4.0, 5.0, sad)]),
    ]
    windows = [window for turn in turns for window in turn.windows]
    prediction = FilePrediction(
        *("a.wav", "sad", 0.5, {"ang": 0.5, "sad": 0.5}, 10.0, windows),
        turns=turns,
        bounds=(0.0, 10.0),
    )
    page = result_html(prediction)
    assert page.count('class="emo-lane"') == 2
    assert page.count('class="emo-turn"') == 3
    assert "<S2>" not in page and "&lt;S2&gt;" in page
    assert 'data-start="3.500" data-end="4.000"' in page
    assert "left:35.000%;width:5.000%" in page
    assert "sad, 80 % sure, 3.5 to 4.0 seconds" in page
    assert "emo-time" not in page


def test_a_clip_without_speech_says_so():
    nobody = FilePrediction("a.wav", "", None, {}, 3.0, [], turns=[])
    assert "Nobody speaks in this clip" in result_html(nobody)
