"""What is let through to Gradio, and what every answer tells the browser."""

import asyncio
import json
import os
import pathlib
import tempfile

import pytest
from emoclust_lobes.serve.gate import FILES, Gate
from hypothesis import (
    example,
    given,
    strategies as st,
)

FOLDER = pathlib.Path(tempfile.gettempdir(), "emoclust-gate").resolve()
HOST = {"host": "127.0.0.1:7860"}


async def hello(scope, receive, send):
    """An application."""
    headers = [(b"content-type", b"text/plain"), (b"Cache-Control", b"public")]
    await send(
        {"type": "http.response.start", "status": 200, "headers": headers}
    )
    await send({"type": "http.response.body", "body": b"hello"})


GATE = Gate(hello, host="127.0.0.1", folder=FOLDER, max_bytes=2**20)


def status(path="/", **headers):
    """Of a refusal, or 200."""
    headers = {name.replace("_", "-"): x for name, x in headers.items()}
    refusal = GATE.refusal(path, HOST | headers)
    return 200 if refusal is None else refusal[0]


@pytest.mark.parametrize(
    "host, expected",
    [
        ("127.0.0.1:7860", 200),
        ("localhost:7860", 200),
        ("LOCALHOST", 200),
        ("[::1]:7860", 200),
        ("192.168.1.7:7860", 200),
        ("attacker.example", 403),
        ("127.0.0.1.attacker.example", 403),
        ("localhost.attacker.example:7860", 403),
        ("", 403),
        ("[::1", 403),
    ],
)
def test_names_of_other_sites_that_lead_here_are_refused(host, expected):
    assert status(host=host) == expected


@pytest.mark.parametrize(
    "origin, expected",
    [
        ("http://127.0.0.1:7860", 200),
        ("http://127.0.0.1:8000", 403),
        ("http://localhost:7860", 403),
        ("https://attacker.example", 403),
        ("null", 403),
    ],
)
def test_pages_of_other_sites_may_not_ask(origin, expected):
    assert status("/gradio_api/upload", origin=origin) == expected


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/proxy=http://example.org",
        "/gradio_api/file=http://example.org/a.wav",
        "/gradio_api/vibe-edit/",
        "/gradio_api/process_recording",
        "/gradio_api/component_server",
        "/gradio_api/run/predict",
        "/gradio_api/runs",
        "/gradio_api/info",
        "/monitoring",
        "/login",
        "/static",
        "/etc/passwd",
        "",
    ],
)
def test_what_the_page_does_not_need_is_not_there(path):
    assert status(path) == 404


@given(
    st.lists(
        st.sampled_from(
            ["..", ".", "", "etc", "emoclust-gate", "a.wav", str(FOLDER)]
        ),
        min_size=1,
        max_size=7,
    )
)
@example([str(FOLDER), "a.wav"])
def test_only_files_in_the_folder_are_served(parts):
    path = "/".join(parts)  # beginning with "" or FOLDER, it is absolute
    real = os.path.realpath(os.path.join(FOLDER, path))
    inside = path.startswith("/") and (real + "/").startswith(f"{FOLDER}/")
    assert status(FILES + path) == (200 if inside else 404)


@pytest.mark.parametrize(
    "headers, expected",
    [
        ({"content_length": "1048576"}, 200),
        ({"content_length": "1120000"}, 413),
        ({"content_length": "9" * 15}, 413),
        ({"content_length": "9" * 16}, 400),
        ({"content_length": "-1"}, 400),
        ({"content_length": "many"}, 400),
        ({"transfer_encoding": "chunked"}, 411),
    ],
)
def test_large_bodies_are_refused_before_they_are_read(headers, expected):
    assert status("/gradio_api/upload", **headers) == expected


@pytest.mark.parametrize("path", ["/", "/gradio_api/queue/join"])
def test_a_question_is_no_longer_than_one(path):
    expected = 200 if path == "/" else 413
    assert status(path, content_length="70000") == expected


def answer(path, *parts):
    """Status, headers and body that a browser gets; and what Gradio got."""
    sent, passed = [], []
    messages = [
        {"type": "http.request", "body": part, "more_body": i < len(parts)}
        for i, part in enumerate(parts, 1)
    ] or [{"type": "http.request", "body": b""}]

    async def send(message):
        sent.append(message)

    async def receive():
        return messages.pop(0)

    async def app(scope, receive, send):
        passed.append((await receive())["body"])
        await hello(scope, receive, send)

    headers = [(b"host", b"127.0.0.1:7860")]
    scope = {"type": "http", "path": path, "headers": headers}
    gate = Gate(app, host="127.0.0.1", folder=FOLDER, max_bytes=2**20)
    asyncio.run(gate(scope, receive, send))
    assert messages == []  # all was read, also of what is refused
    return sent[0]["status"], sent[0]["headers"], sent[1]["body"], passed


@pytest.mark.parametrize("path, expected", [("/", 200), ("/monitoring", 404)])
def test_every_answer_tells_the_browser_to_ask_nobody_else(path, expected):
    found, headers, body, _ = answer(path)
    assert found == expected
    assert (body == b"hello") == (expected == 200)
    names = [name.lower() for name, _ in headers]
    assert len(names) == len(set(names))
    policy = dict(headers)[b"content-security-policy"].decode()
    sources = policy.partition("default-src ")[2].partition(";")[0].split()
    assert "'self'" in sources
    assert not any("." in each or "*" in each for each in sources)
    assert dict(headers)[b"cache-control"] == b"no-store"


QUESTION = "/gradio_api/queue/join"


def clip_at(path):
    """As a browser names an upload."""
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


UPLOAD = clip_at(f"{FOLDER}/0123/a.wav")


def test_a_question_about_an_upload_passes_in_the_words_that_were_checked():
    text = json.dumps({"data": [UPLOAD], "session_hash": "abc"}).encode()
    found, _, _, passed = answer(QUESTION, text[:20], text[20:])
    assert found == 200
    assert [json.loads(each) for each in passed] == [json.loads(text)]
    # Of a key that comes twice, the other one does not get through
    twice = text.replace(b'{"path"', b'{"path": "/etc/passwd", "path"')
    assert answer(QUESTION, twice)[3] == passed


@pytest.mark.parametrize(
    "clip",
    [
        clip_at("/etc/passwd"),
        clip_at("http://192.0.2.1/a.wav"),
        clip_at(f"{FOLDER}/../secret.wav"),
        clip_at(f"{FOLDER}\0"),
        clip_at("a.wav"),
        clip_at(["/etc/passwd"]),
        [UPLOAD, clip_at("/etc/passwd")],
        {"path": UPLOAD["path"], "more": {"files": [clip_at("/etc/passwd")]}},
    ],
)
@pytest.mark.parametrize("key", ["data", "event_data"])
def test_a_question_about_another_file_is_refused(clip, key):
    found, _, body, passed = answer(QUESTION, json.dumps({key: clip}).encode())
    assert found == 403 and passed == []
    assert body == b"Only uploads are heard."


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[" * 50_000])
def test_what_is_no_question_is_refused(text):
    found, _, _, passed = answer(QUESTION, text)
    assert found == 400 and passed == []
