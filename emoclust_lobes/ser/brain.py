"""The Brain of stage 2."""

import numpy as np
import torch
from emoclust_lobes.parallel.processes import (
    gather_batches,
    n_processes,
    process_number,
)
from emoclust_lobes.ser.annotator_losses import (
    concordance_loss,
    soft_cross_entropy,
)
from emoclust_lobes.ser.results import predict_emotions, score_predictions
from emoclust_lobes.training.brain import EncoderBrain

import speechbrain as sb

# Scores of an epoch
SHOWN = ("uar", "wa", "macro_f1", "js", "soft_accuracy", "mean_ccc", "joint")


class SERBrain(EncoderBrain):
    """Learns emotions and, beside them, speakers and what stage 1 contrasts.

    ``set_goal`` says what is learned, ``pool_batches`` gives the batches of a
    contrast that is kept, ``enrolled_counts`` with how many unlabeled
    utterances of its speaker an utterance is scored, ``has_valid`` says
    whether there are development speakers.
    """

    pool_batches = None
    split = None
    enrolled_counts = (None,)

    def set_goal(self, goal, tables, balance, batch_size, seed):
        """Take up a Goal, for the tables of the splits, with a ClassBalance.

        Returns the options of the training loader.
        """
        self.goal, self.tables, self.classes = goal, tables, list(goal.classes)
        self.learned = goal.learned(tables["train"], self.device)
        shares = goal.shares(tables["train"])
        self.class_weights = balance.loss_weights(shares, self.device)
        return balance.loader_options(shares, batch_size, seed)

    def compute_objectives(self, predictions, batch, stage):
        """Return the loss in training; collect embeddings otherwise."""
        if stage != sb.Stage.TRAIN:
            vectors = predictions.float().cpu().numpy()
            truth = batch.emotion_index.tolist()
            found = zip(batch.id, batch.spk_id, truth, vectors, strict=True)
            self.rows.extend(found)
            return torch.zeros(())
        placed = predictions
        if self.hparams.enrolment:
            placed = self.modules.speaker_normalization.training_batch(
                batch.row.tolist(), predictions, seed=torch.initial_seed()
            )
        terms = self.goal_losses(placed, batch)
        loss = sum(terms.values())
        if self.hparams.speaker_weight > 0:
            terms["speaker_loss"] = self.classify_speakers(predictions, batch)
            loss = loss + self.hparams.speaker_weight * terms["speaker_loss"]
        if self.pool_batches is not None:
            place = (self.step - 1) * n_processes() + process_number()
            pooled = self.pool_batches.at(place).to(self.device)
            embeddings = self.encode(*pooled.sig, stage)
            terms["contrastive_loss"] = self.contrast(embeddings, pooled)
            weight = self.hparams.contrastive_weight
            loss = loss + weight * terms["contrastive_loss"]
        self.hparams.history.note(loss=loss, **terms)
        return loss

    def goal_losses(self, embeddings, batch):
        """Return the losses of what the goal is, by name.

        Of votes the cross-entropy, of dimensions 1 - CCC over the batches of all
        processes together.
        """
        learned = {name: x[batch.row] for name, x in self.learned.items()}
        losses = {}
        if self.goal.has_votes:
            losses["emotion_loss"] = soft_cross_entropy(
                self.modules.classifier(embeddings),
                learned["distributions"],
                learned["weights"],
                class_weights=self.class_weights,
            )
        elif self.goal.has_classes:
            losses["emotion_loss"] = sb.nnet.losses.nll_loss(
                self.modules.classifier(embeddings),
                batch.emotion_index,
                weight=self.class_weights,
                label_smoothing=self.hparams.label_smoothing,
            )
        if self.goal.has_ratings:
            predicted = self.modules.dimensions(embeddings)
            together = gather_batches(predicted, learned["ratings"])
            losses["dimensions_loss"] = concordance_loss(*together)
        return losses

    def on_stage_start(self, stage, epoch=None):
        """Start collecting."""
        super().on_stage_start(stage, epoch)
        self.rows = []
        if stage == sb.Stage.TRAIN and self.pool_batches is not None:
            self.pool_batches.set_epoch(epoch)

    def on_stage_end(self, stage, stage_loss, epoch=None):
        """Score the split; log the epoch and keep the best model."""
        if stage == sb.Stage.TRAIN:
            self.train_stats = self.train_means()
            if not self.has_valid:
                self.finish_epoch(epoch, self.train_stats)
            return
        counts, split = self.enrolled_counts, self.split
        if stage == sb.Stage.VALID:  # the last one chooses the epoch
            counts, split = counts[-1:], "valid"
        rows = zip(*self.gather_evaluated(), strict=True)
        ids, speakers, truth, vectors = map(list, rows)
        self.predictions, emotion_loss = predict_emotions(
            embeddings=torch.tensor(np.stack(vectors), device=self.device),
            ids=ids,
            speakers=speakers,
            truth=truth,
            classes=self.classes,
            classifier=getattr(self.modules, "classifier", None),
            dimensions=getattr(self.modules, "dimensions", None),
            annotations=self.goal.annotations(self.tables[split], ids),
            normalization=getattr(self.modules, "speaker_normalization", None),
            enrolled_counts=counts,
            seed=self.hparams.seed,
            class_weights=self.class_weights if self.goal.has_votes else None,
        )
        *_, scores = score_predictions(self.predictions, self.classes).values()
        stats = {name: scores[name] for name in SHOWN if name in scores}
        if self.goal.has_classes:
            stats = {"emotion_loss": emotion_loss, **stats}
        if stage == sb.Stage.VALID:
            self.finish_epoch(
                epoch, self.train_stats, stats, **self.goal.choice
            )
        else:
            self.hparams.train_logger.log_stats(
                {"epoch loaded": self.hparams.epoch_counter.current},
                **{f"{self.split}_stats": stats},
            )

    def predict(self, split, dataset, loader_options):
        """Return what the best model predicts for ``valid`` or ``test``."""
        self.split = split
        self.evaluate(
            dataset,
            test_loader_kwargs=loader_options,
            **(self.goal.choice if self.has_valid else {}),
        )
        return self.predictions
