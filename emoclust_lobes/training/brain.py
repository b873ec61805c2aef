"""What both training stages share: an utterance encoder with heads."""

import hashlib
import pathlib

import torch
from data_prep.errors import EmoclustError
from data_prep.storage.files import read_json, write_json
from emoclust_lobes.parallel.processes import gather_batches
from emoclust_lobes.training.damage import refuse_damaged
from emoclust_lobes.training.distributed_brain import DistributedBrain
from emoclust_lobes.training.optimizers import without_compiler
from emoclust_lobes.training.wandb_run import wandb_logger

from speechbrain import Stage
from speechbrain.utils.distributed import get_rank, if_main_process
from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)

# Shorter utterances are padded: the convolutions of ECAPA-TDNN reflect four
# frames at either end.
FEWEST_FRAMES = 5


class NonFiniteError(EmoclustError):
    """A training computes what is no number; says when and on what."""


class EncoderBrain(DistributedBrain):
    """A Brain around an utterance encoder and the heads that train it.

    It expects the modules ``compute_features``, ``mean_var_norm`` and
    ``embedding_model``, as SpeechBrain's ``EncoderClassifier`` does; every
    other module is a head. Every random draw of training depends on the seed,
    the epoch and the step alone, and on the process where there are several: a
    run that is interrupted anywhere and started again ends as if it had never
    been.

    With SpeechBrain's ``--grad_accumulation_factor``, an utterance is
    contrasted with its own micro-batch only, and micro-batches that do not
    fill a step are left out. A loss or gradient that is not finite never
    reaches the weights: the step is left out, the IDs of its batch are kept in
    ``nonfinite.json``, and after more of them in an epoch than
    ``nonfinite_patience``, or when they have spoilt the statistics of a
    normalization, training ends with a :class:`NonFiniteError`.
    """

    refused = None  # what was not finite since the last step
    wandb_logger = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.checkpointer is not None:
            refuse_damaged(self.checkpointer.checkpoints_dir)

    def compute_forward(self, batch, stage):
        """Return embeddings, shape [batch, dim]."""
        signals, lens = batch.to(self.device).sig
        return self.encode(signals, lens, stage)

    def encode(self, signals, lens, stage):
        """Turn waveforms [batch, time] into embeddings [batch, dim].

        Or features of a frozen front end, [batch, frames, size]; they are
        augmented in ``Stage.TRAIN`` only. ``lens`` are relative lengths.
        """
        is_cached = signals.dim() == 3
        features = (
            signals if is_cached else self.modules.compute_features(signals)
        )
        features = self.modules.mean_var_norm(features, lens)
        n_frames = features.shape[1]
        if n_frames < FEWEST_FRAMES:
            padding = (0, 0, 0, FEWEST_FRAMES - n_frames)
            features = torch.nn.functional.pad(features, padding)
            lens = lens * n_frames / FEWEST_FRAMES
        if stage == Stage.TRAIN:
            features = self.hparams.augment(features)
        return self.modules.embedding_model(features, lens).squeeze(1)

    def classify_speakers(self, embeddings, batch):
        """Return the loss of the speakers of embeddings [batch, dim]."""
        scores = self.modules.speaker_classifier(embeddings.unsqueeze(1))
        return self.hparams.speaker_loss(scores, batch.speaker.unsqueeze(1))

    def contrast(self, embeddings, batch):
        """Return the contrastive loss of the batches of all processes together.

        A batch of the pool has ``speaker, cluster, context``; how many anchors
        the loss has is noted in the history.
        """
        utterances = gather_batches(
            self.modules.projection(embeddings).float(),
            batch.speaker,
            batch.cluster,
            batch.context,
        )
        loss, n_anchors = self.hparams.contrastive_loss(*utterances)
        self.hparams.history.note(anchors=n_anchors)
        return loss

    def init_optimizers(self):
        """Make an optimizer each for front end, encoder and heads."""
        # Each learns at its own rate, and the gradients of all are clipped:
        # SpeechBrain clips the first parameter group of each optimizer only.
        parts = {"compute_features": "front_end", "embedding_model": "encoder"}
        groups: dict[str, list] = {}
        for name, module in self.modules.items():
            group = groups.setdefault(parts.get(name, "heads"), [])
            group += [p for p in module.parameters() if p.requires_grad]
        compiles = self.compile or self.compile_module_keys
        make = self.hparams.optimizer
        if not compiles:
            make = without_compiler(make)
        self.optimizers_dict = {
            f"{part}_optimizer": make(
                group, lr=getattr(self.hparams, f"{part}_lr")
            )
            for part, group in groups.items()
            if group  # what is frozen has nothing to optimize
        }
        if self.checkpointer is not None:
            self.checkpointer.add_recoverables(self.optimizers_dict)

    def on_fit_start(self):
        """Begin a run of wandb where one is asked for and epochs are left."""
        super().on_fit_start()
        counter = self.hparams.epoch_counter
        asked = getattr(self.hparams, "use_wandb", False)
        if asked and counter.current < counter.limit:
            self.wandb_logger = wandb_logger(self.hparams)

    def on_stage_start(self, stage, epoch=None):
        """Choose the epoch's crops and learning rates."""
        super().on_stage_start(stage, epoch)
        if stage == Stage.TRAIN:
            self.hparams.crop.set_epoch(epoch)
            factor, _ = self.hparams.lr_annealing(epoch)
            for optimizer in self.optimizers_dict.values():
                for group in optimizer.param_groups:
                    group["lr"] = optimizer.defaults["lr"] * factor

    def on_fit_batch_start(self, batch, should_step):
        """Seed the draws of this step, whatever happened before it."""
        epoch = self.hparams.epoch_counter.current
        key = f"{self.hparams.seed}|{epoch}|{self.step}|{get_rank()}"
        digest = hashlib.sha256(key.encode()).digest()
        seed = int.from_bytes(digest[:7], "big")
        if torch.device(self.device).type == "cpu":
            # The other keeps for each call where it was called, for GPUs
            torch.default_generator.manual_seed(seed)
        else:
            torch.manual_seed(seed)
        self.batch = batch

    def check_loss_isfinite(self, loss):
        """Refuse a batch whose loss, a scalar tensor, is not finite."""
        if not loss.isfinite():
            self._refuse(f"loss {loss.item()}")

    def optimizers_step(self):
        """Step, unless a gradient is not finite."""
        gradients = [
            parameter.grad
            for optimizer in self.optimizers_dict.values()
            for parameter in optimizer.param_groups[0]["params"]
            if parameter.grad is not None
        ]
        norm = torch.nn.utils.get_total_norm(gradients)
        # A scaler of float16 does the same, and infinity is nothing unusual.
        if norm.isfinite() or self.scaler.is_enabled():
            super().optimizers_step()
        else:
            if self.refused is None:  # it may be another process' loss
                self._refuse(f"gradient norm {norm.item()}")
            self.zero_grad(set_to_none=True)
        self.refused = None

    def _refuse(self, what):
        """Keep the IDs of a batch, and stop when it is one too many."""
        self.refused = what
        self.nonfinite_count += 1
        epoch = self.hparams.epoch_counter.current
        rank = get_rank()
        name = "nonfinite.json" if rank is None else f"nonfinite_{rank}.json"
        path = pathlib.Path(self.hparams.folder, name)
        place = f"epoch {epoch}, step {self.step}"
        batch = {"found": what, "utterances": list(self.batch.id)}
        write_json(path, {**(read_json(path) or {}), place: batch})
        logger.warning(f"{place}: {what}; the batch is left out, see {path}")
        spoilt = [
            name
            for name, buffer in self.modules.named_buffers()
            if buffer.isnan().any()
        ]
        if self.nonfinite_count > self.nonfinite_patience or spoilt:
            reason = f"{self.nonfinite_count} batches of the epoch were such"
            if spoilt:
                reason = f"it has spoilt {spoilt[0]}"
            raise NonFiniteError(
                f"{place}: {what}, and {reason}. The utterances are in {path}. "
                "Look at these recordings, lower the learning rates, or use "
                "--precision=fp32."
            )

    def finish_epoch(
        self,
        epoch,
        train_stats,
        valid_stats=None,
        max_key=None,
        min_key=None,
        n_kept=1,
    ):
        """Log an epoch, save it, keep the ``n_kept`` best and latest of either.

        ``max_key`` or ``min_key`` names the number of ``valid_stats`` that
        says which is best; there may be no development data.
        """
        rates = {
            name.replace("_optimizer", "_lr"): optimizer.param_groups[0]["lr"]
            for name, optimizer in self.optimizers_dict.items()
        }
        splits = {"train": train_stats, "valid": valid_stats or {}}
        flat = {
            f"{split}_{name}": value
            for split, stats in splits.items()
            for name, value in stats.items()
        }
        self.hparams.history.add(epoch=epoch, **flat)
        stats = {"epoch": epoch, **rates}, train_stats, valid_stats
        self.hparams.train_logger.log_stats(*stats)
        if if_main_process():
            if self.wandb_logger is not None:
                self.wandb_logger.log_stats(*stats)
                if epoch == self.hparams.epoch_counter.limit:
                    self.wandb_logger.run.finish()
            # Not SpeechBrain's TensorboardLogger: it counts from one again
            # when a run is resumed.
            from torch.utils.tensorboard import SummaryWriter

            with SummaryWriter(f"{self.hparams.folder}/tensorboard") as writer:
                for name, value in {**flat, **rates}.items():
                    writer.add_scalar(name.replace("_", "/", 1), value, epoch)
        self.checkpointer.save_and_keep_only(
            meta={"epoch": epoch, **(valid_stats or {})},
            max_keys=[max_key] if valid_stats and max_key else [],
            min_keys=[min_key] if valid_stats and min_key else [],
            # One may have been saved inside an epoch
            num_to_keep=n_kept if n_kept == 1 else n_kept + 1,
        )
