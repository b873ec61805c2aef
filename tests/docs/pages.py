"""The blocks of code in the documentation, and the commands in them."""

import functools
import pathlib
import re
import shlex
from typing import NamedTuple

from markdown_it import MarkdownIt

ROOT = pathlib.Path(__file__).parents[2]
PAGES = ["README.md", "CONTRIBUTING.md"]
PAGES += sorted(f"docs/{path.name}" for path in ROOT.glob("docs/*.md"))
RECIPES = sorted(
    str(path.relative_to(ROOT)) for path in ROOT.glob("recipes/*/README.md")
)
PROGRAMS = (
    ".venv/bin/pip emoclust export find git make pip pre-commit python python3 "
    "ruff sbatch source torchrun"
).split()
_VARIABLE = re.compile(r"[A-Z_]+=\S*")
_CHOICE = re.compile(r"\[(--\w+=\w+)(\|\w+)*\]")  # as a synopsis has it


class Block(NamedTuple):
    """A block of code: its language, the name of its file, its text."""

    language: str
    title: str
    text: str


@functools.cache
def blocks(page):
    """List the blocks of a page in order.

    Those that are only indented are shell commands, Python or neither, which
    their first word says.
    """
    found = []
    for token in MarkdownIt().parse((ROOT / page).read_text("utf-8")):
        if token.type == "fence":
            language, _, title = token.info.partition(" ")
            title = title.removeprefix('title="').removesuffix('"')
            found.append(Block(language, title, token.content))
        elif token.type == "code_block":
            found.append(Block(_language(token.content), "", token.content))
    return found


def _language(text):
    words = [x for x in text.split() if not _VARIABLE.fullmatch(x)]
    if words[0] in PROGRAMS:
        return "shell"
    return "python" if words[0] in ("from", "import") else "text"


class Command(NamedTuple):
    """A line of a shell: variables that are set for it, words, a pipe."""

    line: str
    variables: dict
    words: list
    piped: bool

    @property
    def name(self):
        """The program, with the subcommand of ``emoclust``."""
        first = self.words[: 2 if self.words[0] == "emoclust" else 1]
        return " ".join(first)


def commands(block):
    """List the commands of a block; a line may go on after a backslash."""
    found = []
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(_CHOICE.sub(r"\1", line), comments=True)
        variables = {}
        while words and _VARIABLE.fullmatch(words[0]):
            name, _, value = words.pop(0).partition("=")
            variables[name] = value
        if words:
            line = " ".join(line.split())
            found.append(Command(line, variables, words, "|" in words))
    return found


def all_commands(pages):
    """List the commands of several pages."""
    return [
        (page, command)
        for page in pages
        for block in blocks(page)
        if block.language == "shell"
        for command in commands(block)
    ]
