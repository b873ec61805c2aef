"""The Brain of stage 1."""

import copy
from typing import Any

import numpy as np
import torch
from emoclust_lobes.contrast.distillation import cosines, distillation_loss
from emoclust_lobes.contrast.gradient_reversal import (
    reversal_ramp,
    reverse_gradient,
)
from emoclust_lobes.evaluation.metrics import cluster_auc
from emoclust_lobes.parallel.processes import gather_batches
from emoclust_lobes.training.brain import EncoderBrain

import speechbrain as sb


class ContrastiveBrain(EncoderBrain):
    """Learns from clusters, speakers and vectors, as ``variant`` says.

    ``valid_loader`` gives the utterances of the development speakers, None
    where there are none; ``steps_per_epoch`` paces the gradient reversal;
    ``targets`` are the vectors of a distillation. The last ``n_kept``
    checkpoints are kept, and as many of the best.
    """

    modules: Any  # those that are in training, or an untrained copy
    valid_loader: Any = None
    untrained_modules: Any = None
    targets: Any = None
    n_kept = 1

    def compute_objectives(self, predictions, batch, stage):
        """Return the loss in training; collect embeddings otherwise."""
        if stage != sb.Stage.TRAIN:
            vectors = predictions.float().cpu().numpy()
            clusters = batch.cluster.tolist()
            found = [batch.id, vectors, batch.spk_id, clusters]
            if self.variant.distils:
                found.append(
                    cosines(*self.regress(predictions, batch)).tolist()
                )
            self.rows.extend(zip(*found, strict=True))
            return torch.zeros(())
        terms = {}
        if self.variant.contrastive:
            terms["contrastive_loss"] = self.contrast(predictions, batch)
        loss = sum(terms.values())
        if self.variant.speaker:
            terms["speaker_loss"] = self.classify_speakers(predictions, batch)
            alone = not self.variant.contrastive
            weight = 1.0 if alone else self.hparams.speaker_weight
            loss = loss + weight * terms["speaker_loss"]
        if self.variant.distils:
            pairs = gather_batches(*self.regress(predictions, batch))
            terms["distillation_loss"] = distillation_loss(*pairs)
            alone = not self.variant.contrastive
            weight = 1.0 if alone else self.hparams.distillation_weight
            loss = loss + weight * terms["distillation_loss"]
        self.hparams.history.note(loss=loss, **terms)
        return loss

    def regress(self, embeddings, batch):
        """Return the vectors that embeddings foretell, and the right ones."""
        predicted = self.modules.vector_head(embeddings).float()
        return predicted, self.targets[batch.target.cpu()].to(predicted.device)

    def classify_speakers(self, embeddings, batch):
        """Return the speakers' loss, its gradient reversed where it is against."""
        if self.variant.speaker == "against":
            counter = self.hparams.epoch_counter
            done = counter.current - 1 + self.step / self.steps_per_epoch
            strength = reversal_ramp(done / counter.limit)
            embeddings = reverse_gradient(embeddings, strength)
        return super().classify_speakers(embeddings, batch)

    def on_fit_start(self):
        """Keep a copy of the untrained encoder, to compare with."""
        if self.valid_loader is not None:
            parameters = self.modules.parameters()
            shared = {id(p): p for p in parameters if not p.requires_grad}
            self.untrained_modules = copy.deepcopy(self.modules, shared)
        super().on_fit_start()  # goes on from a checkpoint
        if self.hparams.epoch_counter.current > 0:
            self.untrained_modules = None

    def score_untrained(self):
        """Evaluate the untrained encoder.

        With the first epoch, not before it: a training that is started to see
        whether it runs should soon be seen to run.
        """
        trained, self.modules = self.modules, self.untrained_modules
        self._fit_valid(self.valid_loader, epoch=0, enable=False)
        self.modules = trained
        self.untrained_modules = None

    def on_stage_start(self, stage, epoch=None):
        """Start collecting."""
        super().on_stage_start(stage, epoch)
        if stage == sb.Stage.VALID and epoch == 1:
            self.score_untrained()
        self.rows = []

    def on_stage_end(self, stage, stage_loss, epoch=None):
        """Log the epoch and keep the best encoder."""
        if stage == sb.Stage.TRAIN:
            self.train_stats = self.train_means()
            if self.valid_loader is None:
                self.finish_epoch(epoch, self.train_stats, n_kept=self.n_kept)
            return
        _, vectors, speakers, clusters, *cosine = zip(
            *self.gather_evaluated(), strict=True
        )
        auc = cluster_auc(np.stack(vectors), speakers, clusters)
        valid_stats = {} if auc is None else {"cluster_auc": auc}
        if cosine:
            valid_stats["vector_cosine"] = float(np.mean(cosine))
        if epoch == 0:
            untrained = {f"valid_{k}": v for k, v in valid_stats.items()}
            self.hparams.history.add(epoch=0, **untrained)
        else:
            self.finish_epoch(
                epoch,
                self.train_stats,
                valid_stats,
                max_key=self.variant.measure,
                n_kept=self.n_kept,
            )
