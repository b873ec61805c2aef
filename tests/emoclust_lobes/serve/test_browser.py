"""The page in a browser, as somebody uses it, and as somebody abuses it.

Needs Gradio, Playwright and a Chromium (on the PATH, or in the variable
CHROMIUM).
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import urllib.parse

import pytest
from emoclust_lobes.predict import Predictor
from emoclust_lobes.serve.html import spoken

pytest.importorskip("gradio")
httpx = pytest.importorskip("httpx")
playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))),
    None,
)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="needs Chromium, on the PATH or in CHROMIUM"
)

# `emoclust serve`, which notes what it looks up and connects to
SERVE = """
import argparse, sys
log = open(sys.argv.pop(1), "w", buffering=1)
def note(event, arguments):
    if event == "socket.getaddrinfo":
        print(arguments[0], file=log)
    elif event in ("socket.connect", "socket.sendto"):
        print(arguments[1], file=log)
sys.addaudithook(note)
from emoclust_lobes.serve import command
parser = argparse.ArgumentParser()
command.add_arguments(parser)
sys.exit(command.run(parser.parse_args()))
"""


@pytest.fixture(scope="module")
def server(model_folder, tmp_path_factory):
    """Address of the page, folder of its uploads, file of its connections."""
    folder = tmp_path_factory.mktemp("server")
    log = folder / "connections"
    options = ["--port=0", "--max_megabytes=1", "--max_seconds=10"]
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, log, model_folder, *options],
        stdout=subprocess.PIPE,
        text=True,
        cwd=pathlib.Path(__file__).parents[3],
        env={**os.environ, "TMPDIR": str(folder)},
    )
    address = re.search(r"http://\S+", process.stdout.readline()).group()
    (uploads,) = folder.glob("emoclust-*")
    yield address, uploads, log
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    assert not uploads.exists()


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
    page.on("request", lambda request: asked.append(request.url))
    page.goto(server[0])
    page.wait_for_selector("#clip input[type=file]", state="attached")
    yield page
    page.close()
    assert len(asked) > 5
    for url in asked:
        parts = urllib.parse.urlsplit(url.removeprefix("blob:"))
        own = f"{parts.scheme}://{parts.netloc}" == server[0]
        assert own or parts.scheme == "data", url


def drop(page, path):
    """Give the page a file, and return what it shows then."""
    page.set_input_files("#clip input[type=file]", path)
    return page.wait_for_selector(".emo-result, .emo-problem").inner_text()


def files_in(folder):
    """Whatever was uploaded and is still there."""
    return [path for path in folder.rglob("*") if path.is_file()]


def test_clip_is_heard_shown_and_deleted(page, server, clip, model_folder):
    shown = drop(page, clip)
    expected = Predictor(model_folder).predict_file(clip)
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
    assert files_in(server[1]) == []
    assert "Synthetic <speech>" in page.inner_text("body")
    assert "Your audio stays on this machine" in page.inner_text("body")


def test_other_files_are_refused_in_a_sentence(page, server, tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("hello world")
    assert "This file is not audio" in drop(page, text)
    assert files_in(server[1]) == []
    large = tmp_path / "large.wav"
    large.write_bytes(bytes(1_200_000))
    page.set_input_files("#clip input[type=file]", large)
    page.wait_for_selector(r"text=/maximum allowed size of 1(\.0)? MB/i")
    assert files_in(server[1]) == []


def test_recording_is_heard_and_deleted(page, server):
    page.click("#recorder button.record")
    page.wait_for_timeout(1500)
    page.click("#recorder button.stop-button")
    assert "This sounds" in page.wait_for_selector(".emo-result").inner_text()
    assert files_in(server[1]) == []


def ask(client, path):
    """Ask about a file as the page does; return the answer and its messages."""
    config = client.get("/config").json()
    session = {"session_hash": "abc"}
    function = next(
        each["id"] for each in config["dependencies"] if each["inputs"]
    )
    clip = {"path": str(path), "meta": {"_type": "gradio.FileData"}}
    body = {"data": [clip], "fn_index": function, **session}
    answer = client.post("/gradio_api/queue/join", json=body)
    if answer.is_error:
        return answer.status_code, answer.text
    told = client.get("/gradio_api/queue/data", params=session).text
    return answer.status_code, told


def test_abuse_leads_nowhere(server, clip, model_folder):
    address, uploads, log = server
    secret = model_folder / "hyperparams.yaml"
    with httpx.Client(base_url=address, timeout=60) as client:
        # A name that points elsewhere stays in the folder of uploads
        names = {"files": ("../../../escaped.wav", clip.read_bytes())}
        (path,) = client.post("/gradio_api/upload", files=names).json()
        path = pathlib.Path(path)
        assert list(uploads.parents[2].rglob("escaped.wav")) == [path]
        assert path.is_relative_to(uploads.resolve())
        assert "this sounds" in ask(client, path)[1]
        assert files_in(uploads) == []
        # Other files are neither copied, nor heard, nor served, nor deleted
        for each in (secret, uploads / ".." / "connections"):
            assert ask(client, each) == (403, "Only uploads are heard.")
            assert client.get(f"/gradio_api/file={each}").status_code == 404
            assert each.exists()
        assert ask(client, "http://192.0.2.1/a.wav")[0] == 403
        # Too much is refused before it is stored
        large = {"files": ("a.wav", bytes(1_200_000))}
        answer = client.post("/gradio_api/upload", files=large)
        assert answer.status_code == 413
        assert "Up to 1 megabytes" in answer.text
        other = {"origin": "https://attacker.example"}
        assert client.get("/", headers=other).status_code == 403
    assert files_in(uploads) == []
    connections = log.read_text().splitlines()
    assert all("127.0.0.1" in x or x == "localhost" for x in connections)
