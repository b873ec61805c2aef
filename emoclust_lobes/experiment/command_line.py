"""The command line of the training scripts, and of commands on a YAML.

SpeechBrain's parser splits at every ``=`` and takes values for YAML. Here a
value is what stands behind the first ``=``; the rest is as there.
"""

import contextlib
import gc
import io
import logging
import os
import pathlib
import runpy
import sys

from data_prep.errors import EmoclustError
from emoclust_lobes.experiment.option_kinds import UsageError
from emoclust_lobes.experiment.script_help import (
    answer_help,
    notes_of,
    run_opts_path,
)
from emoclust_lobes.experiment.yaml_options import YamlOptions


class Refused(SystemExit):
    """What a user asked for cannot be done: the exit code is 2."""

    def __init__(self, message):
        super().__init__(2)
        self.message = message

    def __str__(self):
        return self.message


def begin_script(about):
    """Answer ``--help``, and refuse a command line that cannot be used.

    Called, with the script's docstring, before what takes seconds to import.
    """
    with refusals_told():
        answer_help(about)
        file, _, given = split_command_line(sys.argv[1:])
        options = YamlOptions(file)
        options.overrides(given)
        refuse_missing_corpus(options, given)
    # What is imported stays: looking for garbage in it is a tenth of a start
    gc.disable()


def read_command_line(words):
    """Read the command line of a training script.

    Returns the path of the YAML, SpeechBrain's ``RunOptions``, and the
    overrides (``--key=value`` or ``--key value``), a dict for
    ``load_hyperpyyaml``.
    """
    gc.freeze()
    gc.enable()
    file, run_opts, given = split_command_line(words)
    return file, run_opts, YamlOptions(file).overrides(given)


def split_command_line(words):
    """Take a command line apart; the overrides are as typed."""
    options = _run_options()
    own = {
        option: action
        for action in options._create_parser()._actions
        for option in action.option_strings
        if option not in ("-h", "--help")
    }
    files: list[str] = []
    for_speechbrain: list[str] = []
    given: dict[str, str] = {}
    words = list(words)
    seen = set()
    while words:
        word = words.pop(0)
        key, equals, value = word.partition("=")
        if not word.startswith("--"):
            files.append(word)
            continue
        if key in seen:
            raise UsageError(f"{key} is given twice")
        seen.add(key)
        several = key in own and own[key].nargs == "*"
        if key in own and (equals or own[key].nargs == 0):
            for_speechbrain.append(word)
            continue
        values = [value] if equals else []
        while words and not words[0].startswith("--"):
            if values and not several:
                break
            values.append(words.pop(0))
        if key in own:
            for_speechbrain += [key, *values]
        elif not values:
            raise UsageError(f"{key} has no value: give {key}=VALUE")
        else:
            given[key.removeprefix("--")] = values[0]
    if not files:
        raise UsageError(
            "which YAML? Give an experiment's, of the folder hparams, before "
            "the options"
        )
    file, *others = files
    if others:
        raise UsageError(
            f"what is {others[0]!r}? Options are written --key=value"
        )
    return file, _read_run_options(options, file, for_speechbrain), given


def _run_options():
    """Find SpeechBrain's class of options; PyTorch need not be imported."""
    loaded = sys.modules.get("speechbrain.utils.run_opts")
    if loaded is not None:
        return loaded.RunOptions
    return runpy.run_path(str(run_opts_path()))["RunOptions"]


def _read_run_options(options, file, words):
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return options.from_command_line_args([file, *words])[1]
    except SystemExit:  # argparse's, after a page of usage
        reason = said.getvalue().strip().splitlines()[-1]
        raise UsageError(reason.partition("error: ")[2] or reason) from None


def refuse_missing_corpus(options, given):
    """Stop where the corpus is not there, and say where it is had."""
    name = "data_folder"
    node = options.nodes.get(name)
    folder = given.get(name)
    if node is None or (folder is None and node.tag == "!ref"):
        return
    if folder is None and node.tag != "!PLACEHOLDER":
        folder = node.value
    if folder is not None and pathlib.Path(folder).is_dir():
        return
    notes = notes_of(pathlib.Path(options.path).read_text(encoding="utf-8"))
    found = (
        f"{options.path} needs --{name}=FOLDER, the corpus"
        if folder is None
        else f"--{name}={folder} is not a folder: give that of the corpus"
    )
    note = f" ({notes[name]})" if notes.get(name) else ""
    raise UsageError(
        f"{found}{note}\nWithout it: `make demo` in the repository of emoclust "
        "shows everything on synthetic speech"
    )


@contextlib.contextmanager
def refusals_told():
    """End a script in a line of the main process where a user can mend it."""
    try:
        yield
    except (EmoclustError, OSError) as error:
        logging.getLogger(__name__).debug("Refused", exc_info=True)
        if os.environ.get("RANK", "0") == "0":
            script = pathlib.Path(sys.argv[0]).name
            print(f"{script}: error: {error}", file=sys.stderr)
        raise Refused(str(error)) from error


@contextlib.contextmanager
def loading(file):
    """Say in one line what is wrong with a YAML that is being loaded."""
    try:
        yield
    except (OSError, EmoclustError):
        raise
    except Exception as error:  # objects that are made may raise any
        # Errors of YAML show lines around the problem
        reason = getattr(error, "problem", None) or str(error).strip("\"'")
        raise UsageError(f"{file}: {reason or type(error).__name__}") from error
