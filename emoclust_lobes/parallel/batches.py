"""Computing on batches in several threads, each on one core."""

import contextlib
import functools
import itertools

import torch
from emoclust_lobes.parallel.threads import in_threads


def map_batches(function, batches, device="cpu"):
    """Yield name, waveforms and result of each (name, waveforms), in order.

    Batches are too small for PyTorch to share their layers over the cores:
    each core has some of its own.
    """
    n_threads = cores_for(device)
    batches = iter(batches)
    # What is made at the first call, such as weights, is there for all threads
    first = itertools.islice(batches, None if n_threads == 1 else 1)
    for name, waveforms in first:
        yield name, waveforms, function(waveforms)
    if n_threads == 1:
        return
    computing = in_threads(
        lambda batch: function(batch[1]),
        batches,
        ahead=n_threads,
        n_threads=n_threads,
        initializer=functools.partial(torch.set_num_threads, 1),
    )
    try:
        with contextlib.closing(computing):
            for batch, result in computing:
                yield *batch, result.result()
    finally:
        torch.set_num_threads(n_threads)


def cores_for(device):
    """How many batches are computed at a time: one per core of a CPU."""
    is_cpu = torch.device(device).type == "cpu"
    return torch.get_num_threads() if is_cpu else 1
