"""What results are of, beside their numbers."""

import shlex
import subprocess

from data_prep.storage.files import read_json, write_json
from emoclust_lobes.protocol.plan import ProtocolError
from emoclust_lobes.protocol.scripts import option_text


def claim(path, fixed, facts, usual=None, instead="give another --results"):
    """Write what the results of a folder are of; refuse those of another.

    What is ``fixed`` must be as before. Other ``facts`` replace those of before unless
    they are empty; systems, commands and what has names join them.
    """
    before = read_json(path) or {}
    for name, value in fixed.items():
        if before.get(name, value) != value:
            raise ProtocolError(
                f"{path.parent} holds results with the {name} {before[name]}, "
                f"not {value}: {instead}"
            )
    content = {**(usual or {}), **before}
    for name, value in facts.items():
        if name in ("systems", "commands", "deterministic"):
            joined = dict.fromkeys([*before.get(name, []), *value])
            content[name] = list(joined)
        elif isinstance(value, dict):
            content[name] = {**before.get(name, {}), **value}
        elif value:
            content[name] = value
    write_json(path, {**content, **fixed})


def command_line(command, experiment, *words, **asked):
    """Write the command that makes results, without where things lie."""
    settings = experiment.settings.items()
    options = {key: option_text(value) for key, value in settings}
    for key, value in asked.items():
        is_list = isinstance(value, list)
        options[key] = ",".join(map(str, value)) if is_list else value
    given = [f"--{key}={value}" for key, value in options.items()]
    return shlex.join(["emoclust", command, experiment.name, *words, *given])


def commit_of(folder):
    """Tell the commit of a checkout: short, with a + for changes since.

    Empty outside of a checkout.
    """

    def git(*words):
        command = ["git", "-C", str(folder), *words]
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError:  # git is not installed
            return ""
        return done.stdout.strip() if done.returncode == 0 else ""

    changed = git("status", "--porcelain", "--untracked-files=no", "*.py")
    return git("rev-parse", "--short", "HEAD") + ("+" if changed else "")
