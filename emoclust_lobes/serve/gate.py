"""The door before Gradio: lets through what the page needs, nothing else.

Gradio can do much more than this page: it fetches addresses and copies files
that it is told of, proxies, keeps histories, takes recordings of the screen. A
page of another site that is open in the same browser can send requests to this
machine, too. So every request is looked at before Gradio sees it, and every answer tells the
browser to ask nobody else.
"""

import ipaddress
import json
import pathlib
import re
import socket
import urllib.parse

# Of gradio 6, as the page uses them
PAGES = (
    "/",
    "/config",
    "/theme.css",
    "/favicon.ico",
    "/manifest.json",
    "/gradio_api/upload",
    "/gradio_api/upload_progress",
    "/gradio_api/queue/data",
)
QUESTION = "/gradio_api/queue/join"
FOLDERS = ("/assets/", "/static/", "/gradio_api/heartbeat/")
FILES = "/gradio_api/file="

# What the browser may load: from here, and what the page itself makes.
# Gradio's front end makes functions of text, which is 'unsafe-eval'.
SECURITY = {
    "content-security-policy": (
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
        "frame-ancestors 'none'; form-action 'self'; object-src 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
# Beside its file an upload has headers; a question has no file.
ENVELOPE = 64 * 1024


class Gate:
    """ASGI middleware that refuses what the page does not need.

    Refused are

    * names of hosts that are not this machine's: a name of another site may
      be made to lead here (DNS rebinding); addresses cannot;
    * requests that a page of another site sends (``Origin``);
    * paths other than the page's, files outside the folder of uploads;
    * questions about anything but an upload;
    * bodies that are too large or do not say how large they are, before they
      are read.

    Arguments
    ---------
    app : callable
        The ASGI application behind.
    host : str
        The host that was asked for.
    folder : pathlib.Path
        Where uploads lie.
    max_bytes : int
        Size of the largest upload.

    Example
    -------
    >>> folder = pathlib.Path("/tmp/uploads")
    >>> gate = Gate(app=None, host="localhost", folder=folder, max_bytes=2**20)
    >>> gate.refusal("/", {"host": "localhost:7860"})
    >>> gate.refusal("/", {"host": "attacker.example"})
    (403, 'This machine is not called attacker.example.')
    """

    def __init__(self, app, host, folder, max_bytes):
        self.app = app
        self.hosts = {"localhost", host.lower(), socket.gethostname().lower()}
        self.folder = folder.resolve()
        self.max_bytes = max_bytes

    async def __call__(self, scope, receive, send):
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # Gradio's page opens no web socket
            await send({"type": "websocket.close", "code": 1008})
            return
        path = scope["path"]
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        send = _secured(send)
        refusal = self.refusal(path, headers)
        if refusal is not None:
            # A browser reads no answer before it has sent everything
            while (await receive()).get("more_body"):
                pass
        elif path == QUESTION:
            receive, refusal = await self._look_into(receive)
        if refusal is None:
            await self.app(scope, receive, send)
        else:
            await _answer(send, *refusal)

    def refusal(self, path, headers):
        """Say why a request is refused.

        Arguments
        ---------
        path : str
            Of the address, decoded.
        headers : dict
            With names in lower case.

        Returns
        -------
        (int, str) or None
            Status and a sentence; ``None`` for a request that may pass.
        """
        host = headers.get("host", "")
        if not self._is_ours(host):
            return 403, f"This machine is not called {host}."
        origin = headers.get("origin")
        if origin is not None and urllib.parse.urlsplit(origin).netloc != host:
            return 403, "Another site may not use this page."
        if not self._is_open(path):
            return 404, "There is nothing here."
        if "transfer-encoding" in headers:
            return 411, "An upload must say how large it is."
        length = headers.get("content-length", "0")
        if not re.fullmatch("[0-9]{1,15}", length):
            return 400, "An upload must say how large it is."
        largest = ENVELOPE + (0 if path == QUESTION else self.max_bytes)
        if int(length) > largest:
            return 413, (
                "The clip is too large. Up to "
                f"{self.max_bytes / 2**20:g} megabytes are taken here."
            )
        return None

    async def _look_into(self, receive):
        """Read a question; pass on the text that was checked, and no other."""
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        try:
            question = json.loads(body)
            allowed = all(map(self._is_upload, _paths_in(question)))
        except (RecursionError, ValueError):
            return None, (400, "This is no question.")
        if not allowed:
            return None, (403, "Only uploads are heard.")
        checked = json.dumps(question).encode("ascii")
        messages = [{"type": "http.request", "body": checked}]

        async def replay():
            return messages.pop() if messages else await receive()

        return replay, None

    def _is_ours(self, host):
        """Say whether a Host header names this machine."""
        try:
            name = urllib.parse.urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self.hosts:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _is_open(self, path):
        """Say whether the page needs a path."""
        if path.startswith(FILES):
            return self._is_upload(path.removeprefix(FILES))
        return path in (*PAGES, QUESTION) or path.startswith(FOLDERS)

    def _is_upload(self, name):
        """Say whether a path lies in the folder of uploads."""
        if not isinstance(name, str) or "\0" in name:
            return False
        # Gradio would take another one for an address, or look elsewhere
        path = pathlib.Path(name)
        return path.is_absolute() and path.resolve().is_relative_to(self.folder)


def _paths_in(question):
    """Yield whatever Gradio might take for the path of a file."""
    if isinstance(question, dict):
        if "path" in question:
            yield question["path"]
        question = list(question.values())
    if isinstance(question, list):
        for each in question:
            yield from _paths_in(each)


def _secured(send):
    """Put our headers into every answer."""

    async def send_secured(message):
        if message["type"] == "http.response.start":
            kept = [
                (name, value)
                for name, value in message.get("headers", [])
                if name.lower().decode("latin-1") not in SECURITY
            ]
            added = [(k.encode(), v.encode()) for k, v in SECURITY.items()]
            message = {**message, "headers": kept + added}
        await send(message)

    return send_secured


async def _answer(send, status, sentence):
    """Refuse a request in a sentence."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", b"text/plain; charset=utf-8")],
        }
    )
    await send({"type": "http.response.body", "body": sentence.encode()})
