"""The options of ``emoclust protocol``, and of other commands like it."""

import argparse

from emoclust_lobes.experiment.option_table import adder

_HELP = {
    "folds": "folds of the corpus, in place of --fold (default: all)",
    "labels": "shares of the training labels, above 0 to 1 (default: 1)",
    "title": "name of the corpus in the tables (default: the YAML's)",
    "systems": "what to compare: names in the systems.yaml beside the YAML",
    "seeds": "how many runs of each, from --seed on (default: 1)",
    "jobs": "how many runs at a time (default: 1)",
    "devices": "where the runs compute, such as cuda:0,cuda:1 (default: that "
    "of --device)",
    "results": "where tables and figures go (default: {folder})",
    "note": "what a reader must know of the speech",
    "report_only": "run nothing, and report the results there are; needs no "
    "corpus",
}


def add_arguments(parser):
    """Add the options of ``emoclust protocol`` to a parser."""
    add = add_run_options(parser, {})
    add("--folds", "K,L", type=_folds, default="all")
    add("--labels", "X,Y", type=each_of(float), default=[1.0])
    add = add_report_options(parser, {}, "OUTPUT_FOLDER/protocol")
    add("--title", "TEXT")


def add_run_options(parser, helps, systems=None):
    """Add options on what is run; return what adds another, as of ``adder``."""
    group = parser.add_argument_group("what is run, and how")
    usual = f" (default: {','.join(systems)})" if systems else ""
    add = adder(group, {**_HELP, "systems": _HELP["systems"] + usual, **helps})
    add("--systems", "A,B", type=each_of(str), default=systems)
    add("--seeds", "N", type=positive, default=1)
    add("--jobs", "N", type=positive, default=1)
    add("--devices", "A,B", type=each_of(str))
    return add


def add_report_options(parser, helps, folder):
    """Add options on what is reported; return what adds another."""
    group = parser.add_argument_group("what is reported")
    results = _HELP["results"].format(folder=folder)
    add = adder(group, {**_HELP, "results": results, **helps})
    add("--results", "FOLDER")
    add("--note", "TEXT")
    add("--report_only", action="store_true")
    return add


def _folds(text):
    return text if text == "all" else each_of(positive)(text)


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
