"""``--help`` of the training scripts, answered without importing PyTorch."""

import importlib.util
import pathlib
import re
import runpy
import sys
import textwrap

_SECTION = re.compile(r"# -{4,} (?P<title>.+)")
_OPTION = re.compile(r"(?P<key>\w+): (?P<value>[^#]*?)(?:  # (?P<note>.*))?$")
# Values that are made, not given
_MADE = ("!new", "!name", "!apply", "!ref")


def answer_help(about, argv=None):
    """Print the options of a script and end, where ``--help`` asks for them.

    Arguments
    ---------
    about : str
        Docstring of the script.
    argv : list of str or None
        The command line; by default that of the process.
    """
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
    for section, option, note in _options(text):
        if section:
            lines.append(f"\n {section}")
        elif not option["value"].startswith(_MADE):
            value = option["value"].replace("!PLACEHOLDER", "...")
            lines.append(_told({f"{option['key']}={value}": note}))
    return "\n".join(x for x in lines if not x.startswith("  --__"))


def notes_of(text):
    """Read the comments at the keys of a YAML's top level: key -> comment."""
    return {option["key"]: note for _, option, note in _options(text) if option}


def _options(text):
    """Yield titles of sections, and keys with the comments that are theirs."""
    comments: list[str] = []
    for line in text.splitlines():
        section = _SECTION.match(line)
        if line.startswith("# ") and not section:
            comments.append(line[2:])
            continue
        option = _OPTION.match(line)
        if section:
            yield section["title"], None, ""
        elif option:
            notes = [" ".join(comments), option["note"]]
            yield "", option, "; ".join(filter(None, notes))
        comments = []


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
