"""The server, asked by programs: who gets in, and how far."""

import json
import pathlib
import socket

import pytest
from emoclust_lobes.serve import ServeError
from emoclust_lobes.serve.server import free_port, is_loopback

httpx = pytest.importorskip("httpx")


@pytest.fixture
def client(server):
    """Somebody on this machine."""
    with httpx.Client(base_url=server[0], timeout=60) as client:
        yield client


def ask(client, path):
    """Ask about a file as the page does, and return what it is told."""
    config = client.get("/config").json()
    function = next(
        each["id"] for each in config["dependencies"] if each["inputs"]
    )
    clip = {"path": str(path), "meta": {"_type": "gradio.FileData"}}
    session = {"session_hash": "abc"}
    body = {"data": [clip], "fn_index": function, **session}
    client.post("/gradio_api/queue/join", json=body).raise_for_status()
    lines = client.get("/gradio_api/queue/data", params=session).text
    return [
        json.loads(line.removeprefix("data:"))
        for line in lines.splitlines()
        if "process_completed" in line
    ]


def test_a_clip_is_classified_and_deleted(client, server, clip, left):
    # A name that points elsewhere stays in the folder of uploads
    names = {"files": ("../../../escaped.wav", clip.read_bytes())}
    (path,) = client.post("/gradio_api/upload", files=names).json()
    assert list(server[1].parent.rglob("escaped.wav")) == [pathlib.Path(path)]
    assert pathlib.Path(path).is_relative_to(server[1].resolve())
    (told,) = ask(client, path)
    assert told["success"] and "this sounds" in told["output"]["data"][0]
    assert left() == []


def test_other_files_are_neither_used_nor_served(
    client, server, model_folder, left
):
    for secret in (model_folder / "hyperparams.yaml", server[2]):
        (told,) = ask(client, secret)
        assert not told["success"]
        answer = client.get(f"/gradio_api/file={secret}")
        assert answer.status_code in (403, 404)
        assert secret.exists()
    assert left() == []


def test_what_is_too_large_is_refused(client, left):
    large = {"files": ("a.wav", bytes(1_200_000))}
    answer = client.post("/gradio_api/upload", files=large)
    assert answer.status_code == 413
    assert left() == []


@pytest.mark.parametrize(
    "name, status", [("localhost", 200), ("attacker.example", 400)]
)
def test_names_of_other_sites_that_lead_here_are_refused(name, status, client):
    answer = client.get("/config", headers={"host": f"{name}:7860"})
    assert answer.status_code == status


def test_pages_of_other_sites_read_no_answer(client, server):
    allowed = "access-control-allow-origin"
    for origin in ("https://attacker.example", "null", server[0]):
        answer = client.get("/config", headers={"origin": origin})
        assert (allowed in answer.headers) == (origin == server[0])


def test_the_browser_is_told_to_ask_nobody_else(client):
    policy = client.get("/").headers["content-security-policy"]
    sources = policy.partition("default-src ")[2].partition(";")[0].split()
    assert "'self'" in sources
    assert not any("." in each or "*" in each for each in sources)


def test_the_server_connects_to_its_own_machine_alone(client, server):
    client.get("/")
    connections = server[2].read_text().splitlines()
    assert connections
    assert all("127.0.0.1" in x or x == "localhost" for x in connections)


def test_other_hosts_ask_for_the_password(serve):
    address, _, _ = serve("--host=0.0.0.0", "--auth=kim:a:b")
    with httpx.Client(base_url=address) as client:
        assert client.get("/config").status_code == 401
        wrong = {"username": "kim", "password": "a"}
        assert client.post("/login", data=wrong).status_code == 400
        client.post("/login", data={**wrong, "password": "a:b"})
        told = client.get("/config").text
        assert "goes to the computer that serves this page" in told


def test_only_this_machine_reaches_a_loopback_address():
    assert all(map(is_loopback, ("127.0.0.1", "127.1.2.3", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "localhost.example")))


def test_ports_that_cannot_be_had_are_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for host, number in (
            ("127.0.0.1", port),
            ("192.0.2.1", 0),  # of nobody (RFC 5737)
            ("127.0.0.1", 70000),
            ("127.0.0.1", -1),
        ):
            with pytest.raises(ServeError, match=f"port {number} of {host}"):
                free_port(host, number)
    assert free_port("127.0.0.1", 0) > 0
