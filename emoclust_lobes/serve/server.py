"""The server of the page: on this machine, and only there by default."""

import importlib.util
import ipaddress
import os
import pathlib
import socket
import tempfile
import threading

from data_prep.errors import EmoclustError
from emoclust_lobes.evaluation.selective import find_threshold
from emoclust_lobes.predict.predictor import Predictor
from emoclust_lobes.serve.clips import Clips
from emoclust_lobes.serve.model_facts import model_facts
from emoclust_lobes.serve.page import CSS, make_page
from emoclust_lobes.turns.listening import Listener

SETTINGS = {
    # Gradio and the hub's client tell their makers about their use by default.
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "GRADIO_RUN_HISTORY": "False",  # in the browser
    "no_proxy": "*",  # Gradio looks whether its own page is there
}
# What the browser may load: from here, and what the page itself makes; Gradio
# names fonts and scripts of other sites. It makes functions of text, which is
# 'unsafe-eval'.
SOURCES = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "frame-ancestors 'none'; form-action 'self'; object-src 'none'"
)


class ServeError(EmoclustError):
    """The page cannot be served as it was asked for; says what to do."""


def serve(
    model_folder,
    *,
    host="127.0.0.1",
    port=7860,
    auth=None,
    max_megabytes=50.0,
    max_seconds=600.0,
    speakers=None,
    device="cpu",
    trust=False,
    abstain=None,
    started=lambda address: None,
):
    """Serve the page until it is interrupted.

    Who is not on this machine needs ``auth``, a user and a password. Port 0 is
    any that is free; ``started`` is told the address of the page.
    """
    if importlib.util.find_spec("gradio") is None:
        raise ServeError('the page needs Gradio: pip install "emoclust[serve]"')
    is_local = is_loopback(host)
    if not is_local and auth is None:
        raise ServeError(
            f"{host} is not this machine alone: give --auth=USER:PASSWORD, "
            "which the page then asks for, or leave --host out"
        )
    port = free_port(host, port)
    threshold = find_threshold(model_folder, abstain)
    predictor = Predictor(model_folder, device=device, trust=trust)
    listener = None
    if speakers is not None:
        listener = Listener(speakers=speakers, device=device)
    with tempfile.TemporaryDirectory(prefix="emoclust-") as temporary:
        # Read when Gradio is imported and when its parts are made
        folder = pathlib.Path(temporary).resolve()
        os.environ.update(SETTINGS, GRADIO_TEMP_DIR=str(folder))
        import gradio

        page = make_page(
            Clips(predictor, folder, max_seconds, listener, threshold).show,
            model_facts(
                model_folder,
                predictor.classes,
                predictor.model.hparams.enrolment,
            ),
            is_local=is_local,
            several=listener is not None,
            max_seconds=max_seconds,
            max_megabytes=max_megabytes,
        )
        fonts = ["system-ui", "sans-serif"]  # Gradio's own would be fetched
        _, address, _ = page.launch(
            server_name=f"[{host}]" if ":" in host else host,
            server_port=port,
            auth=auth,
            max_file_size=int(max_megabytes * 2**20),
            share=False,
            ssr_mode=False,
            enable_monitoring=False,
            quiet=True,
            footer_links=[],
            theme=gradio.themes.Base(font=fonts, font_mono=["monospace"]),
            css=CSS,
            app_kwargs={"middleware": _middleware(host, is_local)},
            prevent_thread_lock=True,
        )
        try:
            started(address.rstrip("/"))
            threading.Event().wait()
        finally:
            page.close(verbose=False)


def is_loopback(host):
    """Say whether only this machine reaches a host, a name or an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def free_port(host, port):
    """Return the port, or for 0 any that is free, if it can be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family) as listener:
            return listener.getsockname()[1]
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ServeError(
            f"cannot listen on port {port} of {host}: {reason}. Give another "
            "--port, or --host=127.0.0.1"
        ) from error


def _middleware(host, is_local):
    """What stands before Gradio, which looks at origins but not at hosts."""
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    middleware = [Middleware(OwnSources)]
    if is_local:
        # A name of another site may be made to lead here (DNS rebinding).
        # Elsewhere the password is in its way.
        own = ["localhost", "127.0.0.1", "[::1]", host]
        middleware.append(Middleware(TrustedHostMiddleware, allowed_hosts=own))
    return middleware


class OwnSources:
    """ASGI middleware: every answer tells the browser to ask nobody else."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        """Pass a request on, and its answer back with our header."""

        async def send_secured(message):
            if message["type"] == "http.response.start":
                policy = (b"content-security-policy", SOURCES.encode())
                headers = [*message.get("headers", []), policy]
                message = {**message, "headers": headers}
            await send(message)

        await self.app(scope, receive, send_secured)
