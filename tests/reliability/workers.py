"""What other processes do in the tests: hold locks, wait, run out of disk."""

import multiprocessing
import os
import pathlib
import signal
import time

import torch
from data_prep.storage.locks import locked
from emoclust_lobes.embeddings.cache import cache_path
from emoclust_lobes.embeddings.parts import PartWriter, merge_parts
from emoclust_lobes.experiment.run_folders import (
    interruptible,
    one_run,
    save_whole,
)

from speechbrain.utils.checkpoints import (
    Checkpointer,
    mark_as_loader,
    mark_as_saver,
    register_checkpoint_hooks,
)


def output_to(path):
    """Send what a process prints to a file."""
    with open(path, "a") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)


def wait_for(condition, seconds=300):
    """Wait until a function returns something."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


def hold(folder, ready, release):
    """Lock a folder, say so by a file, and keep it until there is another."""
    with locked(folder):
        ready.touch()
        wait_for(release.exists)


def hold_with_child(folder, ready, release):
    """Lock a folder while a forked child, such as a loader's, lives longer."""
    with locked(folder):
        child = multiprocessing.get_context("fork").Process(
            target=wait_for, args=(release.exists,)
        )
        child.start()
        ready.touch()
        wait_for(release.exists)


def count(folder, times):
    """Read a number, add one and write it, alone with it."""
    path = pathlib.Path(folder, "number")
    for _ in range(times):
        with locked(folder, wait=True):
            number = int(path.read_text()) if path.exists() else 0
            time.sleep(0.001)
            path.write_text(str(number + 1))


def embed(folder, ids, signatures, vectors):
    """Write vectors into the cache, each in a part of its own, and merge."""
    with locked(cache_path(folder, "stats"), wait=True):
        with PartWriter(folder, {"name": "stats"}, ids, signatures, 1) as parts:
            for row in range(len(ids)):
                parts.add([row], vectors[row : row + 1])
        merge_parts(folder, "stats")


def work(folder, log, ready):
    """Do the work of a run until a signal comes."""
    output_to(log)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # as in front
    with one_run(folder):
        ready.touch()
        time.sleep(60)


def work_in_vain(log, ready):
    """Meet an error of one's own after a signal, as from a dead worker."""
    output_to(log)
    with interruptible():
        ready.touch()
        try:
            time.sleep(60)
        finally:
            raise RuntimeError("DataLoader worker is killed by signal")


@register_checkpoint_hooks
class Deadly:
    """A part of a checkpoint that kills the process in its middle."""

    deadly = False

    @mark_as_saver
    def _save(self, path):
        with open(path, "w") as stream:
            stream.write("whole")
            if self.deadly:
                stream.flush()
                os.kill(os.getpid(), signal.SIGKILL)
            stream.write(" indeed")

    @mark_as_loader
    def _load(self, path, end_of_epoch):
        assert pathlib.Path(path).read_text() == "whole indeed"


def checkpointer_in(folder, place=0):
    """A checkpointer of three parts; the one at this place is deadly."""
    net = torch.nn.Linear(100, 100)
    parts = [("net", net), ("other", torch.nn.Linear(2, 2))]
    deadly = Deadly()
    parts.insert(place, ("deadly", deadly))
    checkpointer = save_whole(Checkpointer(folder, dict(parts)))
    return checkpointer, net, deadly


def die_inside_a_save(folder, place):
    """Save a checkpoint, and be killed inside the second save."""
    checkpointer, net, deadly = checkpointer_in(folder, place)
    for value in (1.0, 2.0):
        torch.nn.init.constant_(net.weight, value)
        deadly.deadly = value > 1
        checkpointer.save_and_keep_only(meta={"value": value})


def save_twice(folder):
    """Save a small and a large checkpoint."""
    net = torch.nn.ParameterDict({"weight": torch.zeros(10)})
    checkpointer = save_whole(Checkpointer(folder, {"net": net}))
    checkpointer.save_and_keep_only(meta={"value": 1})
    net["weight"] = torch.nn.Parameter(torch.zeros(100_000))
    checkpointer.save_and_keep_only(meta={"value": 2})
