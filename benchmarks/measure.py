"""Measure one side of one part, alone in its process.

> python -m benchmarks.measure loss ours 1024 --threads=1 --repeats=5

prints a line of JSON: the seconds of each repeat, and the peak memory in MB
above what the process held before the task began. Linux only: it reads
``/proc``.
"""

import argparse
import ctypes
import gc
import importlib
import json
import pathlib
import time

import torch
from threadpoolctl import threadpool_limits


def find_part(name):
    """Return the part of ``benchmarks/parts/<name>.py``."""
    return importlib.import_module(f"benchmarks.parts.{name}").PART


def measure(part, side, size, threads, repeats):
    """Do a task several times, mostly after one that is not timed.

    Returns ``seconds``, a list, and ``peak_mb``; ``threads`` are those of torch
    and of the libraries below numpy.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    with threadpool_limits(threads):
        run = part.sides[side](size)
        gc.collect()
        # The allocator keeps what the preparation gave back; the system's
        # count of this process should not.
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        pathlib.Path("/proc/self/clear_refs").write_text("5")  # forget the peak
        before = _memory("VmRSS")
        seconds, peaks = [], []
        for _ in range(part.warms_up + repeats):
            start = time.perf_counter()
            counted = run()
            elapsed = time.perf_counter() - start
            seconds.append(counted if part.counts_itself else elapsed)
            peaks.append(_memory("VmHWM") - before)
    return {"seconds": seconds[part.warms_up :], "peak_mb": peaks[0]}


def _memory(field):
    """A field of the process's status in MB."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise LookupError(field)


def main():
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part")
    parser.add_argument("side")
    parser.add_argument("size", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    options = vars(parser.parse_args())
    part = find_part(options.pop("part"))
    print(json.dumps(measure(part, **options)))


if __name__ == "__main__":
    main()
