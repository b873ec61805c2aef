"""A YAML for each script says what that of both says."""

import re

import pytest
from emoclust_lobes.upstream.imports import Modules
from emoclust_lobes.upstream.layout import RECIPES, ROOT, SCRIPTS
from emoclust_lobes.upstream.yaml_parts import read_keys, split_yaml
from hyperpyyaml import load_hyperpyyaml, resolve_references

NAMES = [
    f"{recipe.name}{kind}" for recipe in RECIPES for kind in ("", "_wav2vec2")
]


@pytest.fixture(scope="module", params=NAMES)
def whole(request):
    """The YAML that both scripts read."""
    return (ROOT / "hparams" / f"{request.param}.yaml").read_text()


@pytest.fixture(scope="module", params=SCRIPTS)
def script(request):
    """The code of a script."""
    return (ROOT / f"{request.param}.py").read_text()


@pytest.fixture(scope="module")
def lobes(whole, script):
    """The code that it imports."""
    modules = Modules(ROOT)
    needed = modules.needed({"a.py": script, "a.yaml": whole})
    return [modules.source(module) for module in needed]


def blocks(text):
    """Resolve references, and cut at the keys of the top level."""
    resolved = resolve_references(text, "{data_folder: there}").read()
    resolved = re.sub(r"(^|\s+)#.*|[&*]id\d+", "", resolved, flags=re.M)
    found = re.findall(r"^(\w+):((?:.*\n)(?:^[ -].*\n|\n)*)", resolved, re.M)
    return {name: body.split() for name, body in found}


def test_what_is_kept_is_said_as_before(whole, script, lobes):
    part = split_yaml(whole, script, lobes)
    before, after = blocks(whole), blocks(part)
    own = re.search(r'\*\*hparams\["(\w+)"\]', script)[1]
    assert set(after) < set(before)
    for name in set(after) - {"contrastive", "ser"}:
        assert after[name] == before[name], name
    # The script's own block is kept whole; at its end, it may hand on keys
    assert after[own][: len(before[own])] == before[own]


def test_lines_keep_their_order_and_comments(whole, script, lobes):
    part = split_yaml(whole, script, lobes)
    lines = iter(whole.splitlines())
    handed_on = set(part.splitlines()) - set(whole.splitlines())
    for line in part.splitlines():
        if line and line not in handed_on:
            assert line in lines, f"{line!r} is out of order"
    for line in handed_on:
        assert re.fullmatch(r"    (\w+): !ref <\1>", line)


def test_every_key_that_code_names_is_there_if_it_was(whole, script, lobes):
    part = blocks(split_yaml(whole, script, lobes))
    named = {name for code in (script, *lobes) for name, _ in read_keys(code)}
    assert named & set(blocks(whole)) <= set(part)


def test_a_part_can_be_loaded(script):
    whole = (ROOT / "hparams" / "cremad.yaml").read_text()
    sizes = "{data_folder: there, ecapa_channels: 8, attention_channels: 8}"
    loaded = load_hyperpyyaml(split_yaml(whole, script, []), sizes)
    own = re.search(r'\*\*hparams\["(\w+)"\]', script)[1]
    assert loaded[own]["modules"]["embedding_model"]


TEXT = """\
# About birds

seed: 1

# ------- Wings
# How long
span: 2  # metres
color: red

# ------- Nests
first:
    # of sticks
    nest: !name:Nest
        size: !ref <size>
    eggs: 4
    owl: !ref <first[nest]>

size: 3  # of nests

# ------- Owls
second:
    seed: !ref <seed>
"""


@pytest.mark.parametrize(
    "script, lobes, present, absent",
    [
        # What the own block refers to
        (
            "",
            [],
            ["seed: 1", "About birds"],
            ["span", "size", "first", "Wings"],
        ),
        ('hparams["span"]', [], ["# How long", "Wings"], ["color", "Nests"]),
        ('hparams.get("span")', [], ["span"], ["color"]),
        ('"span" in hparams', [], ["span"], ["color"]),
        # A key of a block brings what it refers to, and no other
        ('hparams["first"]["nest"]', [], ["sticks", "size: 3"], ["eggs"]),
        ('hparams["first"]["owl"]', [], ["sticks", "size: 3"], ["eggs"]),
        ('hparams["first"]', [], ["eggs", "size: 3"], ["span"]),
        # Names in a list that is read in a loop
        ('for name in ["color"]: hparams[name]', [], ["color"], ["span"]),
        # Read elsewhere only: handed on
        ("", ["hparams.span"], ["    span: !ref <span>"], ["color"]),
    ],
)
def test_a_script_is_given_what_it_reads(script, lobes, present, absent):
    script += '\nhparams = {**hparams, **hparams["second"]}'
    part = split_yaml(TEXT, script, lobes)
    assert all(text in part for text in present), part
    assert not any(text in part for text in absent), part
    assert "\n\n\n" not in part
