#!/usr/bin/env python3
"""Make the YAML of each corpus and encoder: ``make hparams``.

A file is a base, ``bases/<encoder>.yaml.j2``, filled in with what
``bases/table.yaml`` says of the corpus. It stands alone: nothing is included
when it is read.
"""

import pathlib
import re

import jinja2
import ruamel.yaml

FOLDER = pathlib.Path(__file__).resolve().parent


def make():
    """Return the files by name: their text."""
    table = ruamel.yaml.YAML(typ="safe").load(FOLDER / "bases/table.yaml")
    bases = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER / "bases"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    made = {}
    for corpus, facts in table["corpora"].items():
        for encoder in facts["encoders"]:
            name = corpus if encoder == "ecapa" else f"{corpus}_{encoder}"
            about = table["encoders"][encoder]
            text = bases.get_template(f"{encoder}.yaml.j2").render(
                name=name,
                title=f"{facts['title']}, {about['title']}",
                corpus=facts["keys"].rstrip(),
                prepare=facts.get("prepare", corpus),
                arguments=_arguments(facts),
                label_set=facts.get("label_set"),
                runs=facts.get("runs", ""),
                annotators="\ntarget:" in facts["keys"],
                n_classes=facts.get("n_classes", "classes"),
            )
            changes = about.get("changes", {}) | facts.get("changes", {})
            for key, value in changes.items():
                text = _changed(text, key, value)
            made[f"{name}.yaml"] = text
    return made


def _arguments(facts):
    """Name the arguments of the corpus' preparation, keys of the YAML."""
    _, first, *others = re.findall(r"^(\w+):", facts["keys"], re.M)
    more = facts.get("arguments", [])
    last = ["expect_complete", "trim_silence"]
    return [first, "manifest_folder", *more, *others, *last]


def _changed(text, key, value):
    """Give a key another value; its comment stays."""
    text, n_changed = re.subn(
        rf"^({key}:) \S+", rf"\g<1> {value}", text, flags=re.M
    )
    if n_changed != 1:
        raise ValueError(f"{key} stands {n_changed} times in a base, not once")
    return text


if __name__ == "__main__":
    for file, content in make().items():
        (FOLDER / file).write_text(content, "utf-8")
