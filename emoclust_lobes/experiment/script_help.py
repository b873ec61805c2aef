"""``--help`` of the training scripts, answered without importing PyTorch."""

import importlib.util
import pathlib
import re
import runpy
import sys
import textwrap
from typing import NamedTuple

_SECTION = re.compile(r"# -{4,} (?P<title>.+)")
_OPTION = re.compile(r"(?P<key>\w+): (?P<value>[^#]*?)(?:  # (?P<note>.*))?$")
_MADE = ("!new", "!name", "!apply")  # values that are not given


def answer_help(about, argv=None):
    """Print a script's docstring and options and end, if ``--help`` asks."""
    script, *words = sys.argv if argv is None else argv
    if not {"-h", "--help"} & set(words):
        return
    name = pathlib.Path(script).name
    files = [x for x in words if x.endswith((".yaml", ".yml"))]
    print(f"usage: python {name} YAML [--key=value ...]\n\n{about.strip()}\n")
    for file in files:
        text = pathlib.Path(file).read_text(encoding="utf-8")
        print(f"options of {file}:\n{describe_options(text)}\n")
    if not files:
        print(
            f"The options are the keys of the YAML: python {name} YAML --help\n"
        )
    print(f"options of SpeechBrain:\n{_told(run_options())}")
    sys.exit()


def describe_options(text):
    """List the keys of a YAML's top level, with their values and comments."""
    lines = []
    title = ""
    for option in read_options(text):
        if option.section != title:
            title = option.section
            lines.append(f"\n {title}")
        value = option.value.replace("!PLACEHOLDER", "...")
        lines.append(_told({f"{option.key}={value}": option.note}))
    return "\n".join(lines)


class Option(NamedTuple):
    """A key of a YAML's top level, and what stands around it."""

    section: str
    key: str
    value: str
    note: str


def read_options(text):
    """List the keys of a YAML's top level that are given, not made.

    Of those that follow from others, these are the ones with a comment.
    """
    found = []
    section = ""
    comments: list[str] = []
    for line in text.splitlines():
        if title := _SECTION.match(line):
            section = title["title"]
        elif line.startswith("# "):
            comments.append(line[2:])
            continue
        option = _OPTION.match(line)
        if option and not option["value"].startswith(_MADE):
            notes = (" ".join(comments), option["note"])
            note = "; ".join(filter(None, notes))
            value = option["value"].strip()
            if note or not value.startswith("!ref"):
                value = value.removeprefix("!ref ")
                found.append(Option(section, option["key"], value, note))
        comments = []
    return [x for x in found if not x.key.startswith("__")]


def notes_of(text):
    """Read the comments at the keys of a YAML's top level: key -> comment."""
    return {option.key: option.note for option in read_options(text)}


def run_opts_path():
    """Find SpeechBrain's file of options, which needs nothing around it."""
    package = importlib.util.find_spec("speechbrain")
    assert package is not None and package.origin is not None
    return pathlib.Path(package.origin).parent / "utils" / "run_opts.py"


def run_options():
    """Read SpeechBrain's own options: name -> what it says of each."""
    return runpy.run_path(str(run_opts_path()))["HELP_TEXTS"]


def _told(options):
    lines = []
    for name, note in options.items():
        notes = textwrap.wrap(note, width=48, break_on_hyphens=False) or [""]
        if len(name) > 26:  # as argparse does
            lines.append(f"  --{name}")
        else:
            lines.append(f"  --{name:<26}  {notes.pop(0)}".rstrip())
        lines += [f"{'':32}{x}" for x in notes]
    return "\n".join(lines)
