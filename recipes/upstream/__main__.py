"""The recipes as SpeechBrain would take them, for a checkout of it.

> python -m recipes.upstream ../speechbrain
> python -m recipes.upstream ../speechbrain --pull_request=cremad
"""

import argparse
import pathlib
import sys

from data_prep.errors import EmoclustError

from recipes.upstream.export import export
from recipes.upstream.layout import PULL_REQUESTS


def main(argv=None):
    """Export the recipes; return the exit code, 2 where something is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m recipes.upstream",
        description="Write the recipes as SpeechBrain would take them.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "destination",
        metavar="DEST",
        type=pathlib.Path,
        help="a new folder, or a SpeechBrain checkout without the recipes",
    )
    parser.add_argument(
        "--pull_request",
        choices=PULL_REQUESTS,
        default="contrastive",
        help="cremad: the recipe of CREMA-D without stage 1; contrastive: all "
        "of it, for both corpora (default)",
    )
    options = parser.parse_args(argv)
    try:
        n_files = export(options.destination, options.pull_request)
    except (EmoclustError, OSError) as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return 2
    print(f"{n_files} files in {options.destination}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
