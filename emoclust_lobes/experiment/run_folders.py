"""Folders of runs: resumed when nothing changed, refused when something did.

A run has its folder to itself, may be interrupted at any time, and leaves
checkpoints that are whole.
"""

import contextlib
import datetime
import difflib
import functools
import os
import pathlib
import shutil
import signal

import yaml
from data_prep.errors import EmoclustError
from data_prep.storage.files import read_json, write_json
from data_prep.storage.locks import locked_by_main
from emoclust_lobes.experiment.yaml_options import FAST_LOADER
from hyperpyyaml import resolve_references

from speechbrain.utils.distributed import ddp_barrier, main_process_only
from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)

# Keys of the YAML that no result depends on
NOT_COMPARED = ("data_folder", "output_folder", "cluster_jobs")
SIDES = {"-": "was", "+": "now"}
# Blocks that one stage depends on, and the other does not
OF_STAGE_1 = ("sources", "embed", "cluster", "contrastive")
OF_STAGE_2 = ("enrolled_counts", "ser")
OF_NEITHER = ("baselines",)


class Interrupted(SystemExit):
    """A signal ended the process: the exit code is 128 plus its number."""


class ChangedRunError(EmoclustError):
    """A folder holds a run that was made with other settings."""


def resolved_blocks(hparams_file, overrides, ignore):
    """Text of each block of a YAML after the overrides, by name.

    Numbers and names enter through the blocks that refer to them, so that only
    what a run depends on is compared; comments and ``NOT_COMPARED`` do not.
    """
    with open(hparams_file, encoding="utf-8") as stream:
        free = dict.fromkeys(NOT_COMPARED, "any")
        text = resolve_references(stream, {**overrides, **free})
    # As nodes: nothing is made of the tags, and numbers stay as written
    root = yaml.compose(text, FAST_LOADER)
    blocks = {}
    for key, node in root.value:
        is_block = node.id != "scalar" or node.tag.startswith("!")
        if is_block and key.value not in {*ignore, *OF_NEITHER}:
            block = yaml.MappingNode(root.tag, [(key, node)])
            blocks[key.value] = yaml.serialize(block)
    return blocks


def refuse_changed_run(folder, blocks):
    """Stop when a folder holds a run with other blocks; else record them."""
    # A checkpoint of other settings would be resumed in silence, and the result
    # would belong to neither. Without one they may still change.
    folder = pathlib.Path(folder)
    before = read_json(folder / "settings.json") or {}
    to_resume = any(folder.glob("save/CKPT*"))
    lines = []
    for name in sorted(set(before) & set(blocks)) if to_resume else ():
        old, new = before[name].splitlines(), blocks[name].splitlines()
        lines += [
            f"  {SIDES[line[0]]} {line[1:].strip()}"
            for line in difflib.ndiff(old, new)
            if line[0] in SIDES
        ]
    if lines:
        raise ChangedRunError(
            f"{folder} holds a run with other settings:\n"
            + "\n".join(lines)
            + "\nGive another --output_folder, or remove that folder to run "
            "it anew."
        )
    write_json(folder / "settings.json", {**before, **blocks})


@contextlib.contextmanager
def interruptible():
    """End on Ctrl-C and SIGTERM with a line and the usual exit code.

    Both are raised where the program is, so that what has been computed is
    saved on the way out; a signal that is ignored stays so.
    """
    came = []

    def end(number, frame):
        came.append(signal.Signals(number))
        raise KeyboardInterrupt

    before = {
        number: signal.signal(number, end)
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield
    except BaseException:
        # Perhaps another error than ours: workers are ended by it, too
        if not came:
            raise
        logger.warning(
            f"Ended by {came[0].name}: the same command goes on from here"
        )
        raise Interrupted(128 + came[0]) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def one_run(folder):
    """Lock the folder of a run, in the main process; signals may end it."""
    with interruptible(), locked_by_main(folder):
        yield pathlib.Path(folder)


def save_whole(checkpointer):
    """Let a checkpointer write each checkpoint aside, then move it in place.

    A run that is killed inside a save would leave the newest checkpoint, that
    which is resumed, unreadable. What is in place never changes and is read
    once.
    """
    construct = checkpointer._construct_checkpoint_objects
    read = functools.cache(lambda folder: construct([folder])[0])
    checkpointer._construct_checkpoint_objects = lambda x: list(map(read, x))
    save = checkpointer.save_checkpoint

    def save_aside(name=None, **options):
        folder = checkpointer.checkpoints_dir
        aside = folder / "unfinished"
        _remove(aside)  # what a kill has left
        moment = f"{datetime.datetime.now():%Y-%m-%d+%H-%M-%S.%f}"
        checkpointer.checkpoints_dir = aside
        try:
            saved = save(name=name or moment, **options)
        except (OSError, RuntimeError) as error:  # torch's is not an OSError
            _remove(aside)
            raise OSError(
                f"no checkpoint could be written to {folder}, whose disk may "
                f"be full; the one before is kept ({error})"
            ) from error
        finally:
            checkpointer.checkpoints_dir = folder
        ddp_barrier()
        if saved is not None:  # in the main process
            saved = _moved(saved, folder)
        _remove(aside)
        return saved

    checkpointer.save_checkpoint = save_aside
    return checkpointer


@main_process_only
def _remove(folder):
    shutil.rmtree(folder, ignore_errors=True)


def _moved(checkpoint, folder):
    """Move a checkpoint whose content has reached the disk."""
    target = folder / checkpoint.path.name
    for path in checkpoint.path.iterdir():
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    checkpoint.path.rename(target)
    return checkpoint._replace(
        path=target,
        paramfiles={
            name: target / path.name
            for name, path in checkpoint.paramfiles.items()
        },
    )
