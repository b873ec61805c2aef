"""What a Brain does so that several processes train and evaluate as one."""

import itertools
import operator

import torch
import yaml
from data_prep.errors import EmoclustError
from emoclust_lobes.parallel.processes import (
    ProcessShare,
    gather_objects,
    mean_over_processes,
    n_processes,
    own_rows,
    share_buffers,
)
from emoclust_lobes.training.dataset import Batches, ColumnarDataset, as_it_is
from torch.nn.parallel import DistributedDataParallel

from speechbrain import Brain, Stage
from speechbrain.utils.checkpoints import (
    mark_as_loader,
    mark_as_saver,
    register_checkpoint_hooks,
)


@register_checkpoint_hooks
class DistributedBrain(Brain):
    """A Brain whose numbers on several processes can be told from one's.

    Each of N processes trains on batches of its own: the global batch is N
    times as large, an epoch one Nth of the steps. A loss of the rows that
    ``gather_batches`` gives is that of the global batch, with exactly its
    gradient; any other is the mean of the processes'. BatchNorm takes its
    statistics of the global batch on GPUs; on CPUs, where PyTorch cannot, the
    main process' are evaluated with and saved.
    """

    distributed_launch: bool

    @mark_as_saver
    def _save(self, path):
        super()._save(path)
        with open(path, "a", encoding="utf-8") as stream:
            yaml.safe_dump({"n_processes": n_processes()}, stream)

    @mark_as_loader
    def _recover(self, path, end_of_epoch):
        with open(path, encoding="utf-8") as stream:
            before = yaml.safe_load(stream).get("n_processes", n_processes())
        if not end_of_epoch and before != n_processes():
            raise EmoclustError(
                f"{path.parent} was saved inside an epoch by {before} "
                f"processes, and the rest of the epoch would be another with "
                f"{n_processes()}: go on with {before}, or remove that folder "
                "to begin the epoch anew"
            )
        super()._recover(path, end_of_epoch)

    def make_dataloader(self, dataset, stage, **options):
        """Make a loader of what this process trains on, or evaluates."""
        if stage != Stage.TRAIN:
            options["sampler"] = own_rows(len(dataset))
        if isinstance(dataset, ColumnarDataset):
            if stage != Stage.TRAIN:  # little padding, and little to compute
                options["sampler"] = dataset.by_length(options["sampler"])
            dataset = Batches(dataset)
            options["collate_fn"] = as_it_is
        loader = super().make_dataloader(dataset, stage, **options)
        if stage == Stage.TRAIN and len(loader) == 0:
            raise ValueError(
                f"{len(dataset)} utterances give no batch to each of "
                f"{n_processes()} processes: start fewer, lower "
                "ser_batch_size, or raise steps_per_epoch"
            )
        return loader

    def _train_loader_specifics(self, dataset, loader_kwargs):
        """Plan an epoch as for one process, and take this one's share."""
        launched = self.distributed_launch
        self.distributed_launch = False
        options = super()._train_loader_specifics(dataset, loader_kwargs)
        self.distributed_launch = launched
        batches = options.get("batch_sampler")
        kind = "sampler" if batches is None else "batch_sampler"
        plan = options.get(kind)
        if plan is None:
            plan = range(len(dataset))
        # SpeechBrain tells it the epoch
        options[kind] = self.train_sampler = ProcessShare(plan)
        return options

    def _wrap_distributed(self):
        """Let the processes average their gradients."""
        if not self.distributed_launch:
            super()._wrap_distributed()
            return
        on_cpu = torch.device(self.device).type == "cpu"
        for name, module in self.modules.items():
            if not any(p.requires_grad for p in module.parameters()):
                continue
            if not on_cpu:
                module = torch.nn.SyncBatchNorm.convert_sync_batchnorm(module)
            self.modules[name] = DistributedDataParallel(
                module,
                device_ids=None if on_cpu else [self.device],
                find_unused_parameters=self.find_unused_parameters,
            )
            # Buffers are shared before an evaluation instead. At each of its
            # batches, a process would wait for those that have fewer.
            self.modules[name].broadcast_buffers = False

    def gather_evaluated(self):
        """Join the ``rows`` of all processes, in the order of their IDs.

        These come first in each row; no utterance is there twice.
        """
        rows = itertools.chain(*gather_objects(self.rows))
        return sorted(rows, key=operator.itemgetter(0))

    def train_means(self):
        """Return the means of the epoch's steps, over all processes."""
        return mean_over_processes(self.hparams.history.means())

    def on_stage_start(self, stage, epoch=None):
        """Evaluate with the main process's buffers."""
        if stage != Stage.TRAIN:
            for module in self.modules.values():
                if isinstance(module, DistributedDataParallel):
                    share_buffers(module)
