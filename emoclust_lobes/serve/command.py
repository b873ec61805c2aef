"""``emoclust serve``: a page to try a model, on this machine."""

import sys

from emoclust_lobes.evaluation.selective import add_abstain_option
from emoclust_lobes.experiment.option_table import adder
from emoclust_lobes.serve.server import ServeError, is_loopback, serve

WARNING = """\
emoclust: warning: {host} is not this machine alone: the password and the clips
travel unencrypted. Browsers give the microphone to encrypted or local pages
only."""
_HELP = {
    "host": "default: %(default)s, which only this machine reaches; another "
    "one needs --auth",
    "auth": "what the page asks for before anything is shown",
    "port": "default: %(default)s; 0 takes any that is free",
    "max_megabytes": "the largest clip (default: %(default)g)",
    "max_seconds": "the longest clip (default: %(default)g)",
    "speakers": "tell apart the people in a clip: a lane for each, of turns to "
    "play",
}


def add_arguments(parser):
    """Add the options of ``emoclust serve`` to its parser."""
    add = adder(parser, _HELP)
    add("model", "MODEL")
    add("--host", default="127.0.0.1")
    add("--auth", "USER:PASSWORD")
    add("--port", type=int, default=7860)
    add("--max_megabytes", "N", type=float, default=50.0)
    add("--max_seconds", "N", type=float, default=600.0)
    add_abstain_option(parser)
    add("--speakers", "auto|N")
    add("--device", default="cpu")
    add("--trust", action="store_true")


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
