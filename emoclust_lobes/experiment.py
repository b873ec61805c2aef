"""Folders of runs: resumed when nothing changed, refused when something did."""

import io
import pathlib

import ruamel.yaml
from emoclust_lobes.files import read_json, write_json
from hyperpyyaml import load_hyperpyyaml, resolve_references
from ruamel.yaml.comments import TaggedScalar


class ChangedRunError(ValueError):
    """A folder holds a run that was made with other settings."""


def resolved_blocks(hparams_file, overrides, ignore):
    """Return the text of each block of a YAML after the overrides.

    Numbers and names enter here through the blocks that refer to them, so
    that only what a run depends on is compared. Where corpus and results lie
    is left out: both may be moved.

    Arguments
    ---------
    hparams_file : str
        Path of the HyperPyYAML file.
    overrides : str
        The overrides of the command line, as YAML.
    ignore : list of str
        Names of blocks that the run does not depend on.

    Returns
    -------
    dict
        Block name -> its YAML text.
    """
    changes = load_hyperpyyaml(overrides) or {} if overrides else {}
    with open(hparams_file, encoding="utf-8") as stream:
        text = resolve_references(
            stream, {**changes, "data_folder": "any", "output_folder": "any"}
        )
    yaml = ruamel.yaml.YAML()
    blocks = {}
    for name, node in yaml.load(text).items():
        is_block = isinstance(node, (dict, list, TaggedScalar))
        if is_block and name not in ignore:
            block = io.StringIO()
            yaml.dump({name: node}, block)
            blocks[name] = block.getvalue()
    return blocks


def refuse_changed_run(folder, blocks):
    """Stop when a folder holds a run with other settings.

    A checkpoint of other settings would be resumed in silence, and the result
    would belong to neither. The settings are recorded; as long as there is no
    checkpoint there is nothing to resume, and they may change.

    Arguments
    ---------
    folder : str or pathlib.Path
        Folder of the run.
    blocks : dict
        Name -> text: the settings from ``resolved_blocks``, or the fingerprint
        of an input.

    Raises
    ------
    ChangedRunError
        Names the lines that changed.

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> refuse_changed_run(folder, {"ser": "lr: 0.1"})
    >>> refuse_changed_run(folder, {"ser": "lr: 0.2"})
    >>> (folder / "save" / "CKPT+1").mkdir(parents=True)
    >>> refuse_changed_run(folder, {"ser": "lr: 0.2"})
    >>> refuse_changed_run(folder, {"ser": "lr: 0.3"})
    Traceback (most recent call last):
    ...
    emoclust_lobes.experiment.ChangedRunError: ...
    """
    folder = pathlib.Path(folder)
    before = read_json(folder / "settings.json") or {}
    to_resume = any(folder.glob("save/CKPT*"))
    lines = []
    for name in sorted(set(before) & set(blocks)) if to_resume else ():
        old, new = before[name].splitlines(), blocks[name].splitlines()
        lines += [f"  was {line.strip()}" for line in old if line not in new]
        lines += [f"  now {line.strip()}" for line in new if line not in old]
    if lines:
        raise ChangedRunError(
            f"{folder} holds a run with other settings:\n"
            + "\n".join(lines)
            + "\nGive another --output_folder, or remove that folder to run "
            "it anew."
        )
    write_json(folder / "settings.json", {**before, **blocks})
