"""Folders of runs: resumed when nothing changed, refused when something did.

A run has its folder to itself, may be interrupted at any time, and leaves
checkpoints that are whole.
"""

import contextlib
import datetime
import difflib
import io
import os
import pathlib
import shutil
import signal

import ruamel.yaml
from data_prep.errors import EmoclustError
from data_prep.storage.files import read_json, write_json
from data_prep.storage.locks import locked_by_main
from hyperpyyaml import load_hyperpyyaml, resolve_references
from ruamel.yaml.comments import TaggedScalar

from speechbrain.utils.distributed import ddp_barrier, main_process_only
from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)

# Keys of the YAML that no result depends on
NOT_COMPARED = ("data_folder", "output_folder", "cluster_jobs")
SIDES = {"-": "was", "+": "now"}
# Blocks that one stage depends on, and the other does not
OF_STAGE_1 = ("sources", "embed", "cluster", "contrastive")
OF_STAGE_2 = ("enrolled_counts", "ser")
OF_NEITHER = ("references",)


class Interrupted(SystemExit):
    """A signal ended the process: the exit code is 128 plus its number."""


class ChangedRunError(EmoclustError):
    """A folder holds a run that was made with other settings."""


def resolved_blocks(hparams_file, overrides, ignore):
    """Return the text of each block of a YAML after the overrides.

    Numbers and names enter here through the blocks that refer to them, so
    that only what a run depends on is compared. Where corpus and results lie
    is left out, since both may be moved, and so is over how many processes
    work is spread.

    Arguments
    ---------
    hparams_file : str
        Path of the HyperPyYAML file.
    overrides : str
        The overrides of the command line, as YAML.
    ignore : sequence of str
        Names of blocks that the run does not depend on.

    Returns
    -------
    dict
        Block name -> its YAML text.

    Example
    -------
    >>> path = getfixture("tmp_path") / "experiment.yaml"
    >>> _ = path.write_text(
    ...     "lr: 0.1\\nser: {lr: !ref <lr>}\\ndata_folder: a\\noutput_folder: b"
    ... )
    >>> resolved_blocks(path, "lr: 0.2", ignore=[])["ser"].strip()
    'ser: {lr: 0.2}'
    """
    changes = load_hyperpyyaml(overrides) or {} if overrides else {}
    with open(hparams_file, encoding="utf-8") as stream:
        free = dict.fromkeys(NOT_COMPARED, "any")
        text = resolve_references(stream, {**changes, **free})
    yaml = ruamel.yaml.YAML()
    blocks = {}
    ignore = {*ignore, *OF_NEITHER}
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
    emoclust_lobes.experiment.run_folders.ChangedRunError: ...
    """
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

    Both are raised where the program is, as Ctrl-C always is, so that what has
    been computed is saved on the way out. Where a signal is ignored, as Ctrl-C
    in the background of a shell, it stays so.

    Raises
    ------
    Interrupted
        After a signal, with the code 130 for Ctrl-C and 143 for SIGTERM.

    Example
    -------
    >>> try:
    ...     with interruptible():
    ...         signal.raise_signal(signal.SIGTERM)
    ... except Interrupted as interrupted:
    ...     interrupted.code
    143
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
    """Keep the folder of a run to one run, which signals may end.

    Arguments
    ---------
    folder : str or pathlib.Path
        Folder of the run. Of several processes of one run, the main one locks
        it.

    Raises
    ------
    FolderInUseError
        When another run has the folder.
    Interrupted
        As ``interruptible``.

    Example
    -------
    >>> with one_run(getfixture("tmp_path") / "contrastive") as folder:
    ...     (folder / ".lock").exists()
    True
    """
    with interruptible(), locked_by_main(folder):
        yield pathlib.Path(folder)


def save_whole(checkpointer):
    """Let a checkpointer write each checkpoint aside, then move it in place.

    SpeechBrain begins a checkpoint with the file that makes its folder one. A
    run that is killed inside a save, or finds the disk full, would leave the
    newest checkpoint unreadable, and that is the one to be resumed.

    Arguments
    ---------
    checkpointer : Checkpointer
        Changed in place.

    Returns
    -------
    Checkpointer
        The same. Its saves raise ``OSError`` where they cannot be written.

    Example
    -------
    >>> from speechbrain.utils.checkpoints import Checkpointer
    >>> import torch
    >>> net = torch.nn.Linear(2, 2)
    >>> checkpointer = Checkpointer(getfixture("tmp_path"), {"net": net})
    >>> checkpoint = save_whole(checkpointer).save_checkpoint()
    >>> checkpoint.path == checkpointer.find_checkpoint().path
    True
    """
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
