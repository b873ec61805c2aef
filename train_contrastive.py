#!/usr/bin/env python3
"""Stage 1: pretrain an encoder on the clusters inside each speaker.

The corpus is prepared, its utterances are embedded with a speaker encoder and
clustered inside each speaker; then an encoder learns to bring utterances of
one cluster together and to keep clusters of one speaker apart. No emotion
label is read. Every step is skipped when its inputs have not changed.

> python train_contrastive.py hparams/cremad.yaml --data_folder=/data/CREMA-D

The method is that of Ulgen et al. 2024 (arXiv 2401.11017).
"""

import pathlib
import sys

import numpy as np
import torch
from data_prep import Source, read_manifests
from emoclust_lobes.audio import audio_pipeline
from emoclust_lobes.brain import EncoderBrain
from emoclust_lobes.clustering import read_clusters
from emoclust_lobes.experiment import refuse_changed_run, resolved_blocks
from emoclust_lobes.files import read_json, write_json
from emoclust_lobes.metrics import cluster_auc
from emoclust_lobes.pretrained import export_encoder
from hyperpyyaml import load_hyperpyyaml

import speechbrain as sb
from speechbrain.utils.distributed import infer_device, run_on_main
from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)


class ContrastiveBrain(EncoderBrain):
    """Learns from the clusters, from the speakers, or from both.

    ``valid_loader`` gives the utterances of the development speakers; it stays
    ``None`` where the protocol has none.
    """

    valid_loader = None

    def compute_forward(self, batch, stage):
        """Return the embeddings, shape [batch, dim]."""
        batch = batch.to(self.device)
        return self.encode(*batch.sig, stage)

    def compute_objectives(self, predictions, batch, stage):
        """Return the loss in training; collect embeddings otherwise."""
        if stage != sb.Stage.TRAIN:
            self.embeddings.append(predictions.float().cpu().numpy())
            self.speakers.extend(batch.spk_id)
            self.clusters.extend(batch.cluster.tolist())
            return torch.zeros(())
        terms = {}
        if self.hparams.pretraining != "speaker":
            projections = self.modules.projection(predictions)
            terms["contrastive_loss"], n_anchors = (
                self.hparams.contrastive_loss(
                    projections, batch.speaker, batch.cluster
                )
            )
            self.hparams.history.note(anchors=n_anchors)
        if self.hparams.pretraining != "contrastive":
            scores = self.modules.speaker_classifier(predictions.unsqueeze(1))
            terms["speaker_loss"] = self.hparams.speaker_loss(
                scores, batch.speaker.unsqueeze(1)
            )
        if self.hparams.pretraining == "multitask":
            loss = (
                terms["contrastive_loss"]
                + self.hparams.speaker_weight * terms["speaker_loss"]
            )
        else:
            (loss,) = terms.values()
        self.hparams.history.note(loss=loss, **terms)
        return loss

    def on_fit_start(self):
        """Measure the untrained encoder once, to compare with."""
        super().on_fit_start()
        if self.hparams.epoch_counter.current == 0 and self.valid_loader:
            self._fit_valid(self.valid_loader, epoch=0, enable=False)

    def on_stage_start(self, stage, epoch=None):
        """Start collecting."""
        super().on_stage_start(stage, epoch)
        self.embeddings, self.speakers, self.clusters = [], [], []

    def on_stage_end(self, stage, stage_loss, epoch=None):
        """Log the epoch and keep the best encoder."""
        if stage == sb.Stage.TRAIN:
            self.train_stats = self.hparams.history.means()
            if self.valid_loader is None:
                self.finish_epoch(epoch, self.train_stats)
            return
        auc = cluster_auc(
            np.concatenate(self.embeddings), self.speakers, self.clusters
        )
        valid_stats = {} if auc is None else {"cluster_auc": auc}
        if epoch == 0:
            untrained = {f"valid_{k}": v for k, v in valid_stats.items()}
            self.hparams.history.add(epoch=0, **untrained)
        else:
            self.finish_epoch(
                epoch, self.train_stats, valid_stats, "cluster_auc"
            )


def dataio_prep(hparams):
    """Make the datasets of stage 1 from manifests and clusters.

    Arguments
    ---------
    hparams : dict
        The loaded YAML.

    Returns
    -------
    train, valid : DynamicItemDataset
        The pool with random crops, and the whole utterances of the
        development speakers (``None`` when the protocol has none).
    sampler : SpeakerClusterBatchSampler
        Batches of ``train``.
    speakers : list of str
        The speakers of the pool, in the order of their numbers.
    """
    random_crop = audio_pipeline(hparams["sample_rate"], hparams["crop"])
    whole_utterance = audio_pipeline(hparams["sample_rate"])
    clusters = read_clusters(hparams["cluster_folder"])
    cluster_of = clusters.set_index("ID")["cluster"]

    def dataset(table, audio_pipeline, output_keys):
        return sb.dataio.dataset.DynamicItemDataset(
            table.set_index("ID").to_dict("index"),
            dynamic_items=[audio_pipeline],
            output_keys=["id", "sig", "cluster", *output_keys],
        )

    clusters = read_clusters(hparams["cluster_folder"])
    cluster_of = dict(zip(clusters["ID"], clusters["cluster"], strict=False))
    pool = read_manifests(hparams["pool_sources"]())
    pool["cluster"] = pool["ID"].map(cluster_of)
    speakers = sorted(set(pool["spk_id"]))
    number_of = {name: number for number, name in enumerate(speakers)}
    pool["speaker"] = pool["spk_id"].map(number_of)
    train = dataset(pool, random_crop, ["speaker"])
    sampler = hparams["sampler"](
        speaker_ids=pool["spk_id"].tolist(),
        cluster_ids=pool["cluster"].tolist(),
    )
    valid_csv = pathlib.Path(hparams["manifest_folder"], "valid.csv")
    if not valid_csv.exists():
        return train, None, sampler, speakers
    source = Source(str(valid_csv), hparams["data_folder"])
    held_out = read_manifests([source])
    held_out["cluster"] = held_out["ID"].map(cluster_of)
    valid = dataset(held_out, whole_utterance, ["spk_id"])
    return train, valid, sampler, speakers


def main():
    """Prepare, embed, cluster, train, and leave the best encoder."""
    hparams_file, run_opts, overrides = sb.parse_arguments(sys.argv[1:])
    sb.utils.distributed.ddp_init_group(run_opts)
    with open(hparams_file, encoding="utf-8") as fin:
        hparams = load_hyperpyyaml(fin, overrides)
    hparams = {**hparams, **hparams["contrastive"]}
    folder = hparams["folder"]
    if hparams["pretraining"] not in ("contrastive", "multitask", "speaker"):
        raise ValueError(
            "pretraining must be contrastive, multitask or speaker, not "
            f"{hparams['pretraining']!r}"
        )
    run_on_main(
        refuse_changed_run,
        args=[folder, resolved_blocks(hparams_file, overrides, ["ser"])],
    )
    sb.create_experiment_directory(
        experiment_directory=folder,
        hyperparams_to_save=hparams_file,
        overrides=overrides,
    )

    # Corpus -> manifests -> speaker embeddings -> clusters
    run_on_main(hparams["prepare"])
    run_on_main(hparams["prepare_pools"])
    sources = hparams["fold_sources"]()
    device = run_opts.get("device") or infer_device()
    run_on_main(hparams["embed"], kwargs={"sources": sources, "device": device})
    run_on_main(hparams["cluster"], kwargs={"sources": sources})
    report = read_json(f"{hparams['cluster_folder']}/clusters.json")
    run_on_main(
        refuse_changed_run,
        args=[folder, {"clusters": report["fingerprint"]}],
    )

    train, valid, sampler, speakers = dataio_prep(hparams)

    # What is made here must not depend on what the steps above had to do
    torch.manual_seed(hparams["seed"])
    modules = dict(hparams["modules"])
    checkpointer = hparams["checkpointer"]()
    if hparams["pretraining"] != "contrastive":
        modules["speaker_classifier"] = hparams["speaker_classifier"](
            out_neurons=len(speakers)
        )
        checkpointer.add_recoverable(
            "speaker_classifier", modules["speaker_classifier"]
        )
    brain = ContrastiveBrain(
        modules=modules,
        hparams=hparams,
        run_opts=run_opts,
        checkpointer=checkpointer,
    )
    loader_options = {"num_workers": hparams["num_workers"]}
    train_loader = brain.make_dataloader(
        train, sb.Stage.TRAIN, batch_sampler=sampler, **loader_options
    )
    if brain.train_sampler is None:  # one process: nobody has told it
        brain.train_sampler = sampler
    if valid is not None:
        # One whole utterance at a time: ECAPA-TDNN is not indifferent to
        # padding
        brain.valid_loader = brain.make_dataloader(
            valid,
            sb.Stage.VALID,
            ckpt_prefix=None,
            batch_size=1,
            **loader_options,
        )
    brain.fit(hparams["epoch_counter"], train_loader, brain.valid_loader)
    if brain.debug and not brain.debug_persistently:
        logger.info("Debugging: the encoder is not kept")
        return
    run_on_main(finish, args=[hparams, checkpointer, speakers])


def finish(hparams, checkpointer, speakers):
    """Leave the best encoder and the numbers of the training.

    Arguments
    ---------
    hparams : dict
        The loaded YAML.
    checkpointer : Checkpointer
        Holds the checkpoints.
    speakers : list of str
        Speakers of the pool.
    """
    folder = hparams["folder"]
    history = hparams["history"]
    history.write(folder)
    measured = "valid_cluster_auc" in history.rows[-1]
    best = checkpointer.find_checkpoint(
        max_key="cluster_auc" if measured else None
    )
    export_encoder(best, folder, speakers)
    write_json(
        f"{folder}/metrics.json",
        {
            "corpus": hparams["corpus"],
            "fold": hparams["fold"],
            "seed": hparams["seed"],
            "pretraining": hparams["pretraining"],
            "pools": hparams["pools"],
            "speaker_encoder": hparams["speaker_encoder"],
            "n_clusters": hparams["n_clusters"],
            "epochs": hparams["contrastive_epochs"],
            "best_epoch": best.meta["epoch"],
            "cluster_auc": best.meta.get("cluster_auc"),
            "cluster_auc_untrained": history.rows[0].get("valid_cluster_auc"),
            "n_speakers": len(speakers),
        },
    )
    logger.info(f"The encoder is in {folder}")


if __name__ == "__main__":
    main()
