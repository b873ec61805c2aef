"""Every rule catches the tree that breaks it, and nothing else does."""

import pytest
from emoclust_lobes.upstream.contracts import (
    CONTRACTS,
    broken_contracts,
    linted,
)
from emoclust_lobes.upstream.rows import read_rows, with_rows

ROWS = "tests/recipes/Birds.csv"
RECIPE = "recipes/Birds/owls"


def write(name, text):
    """A change that writes a file."""

    def change(tree):
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return change


def append(name, text):
    """A change that adds to a file."""

    def change(tree):
        write(name, (tree / name).read_text() + text)(tree)

    return change


def row(**columns):
    """A change of the row."""

    def change(tree):
        ((_, before),) = read_rows(tree)
        write(ROWS, with_rows("", [before | columns]))(tree)

    return change


def replace(name, old, new):
    """A change of a word in a file."""

    def change(tree):
        write(name, (tree / name).read_text().replace(old, new))(tree)

    return change


def remove(name):
    """A change that removes a file."""
    return lambda tree: (tree / name).unlink()


def link(name, target):
    """A change that adds a symbolic link."""
    return lambda tree: (tree / name).symlink_to(target)


YAML = f"{RECIPE}/hparams/train.yaml"
LIBRARY = "speechbrain/hoot.py"
BROKEN = [
    ("unlisted_yamls", write(f"{RECIPE}/hparams/barn.yaml", "seed: 1\n")),
    ("incomplete_rows", row(test_debug_flags="")),
    ("incomplete_rows", replace(ROWS, "HF_repo", "HF")),
    ("missing_files", row(Data_prep_file=f"{RECIPE}/mice_prepare.py")),
    ("missing_files", remove(f"{RECIPE}/birds_prepare.py")),
    ("missing_links", row(Result_url="https://example.org/mice")),
    ("missing_links", row(HF_repo="https://example.org/model")),
    ("unread_keys", append(YAML, "feathers: 7\n")),
    ("unread_keys", append(YAML, "feathers: !ref <seed>\n")),
    ("undocumented", append(LIBRARY, "\n\ndef fly():\n    pass\n")),
    ("undocumented", append(LIBRARY, "\n\nclass _Wing:\n    size = 1\n")),
    ("undocumented", write("tools/nest.py", "size = 1\n")),
    (
        "loose_requirements",
        append(f"{RECIPE}/extra_requirements.txt", "numpy\n"),
    ),
    (
        "loose_requirements",
        append(f"{RECIPE}/extra_requirements.txt", "numpy==2.0\n"),
    ),
    ("dangling_links", link("mice", "recipes/Mice")),
    ("dangling_links", lambda tree: link("mice", tree / RECIPE)(tree)),
    ("dangling_links", link("above", "..")),
    ("large_files", write("tests/big.bin", "x" * (1024 * 1024 + 1))),
    ("untidy_text", write("tests/notes.csv", "a,b \n")),
    ("linted", append(LIBRARY, "import os\n")),
    ("linted", append(LIBRARY, "x  =  1\n")),
    ("linted", replace(YAML, "device: cpu", "device: yes")),
    ("linted", replace(f"{RECIPE}/README.md", "# O", "".join(["# T", "eh o"]))),
]


def test_a_tree_that_keeps_the_rules_is_let_pass(tree):
    assert broken_contracts(tree) == []


@pytest.mark.parametrize(
    "rule, change", BROKEN, ids=[f"{i} {x[0]}" for i, x in enumerate(BROKEN)]
)
def test_a_rule_catches_the_tree_that_breaks_it(rule, change, tree):
    change(tree)
    # The linters are slow, and have no part in the other rules
    contracts = [x for x in CONTRACTS if x is not linted or rule == "linted"]
    assert {x.__name__ for x in contracts if x(tree)} == {rule}


def test_every_rule_is_broken_once():
    assert {rule for rule, _ in BROKEN} == {x.__name__ for x in CONTRACTS}
