"""The options of ``emoclust protocol``, and of other commands like it."""

import argparse


def add_arguments(parser):
    """Add the options of ``emoclust protocol`` to a parser."""
    add = add_run_options(parser)
    add(
        "--folds",
        metavar="K,L",
        type=lambda text: text if text == "all" else each_of(positive)(text),
        default="all",
        help="folds of the corpus, in place of --fold (default: all)",
    )
    add(
        "--labels",
        metavar="X,Y",
        type=each_of(float),
        default=[1.0],
        help="shares of the training labels, above 0 to 1 (default: 1)",
    )
    add = add_report_options(parser, "OUTPUT_FOLDER/protocol")
    add(
        "--title",
        metavar="TEXT",
        help="name of the corpus in the tables (default: the YAML's)",
    )


def add_run_options(parser, systems=None):
    """Add options on what is run; return what adds another one to them."""
    group = parser.add_argument_group("what is run, and how")
    add = group.add_argument
    usual = f" (default: {','.join(systems)})" if systems else ""
    add(
        "--systems",
        metavar="A,B",
        type=each_of(str),
        default=systems,
        help="what to compare: names in the systems.yaml beside the YAML"
        + usual,
    )
    add(
        "--seeds",
        metavar="N",
        type=positive,
        default=1,
        help="how many runs of each, from --seed on (default: 1)",
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
    return add


def add_report_options(parser, folder):
    """Add options on what is reported; return what adds another one."""
    group = parser.add_argument_group("what is reported")
    add = group.add_argument
    add(
        "--results",
        metavar="FOLDER",
        help=f"where tables and figures go (default: {folder})",
    )
    add("--note", metavar="TEXT", help="what a reader must know of the speech")
    add(
        "--report_only",
        action="store_true",
        help="run nothing, and report the results there are; needs no corpus",
    )
    return add


def each_of(kind):
    """Make the type of an option that takes several values, each once."""

    def values(text):
        return list(dict.fromkeys(kind(word) for word in text.split(",")))

    values.__name__ = "list"  # in argparse's messages
    return values


def positive(text):
    """Read a whole number from 1."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(
            f"must be a whole number from 1, not {text!r}"
        )
    return int(text)
