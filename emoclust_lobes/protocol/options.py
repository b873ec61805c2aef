"""The options of ``emoclust protocol``."""

import argparse


def add_arguments(parser):
    """Add the options of ``emoclust protocol`` to a parser.

    Arguments
    ---------
    parser : argparse.ArgumentParser
        Of the command.

    Example
    -------
    >>> import argparse
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> parser.parse_args(["--seeds=3", "--labels=1,0.1"]).labels
    [1.0, 0.1]
    """
    group = parser.add_argument_group("what is run, and how")
    add = group.add_argument
    add(
        "--systems",
        metavar="A,B",
        type=each_of(str),
        help="what to compare: names in the systems.yaml beside the YAML",
    )
    add(
        "--folds",
        metavar="K,L",
        type=lambda text: text if text == "all" else each_of(positive)(text),
        default="all",
        help="folds of the corpus, in place of --fold (default: all)",
    )
    add(
        "--seeds",
        metavar="N",
        type=positive,
        default=1,
        help="how many runs of each, from --seed on (default: 1)",
    )
    add(
        "--labels",
        metavar="X,Y",
        type=each_of(float),
        default=[1.0],
        help="shares of the training labels, above 0 to 1 (default: 1)",
    )
    add(
        "--jobs",
        metavar="N",
        type=positive,
        default=1,
        help="how many runs at a time (default: 1)",
    )
    add(
        "--devices",
        metavar="A,B",
        type=each_of(str),
        help="where the runs compute, such as cuda:0,cuda:1 (default: that "
        "of --device)",
    )
    group = parser.add_argument_group("what is reported")
    add = group.add_argument
    add(
        "--results",
        metavar="FOLDER",
        help="where tables and figures go (default: OUTPUT_FOLDER/protocol)",
    )
    add(
        "--title",
        metavar="TEXT",
        help="name of the corpus in the tables (default: the YAML's)",
    )
    add(
        "--note",
        metavar="TEXT",
        help="what a reader must know of the corpus",
    )
    add(
        "--report_only",
        action="store_true",
        help="run nothing, and report the results there are; needs no corpus",
    )


def each_of(kind):
    """Make the type of an option that takes several values, each once.

    Arguments
    ---------
    kind : callable
        Reads one of them.

    Returns
    -------
    callable
        Reads all of them, with commas in between, into a list.

    Example
    -------
    >>> each_of(int)("2,3,2")
    [2, 3]
    """

    def values(text):
        return list(dict.fromkeys(kind(word) for word in text.split(",")))

    values.__name__ = "list"  # in argparse's messages
    return values


def positive(text):
    """Read a whole number from 1.

    Arguments
    ---------
    text : str
        What was given.

    Returns
    -------
    int

    Raises
    ------
    argparse.ArgumentTypeError
        When it is something else.

    Example
    -------
    >>> positive("3")
    3
    """
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(
            f"must be a whole number from 1, not {text!r}"
        )
    return int(text)
