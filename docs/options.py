"""Make docs/options.md from the comments of the YAMLs: ``make hparams``."""

import collections
import itertools
import pathlib

from emoclust_lobes.experiment.script_help import read_options

FOLDER = pathlib.Path(__file__).resolve().parent
# What is no experiment, and one that is made small
LEFT_OUT = ("systems.yaml", "crosscorpus.yaml", "demo.yaml")
HEAD = """\
# Options

Every key of a YAML's top level is an option of both scripts and of all commands that
take the YAML: `--fold=2`, or `--pools="[own, /data/VoxCeleb1/dev/wav]"` for a list. The
options of one file, and those of SpeechBrain (`--device`, `--precision`):

    python train_ser.py hparams/ravdess.yaml --help

What is in `<...>` follows from another option unless it is given. This page is made from
the files' comments by `make hparams`.
"""
MANY = 3  # defaults beyond so many are not listed


def make_page(folder):
    """Write the page on the YAMLs of a folder: a table for each section."""
    paths = sorted(
        path for path in folder.glob("*.yaml") if path.name not in LEFT_OUT
    )
    ends = {path.stem: path.stem.rpartition("_")[2] for path in paths}
    kinds = {x: end if end in _ENDS else "" for x, end in ends.items()}
    options: dict = {}  # section -> (key, note) -> file -> default
    for path in paths:
        for option in read_options(path.read_text(encoding="utf-8")):
            rows = options.setdefault(option.section, {})
            files = rows.setdefault((option.key, option.note), {})
            files[path.stem] = option.value
    parts = [HEAD]
    for section, rows in options.items():
        lines = [
            f"| `{key}` | {_defaults(files, kinds)} | {note.replace('|', '&#124;')} "
            f"| {_files(files, kinds)} |"
            for (key, note), files in _together(rows)
        ]
        parts.append(
            f"## {section or 'Seed'}\n\n"
            "| option | default | meaning | in |\n|---|---|---|---|\n"
            + "\n".join(lines)
            + "\n"
        )
    return "\n".join(parts)


def _together(rows):
    """Put the rows of one key beside each other, where its first one is."""
    order = list(dict.fromkeys(key for key, _ in rows))
    return sorted(rows.items(), key=lambda row: order.index(row[0][0]))


def _defaults(files, kinds):
    """Name the commonest default, then the others with their files."""
    values = [
        value for value, _ in collections.Counter(files.values()).most_common()
    ]
    if values == ["!PLACEHOLDER"]:
        return "to be given"
    if len(values) > MANY:
        return "each file's own"
    told = [f"`{values[0]}`"]
    for value in values[1:]:
        some = {x: files[x] for x in files if files[x] == value}
        told.append(f"{_files(some, kinds)}: `{value}`")
    return "; ".join(told)


def _files(files, kinds):
    """Name files in few words: of all, of some encoders, of some corpora."""
    if files.keys() == kinds.keys():
        return "all"
    ends = {
        kind: [x for x in kinds if kinds[x] == kind] for kind in ("", *_ENDS)
    }
    corpora = {
        x: {x} | {f"{x}_{end}" for end in _ENDS} & kinds.keys()
        for x in ends[""]
    }
    for groups, names in ((ends, _KINDS), (corpora, {})):
        for size in range(1, 5):
            for some in itertools.combinations(groups, size):
                if set().union(*(groups[x] for x in some)) == files.keys():
                    return ", ".join(names.get(x, f"`{x}`") for x in some)
    return ", ".join(f"`{x}`" for x in files)


_ENDS = ("campplus", "wav2vec2")
_KINDS = {"": "`CORPUS`", **{x: f"`CORPUS_{x}`" for x in _ENDS}}

if __name__ == "__main__":
    page = make_page(FOLDER.parent / "hparams")
    (FOLDER / "options.md").write_text(page, encoding="utf-8")
