"""Files of a run that a full disk, a copy or Git LFS has left damaged."""

import pathlib
import zipfile

import torch
import yaml
from data_prep.errors import EmoclustError

# What SpeechBrain reads of a checkpoint before it chooses one
_META = "CKPT.yaml"
_KEYS = {"end-of-epoch", "unixtime"}


def load_state(path, remedy):
    """Read weights, or raise an EmoclustError that names the file."""
    cause: Exception | None = None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if isinstance(state, dict):
            return state
    except OSError:
        raise
    except Exception as error:  # of a damaged pickle, any
        cause = error
    reason = find_damage(path) or "another kind of file"
    raise EmoclustError(
        f"{path} cannot be read as weights: it is {reason}. {remedy}"
    ) from cause


def find_damage(path):
    """Say what is wrong with a file of a checkpoint, "" where nothing is."""
    path = pathlib.Path(path)
    with open(path, "rb") as stream:
        start = stream.read(64)
    if not start:
        return "empty"
    if start.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS (git lfs pull fetches the file)"
    if start.startswith(b"PK"):  # weights
        try:
            zipfile.ZipFile(path).close()
        except (zipfile.BadZipFile, OSError):
            return "cut off"
        return ""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        return "cut off, or another kind of file"
    if path.name == _META and not (
        isinstance(content, dict) and _KEYS <= set(content)
    ):
        return "cut off"
    return ""


def refuse_damaged(checkpoints_folder):
    """Stop where a checkpoint is damaged; offer the newest that is whole."""
    folders = [
        path.parent
        for path in pathlib.Path(checkpoints_folder).glob(f"*/{_META}")
    ]
    damaged, whole = {}, {}
    for folder in folders:
        files = [folder / _META, *sorted(folder.glob("*.ckpt"))]
        found = {x: find_damage(x) for x in files}
        reasons = [
            f"{x.name} is {reason}" for x, reason in found.items() if reason
        ]
        if reasons:
            damaged[folder] = reasons
        else:
            text = (folder / _META).read_text(encoding="utf-8")
            whole[folder] = yaml.safe_load(text)
    if not damaged:
        return
    then = "the training begins anew"
    if whole:
        best = max(whole, key=lambda x: whole[x]["unixtime"])
        epoch = whole[best].get("epoch")
        place = "" if epoch is None else f", of epoch {epoch}"
        then = f"the same command goes on from {best}{place}"
    lines = [f"  {x}: {', '.join(reasons)}" for x, reasons in damaged.items()]
    raise EmoclustError(
        "these checkpoints are damaged:\n"
        + "\n".join(lines)
        + f"\nRestore these files, or remove these folders, and {then}"
    )
