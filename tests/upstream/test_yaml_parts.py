"""A YAML for each script says what that of both says."""

import re

import pytest
from hyperpyyaml import resolve_references
from ruamel.yaml import YAML

from recipes.upstream.imports import Modules
from recipes.upstream.layout import KINDS, RECIPES, ROOT, SCRIPTS
from recipes.upstream.yaml_parts import read_keys, split_yaml

YAMLS = [f"{x.name}{kind}.yaml" for x in RECIPES for kind in KINDS]


def said(node):
    """Return the tag and the values of a YAML node, whatever its layout."""
    value = node.value
    if node.id == "mapping":
        value = [(key.value, said(x)) for key, x in value]
    elif node.id == "sequence":
        value = [said(x) for x in value]
    return node.tag, value


def blocks(text):
    """Resolve references; return what is said of each key of the top level."""
    resolved = resolve_references(text, "{data_folder: there}")
    return dict(said(YAML().compose(resolved))[1])


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("name", YAMLS)
def test_what_is_kept_is_said_as_before(name, script):
    whole = (ROOT / "hparams" / name).read_text()
    code = (ROOT / f"{script}.py").read_text()
    modules = Modules(ROOT)
    needed = modules.needed({"a.py": code, "a.yaml": whole})
    lobes = [modules.source(module) for module in needed]
    part = split_yaml(whole, code, lobes)
    before, after = blocks(whole), blocks(part)
    own = re.search(r'\*\*hparams\["(\w+)"\]', code)[1]
    assert set(after) < set(before)
    for key in set(after) - {"contrastive", "ser"}:
        assert after[key] == before[key], key
    # The script's own block is kept whole; at its end, it may hand on keys
    assert after[own][0] == before[own][0]
    assert after[own][1][: len(before[own][1])] == before[own][1]
    named = {key for text in (code, *lobes) for key, _ in read_keys(text)}
    assert named & set(before) <= set(after)
    # Lines keep their order and comments
    lines = iter(whole.splitlines())
    handed_on = after[own][1][len(before[own][1]) :]
    handed_on = {f"    {key}: !ref <{key}>" for key, _ in handed_on}
    for line in part.splitlines():
        if line and line not in handed_on:
            assert line in lines, f"{line!r} is out of order"


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
        ("", [], ["seed: 1", "About birds"], ["size", "first", "Wings"]),
        ('hparams["span"]', [], ["# How long", "Wings"], ["color", "Nests"]),
        ('hparams.get("span"), "color" in hparams', [], ["span", "color"], []),
        # A key of a block brings what it refers to, and no other
        ('hparams["first"]["owl"]', [], ["sticks", "size: 3"], ["eggs"]),
        ('hparams["first"]', [], ["eggs", "size: 3"], ["span"]),
        ('for name in ["color"]: hparams[name]', [], ["color"], ["span"]),
        ("", ["hparams.span"], ["    span: !ref <span>"], ["color"]),
        # SpeechBrain's checker finds no reference above what it refers to
        ('hparams["first"]', [], ["    size: !ref <size>\n"], ["    seed: 1"]),
    ],
)
def test_a_script_is_given_what_it_reads(script, lobes, present, absent):
    script += '\nhparams = {**hparams, **hparams["second"]}'
    part = split_yaml(TEXT, script, lobes)
    assert all(text in part for text in present), part
    assert not any(text in part for text in absent), part
    assert "\n\n\n" not in part
