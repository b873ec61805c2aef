"""Several processes of one run: who takes what, and how it comes together.

On one process everything here gives back what it was given; so it does where
the main one works alone, as inside ``run_on_main``.
"""

import itertools

import torch
from torch.utils.data import Sampler

from speechbrain.utils.distributed import ddp_prevent_block


def n_processes():
    """How many processes work on this together."""
    if ddp_prevent_block():
        return 1
    return torch.distributed.get_world_size()


def process_number():
    """Which of the run's processes this is, counted from 0."""
    if ddp_prevent_block():
        return 0
    return torch.distributed.get_rank()


class ProcessShare(Sampler):
    """What this process takes of an epoch that all plan alike.

    Of N processes the first takes the plan's numbers 0, N, 2N and so on; what
    is left over at the end is left out. (SpeechBrain's
    ``DistributedSamplerWrapper`` gives some twice instead.)
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
    """Rows that this process evaluates: each belongs to one process."""
    return range(process_number(), n_rows, n_processes())


def gather_rows(rows):
    """Join what each process found of its ``own_rows``, in order, on all."""
    shares = gather_objects(rows)
    together = [None] * sum(map(len, shares))
    for number, share in enumerate(shares):
        together[number :: len(shares)] = share
    return together


def gather_objects(found):
    """List what every process has found, in their order, on all of them."""
    everyone = [found] * n_processes()
    if len(everyone) > 1:
        torch.distributed.all_gather_object(everyone, found)
    return everyone


def mean_over_processes(numbers):
    """Average a dict of numbers that every process has."""
    everyone = gather_objects(numbers)
    return {
        name: sum(each[name] for each in everyone) / len(everyone)
        for name in numbers
    }


def gather_batches(*tensors):
    """Tensors [batch, ...] of all processes, [total, ...], with gradients.

    For a loss of all rows: its gradient is as if one process had had them.
    """
    # The gradient of the own rows is multiplied by the number of processes,
    # the others' rows have none: DistributedDataParallel's average over the
    # processes is then the gradient of that one loss.
    if n_processes() == 1:
        return tensors
    size = torch.tensor([len(tensors[0])], device=tensors[0].device)
    sizes = torch.cat(_gather_equal(size)).tolist()
    return tuple(_gather_padded(tensor, sizes) for tensor in tensors)


def _gather_padded(tensor, sizes):
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
    everyone = [torch.empty_like(tensor) for _ in range(n_processes())]
    torch.distributed.all_gather(everyone, tensor)
    return everyone


def share_buffers(module):
    """Give all processes the main one's buffers, such as BatchNorm's means."""
    if n_processes() > 1:
        for buffer in module.buffers():
            torch.distributed.broadcast(buffer, src=0)


def end_processes():
    """Leave the group of processes that SpeechBrain joined, where there is one.

    With PyTorch 2.14 and gloo a process may abort at its exit otherwise, where
    a thread of the group still waits.
    """
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
