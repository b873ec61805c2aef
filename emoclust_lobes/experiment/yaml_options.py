"""The options of a YAML: its own values and those that a user gives, checked.

HyperPyYAML reads YAML 1.2 first and YAML 1.1 after that, so that ``no`` is
text and then False, and takes ``<`` in a text for a reference. Here each value
is read as what its option is, and handed on so that it arrives as it is.
"""

import difflib
import os
import pathlib
import re

import ruamel.yaml
import yaml
from emoclust_lobes.experiment.option_kinds import (
    UsageError,
    kind_of,
    nearest,
    read_option,
)
from hyperpyyaml.core import parse_arithmetic
from ruamel.yaml.scalarstring import SingleQuotedScalarString

# Of libyaml where PyYAML has it: ten times as fast
FAST_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER = yaml.resolver.Resolver()
_REFERENCE = re.compile(r"<(\w+)")


class YamlOptions:
    """The keys of a YAML's top level, as options."""

    def __init__(self, path):
        self.path = path
        try:
            with open(path, encoding="utf-8") as stream:
                root = yaml.compose(stream, FAST_LOADER)
        except FileNotFoundError:
            raise UsageError(f"there is no {path}{_near(path)}") from None
        except (yaml.YAMLError, ValueError) as error:  # or no text at all
            mark = getattr(error, "problem_mark", None)
            line = f", line {mark.line + 1}" if mark else ""
            reason = getattr(error, "problem", None) or str(error)
            raise UsageError(f"{path}{line}: {reason}") from error
        if not isinstance(root, yaml.MappingNode):
            raise UsageError(f"{path} has no keys: it is no experiment's YAML")
        self.nodes: dict[str, yaml.Node] = {}
        for key, node in root.value:
            if str(key.value) in self.nodes:
                raise UsageError(
                    f"{path}, line {key.start_mark.line + 1}: a second "
                    f"{key.value}"
                )
            self.nodes[str(key.value)] = node

    @property
    def kinds(self):
        """The kind of each option, by name."""
        kinds = {name: kind_of(name, x) for name, x in self.nodes.items()}
        return {name: kind for name, kind in kinds.items() if kind}

    def read(self, given):
        """Check what was given, as typed or as Python has it: the values."""
        kinds = self.kinds
        values = {}
        for name, value in given.items():
            if name not in kinds:
                raise UsageError(self._unknown(name, value, kinds))
            values[name] = read_option(f"--{name}=", kinds[name], value)
            _as_carried(name, values[name])
        return values

    def overrides(self, given):
        """Check all values, and make overrides for ``load_hyperpyyaml``.

        They are those that were given, and own values that would be read as
        something else than their option is.
        """
        own = {name: _own_value(node) for name, node in self.nodes.items()}
        kinds = self.kinds
        overrides = {}
        for name, (typed, read) in own.items():
            if typed is None or name not in kinds:
                continue
            value = read_option(f"{self.path}: {name}: ", kinds[name], typed)
            if not _same(value, read):
                overrides[name] = _as_carried(name, value)
        for name, value in self.read(given).items():
            if name in overrides or not _same(value, own[name][1]):
                overrides[name] = _as_carried(name, value)
        return overrides

    def _unknown(self, name, value, kinds):
        if name not in self.nodes or name.startswith("__"):
            near = nearest(name, kinds, "--{}") or "; --help lists them"
            return f"{self.path} has no option {name}{near}"
        text = f"--{name}={value}: {name} is made of other options"
        inner = re.findall(r"(\w+)\s*['\"]?\s*:", str(value))
        fields = _fields(self.nodes[name])
        for field in inner:
            found = difflib.get_close_matches(field, fields, n=1)
            for option in fields[found[0]] if found else ():
                if option in kinds:
                    return f"{text}; give --{option}"
        return f"{text}; give those, such as --{next(iter(kinds))}"


def _fields(node):
    """Names inside a block: field -> the options that its value refers to."""
    fields = {}
    if node.id == "mapping":
        for key, value in node.value:
            fields[str(key.value)] = (
                _REFERENCE.findall(value.value) if value.id == "scalar" else []
            )
            fields |= _fields(value)
    elif node.id == "sequence":
        for item in node.value:
            fields |= _fields(item)
    return fields


def _own_value(node):
    """A value as it was typed, and as YAML 1.1 reads it; None: it is made."""
    if node.tag.startswith("!") or node.id == "mapping":
        return None, None
    if node.id == "sequence":
        typed = [
            x.value for x in node.value if x.id == "scalar" and x.tag[0] != "!"
        ]
        if len(typed) < len(node.value):
            return None, None
        return typed, [_own_value(x)[1] for x in node.value]
    if node.style:
        return node.value, node.value
    if node.tag.endswith(":null"):
        return "null", None
    if node.tag.endswith(":str"):
        # Text of YAML 1.1 that is a number of 1.2 is no text to rely on
        return node.value, carried_text(node.value, plain=True)
    return node.value, yaml.safe_load(node.value)


def _same(value, other):
    if isinstance(value, list):
        return (
            isinstance(other, list)
            and len(value) == len(other)
            and all(map(_same, value, other))
        )
    return type(value) is type(other) and value == other


def _as_carried(name, value):
    """Make a value that HyperPyYAML hands on as it is."""
    if isinstance(value, list):
        return [_as_carried(name, item) for item in value]
    if isinstance(value, float) and re.fullmatch(r"-?\de.*", repr(value)):
        # 1e-05 is text in YAML 1.1
        return ruamel.yaml.YAML().load(repr(value).replace("e", ".0e"))
    if not isinstance(value, str):
        return value
    found = [x for x in ("<", ">", "**") if x in value]
    if not found and not _stays(value):
        found = ["a number at the start of a comment, or a sum"]
    if found:
        raise UsageError(
            f"--{name}={value} cannot be used: it holds {found[0]}, which "
            "HyperPyYAML takes for something else; name it otherwise"
        )
    return carried_text(value)


def _stays(text):
    """Whether no arithmetic is done where the text is the start of a path."""
    try:
        return parse_arithmetic(f"{text}/a") == f"{text}/a"
    except (ArithmeticError, ValueError, RecursionError, MemoryError):
        return False


def carried_text(text, plain=False):
    """Quote a text that one of the YAMLs reads as something else.

    With ``plain`` there is None in its place.
    """
    tag = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))
    if tag.endswith(":str") and (text[:1].isalpha() or text[:1] == "/"):
        return str(text)
    return None if plain else SingleQuotedScalarString(text)


def _near(path):
    """Ask whether the nearest YAML that there is was meant."""
    folders = (pathlib.Path("hparams"), pathlib.Path(path).parent)
    paths = {x.stem: x for y in folders for x in sorted(y.glob("*.yaml"))}
    found = difflib.get_close_matches(pathlib.Path(path).stem, paths, n=1)
    return f"; did you mean {paths[found[0]]}?" if found else ""


def system_name(init):
    """Name what starts from some weights, for folders and results.

    Arguments
    ---------
    init : str
        Name of a stage 1, folder or file of weights, or name on the hub.

    Returns
    -------
    str
        Its last part, which of a file is that of its folder.

    Example
    -------
    >>> [system_name(x) for x in ("none", "runs/best/", "runs/best/a.ckpt")]
    ['none', 'best', 'best']
    """
    path = os.path.abspath(os.path.expanduser(init))
    if path.endswith(".ckpt"):
        path = os.path.dirname(path)
    return carried_text(os.path.basename(path) or "root")
