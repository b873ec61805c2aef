"""``emoclust serve``: a page to try a model, on this machine."""

import sys

from emoclust_lobes.evaluation.selective import add_abstain_option
from emoclust_lobes.serve.server import ServeError, is_loopback, serve

WARNING = """\
emoclust: warning: {host} is not this machine alone: the password and the clips
travel unencrypted. Browsers give the microphone to encrypted or local pages
only."""


def add_arguments(parser):
    """Add the options of ``emoclust serve`` to its parser."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="folder inference of a run of train_ser.py",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="default: %(default)s, which only this machine reaches; another "
        "one needs --auth",
    )
    parser.add_argument(
        "--auth",
        metavar="USER:PASSWORD",
        help="what the page asks for before anything is shown",
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
    add_abstain_option(parser)
    parser.add_argument(
        "--speakers",
        metavar="auto|N",
        help="tell apart the people in a clip: a lane for each, of turns to "
        "play",
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
    """Run ``emoclust serve`` until it is interrupted; return its exit code."""
    for name in ("max_megabytes", "max_seconds"):
        value = getattr(options, name)
        if not 0 < value < float("inf"):
            raise ServeError(f"--{name} must be more than 0, not {value:g}")
    auth = None
    if options.auth is not None:
        user, _, password = options.auth.partition(":")
        if not (user and password):
            raise ServeError("--auth must be USER:PASSWORD")
        auth = (user, password)
    if auth and not is_loopback(options.host):
        print(WARNING.format(host=options.host), file=sys.stderr)
    try:
        serve(
            options.model,
            host=options.host,
            port=options.port,
            auth=auth,
            max_megabytes=options.max_megabytes,
            max_seconds=options.max_seconds,
            speakers=options.speakers,
            device=options.device,
            trust=options.trust,
            abstain=options.abstain,
            started=_tell,
        )
    except KeyboardInterrupt:
        pass
    return 0


def _tell(address):
    print(f"The page is at {address} (Ctrl-C ends it)", flush=True)
