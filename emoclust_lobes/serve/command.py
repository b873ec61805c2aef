"""``emoclust serve``: a page to try a model, on this machine."""

import sys

from emoclust_lobes.serve.errors import ServeError
from emoclust_lobes.serve.network import is_loopback
from emoclust_lobes.serve.server import serve

WARNING = """\
emoclust: warning: {host} is not this machine alone: everybody who reaches it
can use the page, without a password, and clips travel unencrypted. Browsers
give the microphone to encrypted or local pages only."""


def add_arguments(parser):
    """Add the options of ``emoclust serve`` to a parser.

    Arguments
    ---------
    parser : argparse.ArgumentParser
        Of the command.

    Example
    -------
    >>> import argparse
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> options = parser.parse_args(["inference", "--port=8000"])
    >>> options.host, options.port
    ('127.0.0.1', 8000)
    """
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="folder inference of a run of train_ser.py",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="default: %(default)s, which only this machine reaches",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=7860,
        help="default: %(default)s; 0 takes any that is free",
    )
    parser.add_argument(
        "--max_megabytes",
        type=float,
        default=50.0,
        metavar="N",
        help="the largest clip (default: %(default)g)",
    )
    parser.add_argument(
        "--max_seconds",
        type=float,
        default=600.0,
        metavar="N",
        help="the longest clip (default: %(default)g)",
    )
    parser.add_argument(
        "--device", default="cpu", help="cpu (default), cuda, cuda:1, ..."
    )
    parser.add_argument(
        "--trust",
        action="store_true",
        help="load a model whose YAML may run any code: only where you know "
        "who made it",
    )


def run(options):
    """Run ``emoclust serve`` until it is interrupted.

    Arguments
    ---------
    options : argparse.Namespace
        With what ``add_arguments`` adds.

    Returns
    -------
    int
        Exit code: 0.

    Raises
    ------
    ServeError
        When Gradio is missing, or an option is wrong.
    emoclust_lobes.inference.InferenceError
        When the model cannot be loaded.

    Example
    -------
    >>> import argparse
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> run(parser.parse_args(["nowhere", "--max_seconds=0"]))
    Traceback (most recent call last):
    ...
    emoclust_lobes.serve.errors.ServeError: --max_seconds must be more than 0, \
not 0
    """
    for name in ("max_megabytes", "max_seconds"):
        value = getattr(options, name)
        if not 0 < value < float("inf"):
            raise ServeError(
                f"--{name.replace('_', '-')} must be more than 0, not {value:g}"
            )
    if not is_loopback(options.host):
        print(WARNING.format(host=options.host), file=sys.stderr)
    try:
        serve(
            options.model,
            host=options.host,
            port=options.port,
            max_megabytes=options.max_megabytes,
            max_seconds=options.max_seconds,
            device=options.device,
            trust=options.trust,
            started=_tell,
        )
    except KeyboardInterrupt:
        pass
    return 0


def _tell(address):
    print(f"The page is at {address} (Ctrl-C ends it)", flush=True)
