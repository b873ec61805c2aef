"""Somebody who does what a page says, on miniatures and with tiny trainings."""

import pathlib
import runpy
import sys

import yaml
from emoclust_lobes.cli import main
from pages import blocks, commands

from tests.training.recipe_runs import FRONT_END, SHORT, TINY

MODEL = "results/ravdess/fold_1/seed_1986/ser_contrastive/labels_1.0/inference"
# What the pages name, and what stands for it
STANDS_FOR = {
    "/data/": "data/",
    "microsoft/wavlm-base-plus": "data/wavlm",
    "MODEL": MODEL,
}
# What makes a command small that runs many trainings
SMALLER = {
    "protocol": ["--folds=1", "--seeds=1", "--jobs=1"],
    "crosscorpus": ["--systems=none", "--adapt=none", "--seeds=1"],
    "analyze": ["--k=2..3", "--speaker_encoders=stats"],
}
RUN_OPTIONS = ("--device", "--noprogressbar")


def known(text):
    """Put what there is in the place of what a page names."""
    for name, here in STANDS_FOR.items():
        text = text.replace(name, here)
    return text


def small(words, more=()):
    """Make the training of a command line, a YAML and its options, small.

    Keys that the YAML does not have are left out; other words come back as they are.
    """
    if not words or not words[0].startswith("hparams/"):
        return words
    keys = keys_of(words[0])
    extra = [*TINY, *SHORT, *(FRONT_END if "ssl_hub" in keys else ())]
    there = [
        word
        for word in extra
        if word.split("=")[0] in RUN_OPTIONS
        or word.split("=")[0].removeprefix("--") in keys
    ]
    options = {x.split("=")[0]: x for x in [*words[1:], *there, *more]}
    return [words[0], *options.values()]


def keys_of(file):
    """List the top-level keys of a YAML of ours."""
    nodes = yaml.compose(pathlib.Path(file).read_text("utf-8")).value
    return [key.value for key, _ in nodes]


class Reader:
    """Follows pages in a folder that is laid out as the repository."""

    def __init__(self, folder, monkeypatch):
        self.folder = folder
        self.monkeypatch = monkeypatch
        self.names = {"__name__": "docs"}  # of the Python blocks of a page

    def follow(self, page, does):
        """Take in order what a page says: files, Python, commands that ``does`` lets through."""
        for block in blocks(page):
            if block.language == "shell":
                for command in filter(does, commands(block)):
                    self.run(command)
            elif block.language == "python" and block.title:
                (self.folder / block.title).write_text(block.text)
            elif block.language == "python":
                code = compile(known(block.text), page, "exec")
                exec(code, self.names)

    def run(self, command):
        """Run a command in this process."""
        words = [known(word) for word in command.words]
        for name, value in command.variables.items():
            self.monkeypatch.setenv(name, known(value))
        if words[0] == "emoclust":
            options = small(words[2:], SMALLER.get(words[1], ()))
            options = [x for x in options if x != "--noprogressbar"]
            assert main([words[1], *options]) == 0, command.line
        elif words[1] == "-m":
            self.call(runpy.run_module, words[2], words[3:])
        else:
            self.call(runpy.run_path, words[1], small(words[2:]))

    def call(self, run, name, options):
        """Run a script, or a module, as if it had been started."""
        with self.monkeypatch.context() as patch:
            patch.setattr(sys, "argv", [name, *options])
            patch.setattr(sys, "excepthook", sys.excepthook)
            try:
                run(name, run_name="__main__")
            except SystemExit as end:
                if "--help" not in options or end.code:
                    raise

    def train(self, *options):
        """Train both stages on RAVDESS, as the README says one can."""
        words = ["hparams/ravdess.yaml", "--data_folder=data/RAVDESS"]
        for script in ("train_contrastive.py", "train_ser.py"):
            self.call(runpy.run_path, script, small([*words, *options]))
