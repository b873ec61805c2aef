"""A small model with random weights, a clip, and a server."""

import os
import pathlib
import re
import signal
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from emoclust_lobes.predict.predictor import Predictor
from emoclust_lobes.synthetic.inference import made_up_model

# `emoclust`, which notes what it looks up and connects to
NOTED = """
import sys
log = open(sys.argv.pop(1), "w", buffering=1)
def note(event, arguments):
    if event == "socket.getaddrinfo":
        print(arguments[0], file=log)
    elif event in ("socket.connect", "socket.sendto"):
        print(arguments[1], file=log)
sys.addaudithook(note)
from emoclust_lobes.cli import main
sys.exit(main())
"""


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    """Folder as stage 2 leaves it."""
    return made_up_model(tmp_path_factory.mktemp("model") / "inference")


@pytest.fixture(scope="session")
def predictor(model_folder):
    """Of the model."""
    return Predictor(model_folder)


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """Path of a WAV of eight seconds, at another rate than the model's."""
    path = tmp_path_factory.mktemp("clips") / "a clip.wav"
    noise = np.random.default_rng(1).normal(scale=0.1, size=8 * 22050)
    soundfile.write(path, noise, 22050)
    return path


@pytest.fixture(scope="session")
def serve(model_folder, tmp_path_factory):
    """Function that starts a server.

    It gives the address of the page, the folder of its uploads and the file of
    its connections.
    """
    pytest.importorskip("gradio")
    running = []

    def start(*options):
        folder = tmp_path_factory.mktemp("server")
        log = folder / "connections"
        limits = ["--port=0", "--max_megabytes=1", "--max_seconds=10"]
        command = ["serve", model_folder, *limits, *options]
        process = subprocess.Popen(
            [sys.executable, "-c", NOTED, log, *command],
            stdout=subprocess.PIPE,
            text=True,
            cwd=pathlib.Path(__file__).parents[3],
            env={**os.environ, "TMPDIR": str(folder)},
        )
        line = process.stdout.readline()
        (uploads,) = folder.glob("emoclust-*")
        running.append((process, uploads))
        return re.search(r"http://\S+", line).group(), uploads, log

    yield start
    for process, _ in running:
        process.send_signal(signal.SIGTERM)
    for process, uploads in running:
        assert process.wait(timeout=30) == 0
        assert not uploads.exists()


@pytest.fixture(scope="session")
def server(serve):
    """One on this machine alone."""
    return serve()


@pytest.fixture
def left(server):
    """Function that lists what was uploaded and is still there."""
    return lambda: [path for path in server[1].rglob("*") if path.is_file()]
