"""One YAML for two scripts becomes a YAML for each.

SpeechBrain wants every key of a YAML's top level to stand literally in the
script that reads it. Our experiments are told in one YAML for both stages.
Here each script is given the keys that it reads, those that they refer to, and
all comments that belong to them.

A key is named by a pair: itself and the key of its block, ("ser", "folder"),
or ("seed", "") where that is all.
"""

import re
from typing import NamedTuple

from recipes.upstream.layout import UpstreamError

_READ = re.compile(r'hparams\["(\w+)"\](?:\["(\w+)"\])?')
_OTHERWISE_READ = re.compile(
    r'(?:hparams\.get\(|getattr\([\w.]*hparams, )"(\w+)"'
    r'|"(\w+)" in hparams|\bhparams\.(\w+)'
)
_MERGED = re.compile(r'\*\*hparams\["(\w+)"\]')
_REFERENCE = re.compile(r"<(\w+)(?:\[(\w+)\])?")
_HEADING = re.compile(r"# -{5,}")


class Part(NamedTuple):
    """A key with its comment above and all that is indented below it.

    The name of a heading, or other comment that belongs to no key, is "".
    """

    name: str
    comment: list
    body: list

    @property
    def references(self):
        """Keys, and keys of blocks, that are referred to."""
        code = "\n".join(re.sub(r"(^|\s)#.*", "", x) for x in self.body)
        return set(_REFERENCE.findall(code))

    @property
    def parts(self):
        """Keys of the block."""
        return _parts(self.body[1:], indent="    ")


def split_yaml(text, script, lobes):
    """Make the YAML of one script from the text of that of both.

    The script reads whole the block that it merges into the rest, as in
    ``{**hparams, **hparams["ser"]}``; of other blocks the keys that its code
    names. A key that only the code of its imports reads (``lobes``), or that
    is referred to only above it, is handed on by the script's block, so that
    the YAML itself says that it is used, as SpeechBrain's checker reads it.
    """
    parts = _parts(text.splitlines(), indent="")
    keys = {part.name: part for part in parts if part.name}
    merged = _MERGED.search(script)
    if merged is None:
        raise UpstreamError(
            'a script merges its own block, as in {**hparams, **hparams["ser"]}'
            ", and this one does not: add it, so that it is known which keys "
            "are the script's"
        )
    read = read_keys(script)
    read_elsewhere = {
        (name, "") for lobe in lobes for name, _ in read_keys(lobe)
    }
    always = {(name, "") for name in keys if name.startswith("__")}
    kept = _closure(keys, read | read_elsewhere | _said(keys, script) | always)
    handed_on = sorted(_unused(keys, kept, always | read))
    lines = []
    for part in _with_their_headings(parts, {name for name, _ in kept}):
        body = part.body
        if part.name and (part.name, "") not in kept:
            body = _chosen(part, {sub for x, sub in kept if x == part.name})
        if part.name == merged[1] and handed_on:
            body = [line for line in body if line]
            body += [f"    {name}: !ref <{name}>" for name in handed_on] + [""]
        lines += part.comment + body
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines).rstrip("\n")) + "\n"


def read_keys(code):
    """Return the keys that Python code reads, as a set of pairs."""
    plain = {"".join(x) for x in _OTHERWISE_READ.findall(code)}
    return set(_READ.findall(code)) | {(name, "") for name in plain}


def _parts(lines, indent):
    """Cut lines into keys with their comments, and headings.

    The comments before the first empty line are no key's.
    """
    key = re.compile(rf"{indent}(\w+):")
    parts: list[Part] = []
    comment: list[str] = []
    for line in lines:
        match = key.match(line)
        if match:
            parts.append(Part(match[1], comment, [line]))
            comment = []
        elif _HEADING.match(line.strip()):
            parts.append(Part("", [], [line]))
        elif line.startswith(f"{indent}#"):
            comment.append(line)
        elif not line and comment:
            parts.append(Part("", [], [*comment, line]))
            comment = []
        elif parts:
            parts[-1].body.append(line)
        elif line:
            parts.append(Part("", [], [line]))
    return parts


def _said(keys, script):
    """Return keys without a block that stand in a script as text.

    It may read them in a loop over their names.
    """
    texts = set(re.findall(r'"(\w+)"', script))
    return {
        (name, "")
        for name in texts & set(keys)
        if keys[name].body[0] != f"{name}:"
    }


def _taken(keys, pair):
    """Return the part that a pair names: a key, or a key of a block."""
    name, sub = pair
    subparts = {x.name: x for x in keys[name].parts} if sub else {}
    return subparts.get(sub, keys[name])


def _closure(keys, pairs):
    """Follow references from keys that are read to all that they need."""
    kept: set[tuple[str, str]] = set()
    waiting = list(pairs)
    while waiting:
        name, sub = waiting.pop()
        if name in keys and not kept & {(name, sub), (name, "")}:
            kept.add((name, sub))
            waiting += _taken(keys, (name, sub)).references
    return {x for x in kept if not x[1] or (x[0], "") not in kept}


def _unused(keys, kept, read):
    """Return kept keys that are not read, nor referred to below themselves."""
    places = {name: place for place, name in enumerate(keys)}
    used = {name for name, _ in read}
    for pair in kept:
        for name, _ in _taken(keys, pair).references:
            if places.get(name, 0) < places[pair[0]]:
                used.add(name)
    return {name for name, _ in kept} - used


def _chosen(part, subs):
    """Return the lines of a block with some of its keys only."""
    lines = [part.body[0]]
    for sub in part.parts:
        if sub.name in subs:
            lines += sub.comment + [x for x in sub.body if x]
    return [*lines, ""]


def _with_their_headings(parts, names):
    """Leave out other keys, and headings below which nothing is left."""
    chosen, heading = [], None
    for part in parts:
        if part.name in names:
            if heading:
                chosen.append(heading)
            heading = None
            chosen.append(part)
        elif not part.name and _HEADING.match(part.body[0]):
            heading = Part("", [""], part.body)
        elif part.name:
            chosen.append(Part("", [], [x for x in part.body if not x]))
        else:
            chosen.append(part)
    return chosen
