"""Several processes of one run: who takes what, and how it comes together.

On one process everything here gives back what it was given; so it does where
the main one works alone, as inside ``run_on_main``.
"""

import itertools

import torch
from torch.utils.data import Sampler

from speechbrain.utils.distributed import ddp_prevent_block


def n_processes():
    """Return how many processes work on this together.

    Returns
    -------
    int

    Example
    -------
    >>> n_processes()
    1
    """
    if ddp_prevent_block():
        return 1
    return torch.distributed.get_world_size()


def process_number():
    """Return which of the run's processes this is, counted from 0.

    Returns
    -------
    int

    Example
    -------
    >>> process_number()
    0
    """
    if ddp_prevent_block():
        return 0
    return torch.distributed.get_rank()


class ProcessShare(Sampler):
    """What this process takes of an epoch that all plan alike.

    Indices, or batches, are dealt round: of N processes the first takes the
    plan's numbers 0, N, 2N and so on. All take as many, so that none waits for
    another; what is left over at the end is left out. Step t of N processes
    therefore hears what N steps of one process do with batches, and what one
    process with N times the batch size does with indices.

    SpeechBrain's ``DistributedSamplerWrapper`` gives some twice instead of
    leaving them out, and cannot deal a single batch to each.

    Arguments
    ---------
    sampler : iterable
        The plan, with a length; its ``set_epoch`` is called where it has one.

    Example
    -------
    >>> list(ProcessShare(range(3)))
    [0, 1, 2]
    """

    def __init__(self, sampler):
        self.sampler = sampler

    def set_epoch(self, epoch):
        """Choose the epoch that is dealt next."""
        if hasattr(self.sampler, "set_epoch"):
            self.sampler.set_epoch(epoch)

    def __len__(self):
        return len(self.sampler) // n_processes()

    def __iter__(self):
        end = len(self) * n_processes()
        return itertools.islice(
            self.sampler, process_number(), end, n_processes()
        )


def own_rows(n_rows):
    """Return which rows of a dataset this process evaluates.

    Every row belongs to one process: none is padded or left out.

    Arguments
    ---------
    n_rows : int
        Length of the dataset.

    Returns
    -------
    range

    Example
    -------
    >>> own_rows(3)
    range(0, 3)
    """
    return range(process_number(), n_rows, n_processes())


def gather_rows(rows):
    """Put together what the processes have found out about their rows.

    Arguments
    ---------
    rows : list
        One object, which can be pickled, for each of ``own_rows``, in order.

    Returns
    -------
    list
        Those of the whole dataset, in its order; the same on all processes.

    Example
    -------
    >>> gather_rows(["a", "b", "c"])
    ['a', 'b', 'c']
    """
    shares = gather_objects(rows)
    together = [None] * sum(map(len, shares))
    for number, share in enumerate(shares):
        together[number :: len(shares)] = share
    return together


def gather_objects(found):
    """Gather what every process has found, when all have come to it.

    Arguments
    ---------
    found : object
        Can be pickled.

    Returns
    -------
    list
        That of each process, in their order; the same on all processes.

    Example
    -------
    >>> gather_objects("a")
    ['a']
    """
    everyone = [found] * n_processes()
    if len(everyone) > 1:
        torch.distributed.all_gather_object(everyone, found)
    return everyone


def mean_over_processes(numbers):
    """Average numbers that every process has.

    Arguments
    ---------
    numbers : dict
        Name -> number; the same names everywhere.

    Returns
    -------
    dict
        Name -> mean, the same on all processes.

    Example
    -------
    >>> mean_over_processes({"loss": 2.0})
    {'loss': 2.0}
    """
    everyone = gather_objects(numbers)
    return {
        name: sum(each[name] for each in everyone) / len(everyone)
        for name in numbers
    }


def gather_batches(*tensors):
    """Put the batches of all processes together, with their gradient.

    Made for a loss that is a function of all rows, and that every process
    computes of all rows. The gradient that reaches the own rows is multiplied
    by the number of processes, the others' rows have none. When
    ``DistributedDataParallel`` then averages the gradients of the parameters
    over the processes, these are exactly the gradients of that one loss, as if
    one process had had all rows. No gradient is communicated in between.

    Arguments
    ---------
    *tensors : torch.Tensor
        One row per utterance of the own batch, shape [batch, ...]; the batches
        may differ in size.

    Returns
    -------
    tuple of torch.Tensor
        The same of all processes, in their order, shape [total, ...].

    Example
    -------
    >>> (rows,) = gather_batches(torch.ones(2, 3))
    >>> rows.shape
    torch.Size([2, 3])
    """
    if n_processes() == 1:
        return tensors
    size = torch.tensor([len(tensors[0])], device=tensors[0].device)
    sizes = torch.cat(_gather_equal(size)).tolist()
    return tuple(_gather_padded(tensor, sizes) for tensor in tensors)


def _gather_padded(tensor, sizes):
    """Gather tensors of so many rows each."""
    padded = tensor.new_zeros(max(sizes), *tensor.shape[1:])
    padded[: len(tensor)] = tensor.detach()
    batches = [
        rows[:size]
        for rows, size in zip(_gather_equal(padded), sizes, strict=True)
    ]
    if tensor.requires_grad:
        own = tensor.view_as(tensor)  # a hook on tensor would reach too far
        own.register_hook(lambda gradient: gradient * len(sizes))
        batches[process_number()] = own
    return torch.cat(batches)


def _gather_equal(tensor):
    """Gather tensors of one shape into a list."""
    everyone = [torch.empty_like(tensor) for _ in range(n_processes())]
    torch.distributed.all_gather(everyone, tensor)
    return everyone


def share_buffers(module):
    """Give all processes the main one's buffers, such as BatchNorm's means.

    Arguments
    ---------
    module : torch.nn.Module
        The same on every process; changed in place.

    Example
    -------
    >>> share_buffers(torch.nn.BatchNorm1d(2))
    """
    if n_processes() > 1:
        for buffer in module.buffers():
            torch.distributed.broadcast(buffer, src=0)
