"""``emoclust export-upstream``: the recipes for a SpeechBrain checkout."""

import pathlib
import tempfile

from emoclust_lobes.upstream.contracts import broken_contracts
from emoclust_lobes.upstream.errors import UpstreamError
from emoclust_lobes.upstream.export import check_destination, make_tree, overlay
from emoclust_lobes.upstream.layout import PULL_REQUESTS
from emoclust_lobes.upstream.samples import write_samples


def add_arguments(parser):
    """Add the options of ``emoclust export-upstream`` to a parser.

    Arguments
    ---------
    parser : argparse.ArgumentParser
        Of the command.

    Example
    -------
    >>> import argparse
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> parser.parse_args(["../speechbrain"]).pull_request
    'contrastive'
    """
    parser.add_argument(
        "destination",
        metavar="DEST",
        help="a new folder, or a SpeechBrain checkout without the recipes",
    )
    parser.add_argument(
        "--pull_request",
        choices=PULL_REQUESTS,
        default="contrastive",
        help="cremad: the recipe of CREMA-D without stage 1; contrastive: all "
        "of it, for both corpora (default)",
    )


def run(options):
    """Export the recipes, if they keep SpeechBrain's rules.

    Arguments
    ---------
    options : argparse.Namespace
        From ``add_arguments``.

    Returns
    -------
    str
        What was written.

    Raises
    ------
    UpstreamError
        When the destination is no place for it, or a rule is broken; nothing
        is written then.

    Example
    -------
    >>> import argparse
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> folder = getfixture("tmp_path") / "tree"
    >>> told = run(parser.parse_args([str(folder), "--pull_request=cremad"]))
    >>> told.partition(" files in ")[2] == f"{folder}, all rules kept"
    True
    """
    check_destination(options.destination)
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder, "tree")
        make_tree(tree, options.pull_request)
        recipes, _ = PULL_REQUESTS[options.pull_request]
        write_samples(tree, [recipe.dataset for recipe in recipes])
        problems = broken_contracts(tree)
        if problems:
            raise UpstreamError(
                "nothing was written, because SpeechBrain would not take it:\n"
                + "\n".join(problems)
            )
        overlay(tree, options.destination)
        n_files = sum(path.is_file() for path in tree.rglob("*"))
    return f"{n_files} files in {options.destination}, all rules kept"
