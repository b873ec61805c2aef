"""One process at a time writes into a folder; reading needs no lock.

The kernel keeps the lock, so that it ends with the process, however that ends;
``.lock.json`` beside it says whose it is, for those who find the folder in use.
"""

import contextlib
import os
import pathlib
import shlex
import socket
import sys
import time

import filelock
from data_prep.storage.files import read_json, write_json

from speechbrain.utils.distributed import if_main_process
from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)

LOCK = ".lock"
OWNER = ".lock.json"


class FolderInUseError(OSError):
    """Another process writes into a folder; says which, and what to do."""


@contextlib.contextmanager
def locked(folder, wait=False):
    """Keep a folder, made where it is missing, to this process.

    A process may lock a folder that it has locked already, and one that cannot be
    written needs no lock. ``wait`` for another process, as for what runs share, or
    raise a FolderInUseError at once, as for the folder of a run.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / LOCK, is_singleton=True)
    if lock.is_locked or not os.access(folder, os.W_OK):
        yield
        return
    _acquire(lock, folder, wait)
    try:
        _refuse_elsewhere(folder)
        write_json(folder / OWNER, _this_process())
        try:
            yield
        finally:
            (folder / OWNER).unlink(missing_ok=True)
    finally:
        lock.release()


def locked_by_main(folder, wait=False):
    """Lock a folder for all processes of one run, in the main one."""
    if if_main_process():
        return locked(folder, wait=wait)
    return contextlib.nullcontext()


def _acquire(lock, folder, wait):
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        owner = read_json(folder / OWNER)
        if not wait:
            raise FolderInUseError(_in_use(folder, owner)) from error
        logger.warning(f"{folder} is in use by {_name(owner)}: waiting for it")
        lock.acquire(poll_interval=0.2)


def _refuse_elsewhere(folder):
    """Raise where a process of another machine has not given a folder back."""
    owner = read_json(folder / OWNER)
    if owner is None:
        return
    if owner["host"] != socket.gethostname():
        raise FolderInUseError(_in_use(folder, owner))
    logger.warning(f"{folder} was left by {_name(owner)}, which has ended")


def _in_use(folder, owner):
    advice = "wait for it to end, or give another output_folder"
    if owner and owner["host"] != socket.gethostname():
        advice += (
            f". If it has ended, which cannot be seen from "
            f"{socket.gethostname()}, remove {folder / OWNER}"
        )
    return f"{folder} is in use by {_name(owner)}: {advice}"


def _name(owner):
    if owner is None:  # it is about to say so
        return "another process"
    return (
        f"process {owner['pid']} on {owner['host']} since {owner['since']} "
        f"({owner['command']})"
    )


def _this_process():
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        "command": shlex.join(sys.argv),
    }
