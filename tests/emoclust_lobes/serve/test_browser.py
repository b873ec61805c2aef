"""The page in a browser, as somebody uses it.

Needs Gradio, Playwright and a Chromium (on the PATH, or in the variable
CHROMIUM).
"""

import os
import shutil
import urllib.parse

import numpy as np
import pytest
from emoclust_lobes.serve.html import spoken
from emoclust_lobes.synthetic.conversations import (
    make_conversation,
    write_conversation,
)

pytest.importorskip("gradio")
playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))),
    None,
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None, reason="needs Chromium, on the PATH or in CHROMIUM"
    ),
]


@pytest.fixture(scope="module")
def browser():
    """Chromium, without a window."""
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",  # which root may not have
                "--use-fake-device-for-media-stream",  # a microphone that beeps
                "--use-fake-ui-for-media-stream",
            ],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, server):
    """The page, opened; in the end, that it asked nobody else."""
    asked = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request))
    page.goto(server[0])
    page.wait_for_selector("#clip input[type=file]", state="attached")
    yield page
    page.close()
    assert len(asked) > 5
    for request in asked:
        parts = urllib.parse.urlsplit(request.url.removeprefix("blob:"))
        own = f"{parts.scheme}://{parts.netloc}" == server[0]
        # Scripts of other sites, which older Gradio names, are never fetched
        blocked = request.failure == "csp"
        assert own or parts.scheme == "data" or blocked, request.url


def drop(page, path):
    """Give the page a file, and return what it shows then."""
    page.set_input_files("#clip input[type=file]", path)
    return page.wait_for_selector(".emo-result, .emo-problem").inner_text()


def test_clip_is_shown_and_deleted(page, left, clip, predictor):
    shown = drop(page, clip)
    expected = predictor.predict_file(clip)
    assert f"this sounds\n{spoken(expected.emotion)}" in shown
    widths = page.eval_on_selector_all(
        ".emo-bar",
        "bars => bars.map(bar => bar.getBoundingClientRect().width"
        " / bar.parentElement.getBoundingClientRect().width)",
    )
    chances = sorted(expected.probabilities.values(), reverse=True)
    assert widths == pytest.approx(chances, abs=0.02)
    # The time line is a picture that the browser can draw
    assert page.eval_on_selector(".emo-time img", "x => x.naturalWidth") > 100
    # The clip plays from the browser's memory: the server has none
    page.wait_for_function(
        "Math.abs(document.querySelector('.emo-clip').duration - 8) < 0.1"
    )
    assert left() == []
    assert "Synthetic <speech>" in page.inner_text("body")
    assert "Your audio stays on this machine" in page.inner_text("body")


def test_other_files_are_refused_in_a_sentence(page, left, tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("hello world")
    assert "This file is not audio" in drop(page, text)
    assert left() == []
    large = tmp_path / "large.wav"
    large.write_bytes(bytes(1_200_000))
    page.set_input_files("#clip input[type=file]", large)
    page.wait_for_selector(r"text=/maximum allowed size of 1(\.0)? MB/i")
    assert left() == []


def test_recording_is_classified_and_deleted(page, left):
    page.click("#recorder button.record")
    page.wait_for_timeout(1500)
    page.click("#recorder button.stop-button")
    assert "This sounds" in page.wait_for_selector(".emo-result").inner_text()
    assert left() == []


def test_each_speaker_has_a_lane_and_a_turn_plays(
    browser, serve, emoclust_data, tmp_path
):
    pytest.importorskip("silero_vad")
    clips = {
        actor: [
            (str(path), "")
            for path in sorted(
                (emoclust_data / "ravdess" / actor).glob("*.flac")
            )
        ]
        for actor in ("Actor_01", "Actor_02")
    }
    rng = np.random.default_rng(1)
    wave, spoken_parts = make_conversation(
        clips, rng, people=2, seconds=15, overlap=0.0
    )
    write_conversation(tmp_path, "talk", wave, spoken_parts)
    address, _, _ = serve("--speakers=2", "--max_seconds=60")
    page = browser.new_page()
    page.goto(address)
    page.wait_for_selector("#clip input[type=file]", state="attached")
    assert "people speaking" in page.inner_text("body")
    drop(page, tmp_path / "talk.flac")
    lanes = page.query_selector_all(".emo-lane")
    turns = page.query_selector_all(".emo-turn")
    assert len(lanes) == 2
    assert len(turns) >= len(spoken_parts) - 1
    page.wait_for_function("document.querySelector('.emo-clip').duration > 10")
    turns[-1].click()
    start = float(turns[-1].get_attribute("data-start"))
    end = float(turns[-1].get_attribute("data-end"))
    page.wait_for_function(
        f"document.querySelector('.emo-clip').currentTime > {start}"
    )
    page.wait_for_function("document.querySelector('.emo-clip').paused")
    stopped = page.eval_on_selector(".emo-clip", "x => x.currentTime")
    assert stopped == pytest.approx(end, abs=0.6)
    if os.environ.get("EMOCLUST_SCREENSHOT"):
        page.screenshot(path=os.environ["EMOCLUST_SCREENSHOT"], full_page=True)
    page.close()
