"""The server of the page: on this machine, and only there by default."""

import importlib.util
import os
import pathlib
import signal
import tempfile

from emoclust_lobes.predict.predictor import Predictor
from emoclust_lobes.serve.clips import Clips
from emoclust_lobes.serve.errors import ServeError
from emoclust_lobes.serve.gate import Gate
from emoclust_lobes.serve.model_facts import model_facts
from emoclust_lobes.serve.network import (
    forbid_connections,
    is_loopback,
    open_port,
)
from emoclust_lobes.serve.page import CSS, make_page

# Gradio and the hub's client tell their makers about their use by default.
QUIET = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
}


def serve(
    model_folder,
    *,
    host="127.0.0.1",
    port=7860,
    max_megabytes=50.0,
    max_seconds=600.0,
    device="cpu",
    trust=False,
    started=lambda address: None,
):
    """Serve the page until it is interrupted.

    Arguments
    ---------
    model_folder : str or pathlib.Path
        The folder ``inference`` of a run.
    host : str
        Who can reach the page: only this machine by default.
    port : int
        0 for any that is free.
    max_megabytes : float
        Size of the largest upload, in units of 2 ** 20 bytes.
    max_seconds : float
        Length of the longest clip.
    device : str
        Where to compute.
    trust : bool
        Whether the model may run any code that its YAML names.
    started : callable
        Told the address of the page once it can be opened.

    Raises
    ------
    ServeError
        When Gradio is missing or the port cannot be taken.
    emoclust_lobes.inference.InferenceError
        When the folder holds no model that can be loaded.

    Example
    -------
    >>> serve("nowhere", port=0)
    Traceback (most recent call last):
    ...
    emoclust_lobes.inference.errors.InferenceError: nowhere holds no model: \
there is no hyperparams.yaml in it. Give the folder `inference` that \
train_ser.py leaves beside metrics.json
    """
    if importlib.util.find_spec("gradio") is None:
        raise ServeError('the page needs Gradio: pip install "emoclust[serve]"')
    with (
        open_port(host, port) as listener,
        tempfile.TemporaryDirectory(prefix="emoclust-") as folder,
    ):
        predictor = Predictor(model_folder, device=device, trust=trust)
        app = make_app(
            predictor,
            folder=pathlib.Path(folder),
            host=host,
            max_megabytes=max_megabytes,
            max_seconds=max_seconds,
        )
        forbid_connections()
        shown = f"[{host}]" if ":" in host else host
        started(f"http://{shown}:{listener.getsockname()[1]}")
        _run(app, listener)


def make_app(predictor, *, folder, host, max_megabytes, max_seconds):
    """Make the page's application, behind its gate.

    Arguments
    ---------
    predictor : emoclust_lobes.predict.Predictor
        What hears clips.
    folder : pathlib.Path
        Where uploads lie until they were heard.
    host : str
        As for ``serve``.
    max_megabytes, max_seconds : float
        As for ``serve``.

    Returns
    -------
    callable
        An ASGI application.

    Example
    -------
    >>> from emoclust_lobes.synthetic.inference import made_up_model
    >>> folder = getfixture("tmp_path")
    >>> predictor = Predictor(made_up_model(folder / "inference"))
    >>> app = make_app(
    ...     predictor,
    ...     folder=folder / "uploads",
    ...     host="127.0.0.1",
    ...     max_megabytes=5.0,
    ...     max_seconds=30.0,
    ... )
    >>> callable(app)
    True
    """
    # Read when Gradio is imported and when its parts are made
    os.environ.update(QUIET, GRADIO_TEMP_DIR=str(folder.resolve()))
    import gradio
    from starlette.applications import Starlette
    from starlette.middleware import Middleware

    page = make_page(
        Clips(predictor, folder, max_seconds).show,
        model_facts(
            predictor.model_folder,
            predictor.classes,
            predictor.model.hparams.enrolment,
        ),
        is_local=is_loopback(host),
        max_seconds=max_seconds,
        max_megabytes=max_megabytes,
    )
    max_bytes = int(max_megabytes * 2**20)
    gate = Middleware(Gate, host=host, folder=folder, max_bytes=max_bytes)
    fonts = ["system-ui", "sans-serif"]  # Gradio's own would be fetched
    return gradio.mount_gradio_app(
        Starlette(middleware=[gate]),
        page,
        path="/",
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=max_bytes,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=gradio.themes.Base(font=fonts, font_mono=["monospace"]),
        css=CSS,
    )


def _run(app, listener):
    """Answer until Ctrl-C, or until the process is asked to end."""
    import uvicorn

    # uvicorn ends in peace, then passes the signal on; the folder of uploads
    # is deleted after that.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,  # an open page holds a connection
    )
    uvicorn.Server(config).run(sockets=[listener])
