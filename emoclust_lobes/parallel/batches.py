"""Computing on batches in several threads, each on one core."""

import contextlib
import functools
import itertools

import torch
from emoclust_lobes.parallel.threads import in_threads


def map_batches(function, batches, device="cpu"):
    """Apply a network to batches, several at a time where it is on a CPU.

    A network hears few recordings at once when nothing is padded, and its
    layers are then too small for PyTorch to share them over the cores. So each
    core has batches of its own, as many at a time as PyTorch has threads.

    Arguments
    ---------
    function : callable
        Of a waveform batch; changes nothing.
    batches : iterable of (object, torch.Tensor)
        What names a batch, and its waveforms.
    device : str
        Where the function computes.

    Yields
    ------
    name : object
        As in ``batches``, in their order.
    waveforms : torch.Tensor
        The same.
    result
        What the function returned.

    Example
    -------
    >>> batches = [("a", torch.ones(1, 2)), ("b", torch.ones(1, 3))]
    >>> [(name, x) for name, _, x in map_batches(torch.numel, batches)]
    [('a', 2), ('b', 3)]
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
    """Tell how many batches are computed at a time.

    Arguments
    ---------
    device : str
        Where to compute.

    Returns
    -------
    int
        PyTorch's threads on a CPU, 1 elsewhere.

    Example
    -------
    >>> cores_for("cuda:0")
    1
    """
    is_cpu = torch.device(device).type == "cpu"
    return torch.get_num_threads() if is_cpu else 1
