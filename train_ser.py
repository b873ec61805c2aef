#!/usr/bin/env python3
"""Stage 2: fine-tune an encoder to recognize emotions, and test it once.

The encoder starts from stage 1 (``--init=contrastive``), from other weights
(``--init=PATH``) or from nothing (``--init=scratch``), and learns emotion
classification together with speaker classification. The best epoch on the
development speakers is tested on the test speakers.

> python train_ser.py hparams/cremad.yaml --data_folder=/data/CREMA-D

The method is that of Ulgen et al. 2024 (arXiv 2401.11017).
"""

import pathlib
import sys

import numpy as np
import pandas as pd
import torch
from data_prep import Source, read_manifest
from emoclust_lobes.audio import audio_pipeline
from emoclust_lobes.brain import EncoderBrain, Frozen
from emoclust_lobes.experiment import refuse_changed_run, resolved_blocks
from emoclust_lobes.files import read_json, replacing, write_json
from emoclust_lobes.metrics import emotion_metrics
from emoclust_lobes.plots import plot_confusion
from emoclust_lobes.pretrained import initialize_encoder
from hyperpyyaml import load_hyperpyyaml
from sklearn.utils.class_weight import compute_class_weight

import speechbrain as sb
from speechbrain.dataio.sampler import ReproducibleWeightedRandomSampler
from speechbrain.utils.distributed import run_on_main
from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)


class SERBrain(EncoderBrain):
    """Learns emotions and, beside them, speakers.

    ``classes`` holds the emotion codes in the order of the classifier's
    outputs and ``class_weights`` the weight of each in the loss, or ``None``.
    """

    def compute_forward(self, batch, stage):
        """Return embeddings [batch, dim] and log-probabilities of emotions."""
        batch = batch.to(self.device)
        embeddings = self.encode(*batch.sig, stage)
        return embeddings, self.modules.classifier(embeddings)

    def compute_objectives(self, predictions, batch, stage):
        """Return the loss; collect the predictions outside training."""
        embeddings, log_probabilities = predictions
        emotion_loss = sb.nnet.losses.nll_loss(
            log_probabilities, batch.emotion_index, weight=self.class_weights
        )
        if stage != sb.Stage.TRAIN:
            self.ids.extend(batch.id)
            self.truth.extend(batch.emotion_index.tolist())
            self.probabilities.append(log_probabilities.float().exp().cpu())
            return emotion_loss
        loss, terms = emotion_loss, {"emotion_loss": emotion_loss}
        if self.hparams.speaker_weight > 0:
            scores = self.modules.speaker_classifier(embeddings.unsqueeze(1))
            terms["speaker_loss"] = self.hparams.speaker_loss(
                scores, batch.speaker.unsqueeze(1)
            )
            loss = loss + self.hparams.speaker_weight * terms["speaker_loss"]
        self.hparams.history.note(loss=loss, **terms)
        return loss

    def on_stage_start(self, stage, epoch=None):
        """Start collecting."""
        super().on_stage_start(stage, epoch)
        self.ids, self.truth, self.probabilities = [], [], []

    def on_stage_end(self, stage, stage_loss, epoch=None):
        """Score the split; log the epoch and keep the best model."""
        if stage == sb.Stage.TRAIN:
            self.train_stats = self.hparams.history.means()
            if not self.has_valid:
                self.finish_epoch(epoch, self.train_stats)
            return
        probabilities = torch.cat(self.probabilities).numpy()
        names = np.array(self.classes)
        self.predictions = pd.DataFrame(
            {
                "ID": self.ids,
                "truth": names[self.truth],
                "prediction": names[probabilities.argmax(axis=1)],
                **{f"p_{n}": probabilities[:, i] for i, n in enumerate(names)},
            }
        )
        self.scores = emotion_metrics(
            self.predictions["truth"],
            self.predictions["prediction"],
            self.classes,
        )
        headline = {k: self.scores[k] for k in ("uar", "wa", "macro_f1")}
        if stage == sb.Stage.VALID:
            self.finish_epoch(
                epoch,
                self.train_stats,
                {"emotion_loss": stage_loss, **headline},
                max_key="uar",
            )
        else:
            self.hparams.train_logger.log_stats(
                {"epoch loaded": self.hparams.epoch_counter.current},
                test_stats=headline,
            )


def dataio_prep(hparams):
    """Make the datasets of stage 2 from the manifests.

    Arguments
    ---------
    hparams : dict
        The loaded YAML.

    Returns
    -------
    datasets : dict
        ``train`` with random crops, ``valid`` (unless the protocol has no
        development speakers) and ``test`` with whole utterances.
    tables : dict
        The manifests of the same splits.
    """
    random_crop = audio_pipeline(hparams["sample_rate"], hparams["crop"])
    whole_utterance = audio_pipeline(hparams["sample_rate"])
    folder = pathlib.Path(hparams["manifest_folder"])
    tables = {
        split: read_manifest(
            Source(str(folder / f"{split}.csv"), hparams["data_folder"])
        )
        for split in ("train", "valid", "test")
        if (folder / f"{split}.csv").exists()
    }
    classes = read_json(folder / "manifest.json")["classes"]
    speakers = sorted(set(tables["train"]["spk_id"]))
    datasets = {}
    for split, table in tables.items():
        table["emotion_index"] = table["emotion"].map(classes.index)
        is_train = split == "train"
        if is_train:
            table["speaker"] = table["spk_id"].map(speakers.index)
        datasets[split] = sb.dataio.dataset.DynamicItemDataset(
            table.set_index("ID").to_dict("index"),
            dynamic_items=[random_crop if is_train else whole_utterance],
            output_keys=["id", "sig", "emotion_index"]
            + (["speaker"] if is_train else []),
        )
    return datasets, tables


def main():
    """Prepare, fine-tune, choose on development speakers, test once."""
    hparams_file, run_opts, overrides = sb.parse_arguments(sys.argv[1:])
    sb.utils.distributed.ddp_init_group(run_opts)
    with open(hparams_file, encoding="utf-8") as fin:
        hparams = load_hyperpyyaml(fin, overrides)
    hparams = {**hparams, **hparams["ser"]}
    folder = hparams["folder"]
    if hparams["class_balance"] not in ("weights", "sampling", "none"):
        raise ValueError(
            "class_balance must be weights, sampling or none, not "
            f"{hparams['class_balance']!r}"
        )
    stage1 = ["contrastive", "pool_sources", "fold_sources", "prepare_pools"]
    blocks = resolved_blocks(
        hparams_file, overrides, ignore=[*stage1, "embed", "cluster"]
    )
    run_on_main(refuse_changed_run, args=[folder, blocks])
    sb.create_experiment_directory(
        experiment_directory=folder,
        hyperparams_to_save=hparams_file,
        overrides=overrides,
    )

    run_on_main(hparams["prepare"])
    manifest = read_json(f"{hparams['manifest_folder']}/manifest.json")
    datasets, tables = dataio_prep(hparams)
    init_digest = initialize_encoder(
        hparams["embedding_model"],
        hparams["init"],
        hparams["run_folder"],
        test_speakers=set(tables["test"]["spk_id"]),
    )
    inputs = {"manifest": manifest["fingerprint"], "init": init_digest}
    run_on_main(refuse_changed_run, args=[folder, inputs])
    done = read_json(f"{folder}/metrics.json")
    if done is not None:
        logger.info(f"Tested before: UAR {done['uar']:.4f} ({folder})")
        return

    # What is made here must not depend on what the steps above had to do
    torch.manual_seed(hparams["seed"])
    modules = dict(hparams["modules"])
    checkpointer = hparams["checkpointer"]()
    if hparams["freeze_encoder"]:
        modules["embedding_model"] = Frozen(hparams["embedding_model"])
    if hparams["speaker_weight"] > 0:
        modules["speaker_classifier"] = hparams["speaker_classifier"](
            out_neurons=tables["train"]["spk_id"].nunique()
        )
        checkpointer.add_recoverable(
            "speaker_classifier", modules["speaker_classifier"]
        )
    brain = SERBrain(
        modules=modules,
        hparams=hparams,
        run_opts=run_opts,
        checkpointer=checkpointer,
    )
    brain.classes = manifest["classes"]
    brain.has_valid = "valid" in datasets
    weights = compute_class_weight(
        "balanced",
        classes=np.array(brain.classes),
        y=tables["train"]["emotion"],
    )
    weights = torch.tensor(weights, dtype=torch.float32)
    brain.class_weights = None
    train_options = {
        "batch_size": hparams["batch_size"],
        "num_workers": hparams["num_workers"],
        # BatchNorm cannot train on a last batch of one
        "drop_last": len(datasets["train"]) > hparams["batch_size"],
    }
    if hparams["class_balance"] == "weights":
        brain.class_weights = weights.to(brain.device)
    if hparams["class_balance"] == "sampling":
        brain.train_sampler = ReproducibleWeightedRandomSampler(
            weights[tables["train"]["emotion_index"].tolist()],
            num_samples=len(tables["train"]),
            replacement=True,
            seed=hparams["seed"],
        )
        train_options["sampler"] = brain.train_sampler
    else:
        train_options["shuffle"] = True
    # One whole utterance at a time: ECAPA-TDNN is not indifferent to padding
    whole_options = {"batch_size": 1, "num_workers": hparams["num_workers"]}

    brain.fit(
        hparams["epoch_counter"],
        datasets["train"],
        datasets.get("valid"),
        train_loader_kwargs=train_options,
        valid_loader_kwargs=whole_options,
    )
    run_on_main(hparams["history"].write, args=[folder])
    brain.evaluate(
        datasets["test"],
        max_key="uar" if brain.has_valid else None,
        test_loader_kwargs=whole_options,
    )
    if brain.debug and not brain.debug_persistently:
        logger.info("Debugging: the results are not kept")
        return
    run_on_main(write_results, args=[hparams, brain])


def write_results(hparams, brain):
    """Leave the test's predictions, picture and, last, its numbers.

    Arguments
    ---------
    hparams : dict
        The loaded YAML.
    brain : SERBrain
        After the test.
    """
    folder, scores = hparams["folder"], brain.scores
    with replacing(f"{folder}/predictions.csv") as stream:
        brain.predictions.to_csv(stream, index=False, float_format="%.6f")
    title = (
        f"{hparams['corpus']}, {hparams['label_source']} labels, fold "
        f"{hparams['fold']}\nUAR {scores['uar']:.3f}, n = {scores['n']}"
    )
    plot_confusion(
        scores["confusion"],
        scores["classes"],
        title,
        f"{folder}/confusion.png",
    )
    rows = hparams["history"].rows
    best = hparams["epoch_counter"].current
    write_json(
        f"{folder}/metrics.json",
        {
            "corpus": hparams["corpus"],
            "label_source": hparams["label_source"],
            "fold": hparams["fold"],
            "seed": hparams["seed"],
            "init": hparams["init"],
            **scores,
            "valid_uar": rows[best - 1].get("valid_uar"),
            "best_epoch": best,
            "epochs": hparams["ser_epochs"],
        },
    )
    logger.info(f"Test UAR {scores['uar']:.4f}; the results are in {folder}")


if __name__ == "__main__":
    main()
