"""The Brain of stage 2."""

import numpy as np
import torch
from emoclust_lobes.parallel.processes import n_processes, process_number
from emoclust_lobes.ser.results import predict_emotions, score_predictions
from emoclust_lobes.training.brain import EncoderBrain

import speechbrain as sb


class SERBrain(EncoderBrain):
    """Learns emotions and, beside them, speakers and what stage 1 contrasts.

    ``classes`` are the emotions in the order of the classifier's outputs,
    ``class_weights`` theirs in the loss or ``None``, ``pool_batches`` gives the
    batches of a contrast that is kept, ``enrolled_counts`` with how many
    unlabeled utterances of its speaker an utterance is scored, ``has_valid``
    says whether there are development speakers. Beside what
    :class:`EncoderBrain` expects, it reads the modules ``classifier``
    (embeddings -> log-probabilities), ``speaker_classifier``, ``projection``
    and ``speaker_normalization``.
    """

    pool_batches = None
    enrolled_counts = (None,)

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
        terms = {"emotion_loss": self.emotion_loss(placed, batch)}
        loss = terms["emotion_loss"]
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

    def emotion_loss(self, embeddings, batch):
        """Return the cross-entropy of the emotions."""
        return sb.nnet.losses.nll_loss(
            self.modules.classifier(embeddings),
            batch.emotion_index,
            weight=self.class_weights,
            label_smoothing=self.hparams.label_smoothing,
        )

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
        counts = self.enrolled_counts
        if stage == sb.Stage.VALID:  # the last one chooses the epoch
            counts = counts[-1:]
        rows = zip(*self.gather_evaluated(), strict=True)
        ids, speakers, truth, vectors = map(list, rows)
        self.predictions, emotion_loss = predict_emotions(
            embeddings=torch.tensor(np.stack(vectors), device=self.device),
            ids=ids,
            speakers=speakers,
            truth=truth,
            classes=self.classes,
            classifier=self.modules.classifier,
            normalization=getattr(self.modules, "speaker_normalization", None),
            enrolled_counts=counts,
            seed=self.hparams.seed,
        )
        *_, scores = score_predictions(self.predictions, self.classes).values()
        stats = {name: scores[name] for name in ("uar", "wa", "macro_f1")}
        stats = {"emotion_loss": emotion_loss, **stats}
        if stage == sb.Stage.VALID:
            self.finish_epoch(epoch, self.train_stats, stats, max_key="uar")
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
            max_key="uar" if self.has_valid else None,
            test_loader_kwargs=loader_options,
        )
        return self.predictions
