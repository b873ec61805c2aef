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

from emoclust_lobes.experiment.command_line import (
    begin_script,
    loading,
    read_command_line,
    refusals_told,
)

if __name__ == "__main__":
    begin_script(__doc__)  # before what takes seconds to import

import torch
import yaml
from data_prep.manifests.manifest import Source, read_manifest
from data_prep.storage.files import read_json, write_json
from emoclust_lobes.clustering.aligned import check_n_clusters
from emoclust_lobes.clustering.clusters import read_clusters
from emoclust_lobes.contrast.brain import ContrastiveBrain
from emoclust_lobes.contrast.variants import find_variant
from emoclust_lobes.experiment.environment import write_environment
from emoclust_lobes.experiment.run_folders import (
    OF_STAGE_2,
    one_run,
    refuse_changed_run,
    resolved_blocks,
    save_whole,
)
from emoclust_lobes.experiment.run_options import result_options, usable_device
from emoclust_lobes.experiment.steps import cache_front_end, take_steps
from emoclust_lobes.parallel.processes import end_processes, n_processes
from emoclust_lobes.training.dataset import ColumnarDataset
from emoclust_lobes.training.seen_speakers import speakers_in
from emoclust_lobes.training.wandb_run import refuse_missing_wandb
from emoclust_lobes.training.weights import add_trained_parts, export_encoder
from hyperpyyaml import load_hyperpyyaml

import speechbrain as sb
from speechbrain.utils.distributed import run_on_main
from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)


def dataio_prep(hparams, targets=None):
    """Make the datasets of stage 1 from manifests and clusters.

    Returns the pool with random crops, the whole utterances of the development
    speakers (``None`` without any), the sampler of the pool's batches, and the
    number of the pool's speakers. ``targets`` are those of a distillation.
    """
    made = hparams["cluster_fingerprint"]
    pool = hparams["pool"](hparams["sources"].of_pools(), fingerprint=made)
    sampler = hparams["sampler"](pool)
    random_crop = hparams["signal"](crop=hparams["crop"])

    def dataset(table, signal, output_keys):
        output_keys = ["id", "sig", "cluster", *output_keys]
        if targets is not None:
            table["target"] = targets.rows_of(table["utterance_id"])
            output_keys.append("target")
        return ColumnarDataset(table, [signal], output_keys)

    train = dataset(pool, random_crop, ["speaker", "context"])
    n_speakers = pool["spk_id"].nunique()
    valid_csv = pathlib.Path(hparams["manifest_folder"], "valid.csv")
    if not valid_csv.exists():
        return train, None, sampler, n_speakers
    held_out = read_manifest(Source(str(valid_csv), hparams["data_folder"]))
    held_out["cluster"] = 0
    if made:
        clusters = read_clusters(hparams["cluster_folder"], made)
        clusters = clusters.set_index("ID")["cluster"]
        held_out["cluster"] = held_out["ID"].map(clusters)
    held_out["utterance_id"] = held_out["ID"]
    valid = dataset(held_out, hparams["signal"](), ["spk_id"])
    return train, valid, sampler, n_speakers


def main():
    """Prepare, embed, cluster, train, and leave the best encoder."""
    hparams_file, run_opts, overrides = read_command_line(sys.argv[1:])
    sb.utils.distributed.ddp_init_group(run_opts)
    with open(hparams_file, encoding="utf-8") as fin, loading(hparams_file):
        hparams = load_hyperpyyaml(fin, overrides)
    hparams = {**hparams, **hparams["contrastive"]}
    folder = hparams["folder"]
    if hparams["pretraining"] == "none":
        logger.info(
            "pretraining is none: there is nothing to do before stage 2"
        )
        return
    variant = find_variant(hparams["pretraining"])
    if variant.clusters == "aligned":
        check_n_clusters(hparams["n_clusters"])  # before anything is embedded
    blocks = resolved_blocks(hparams_file, overrides, ignore=OF_STAGE_2)
    refuse_missing_wandb(hparams.get("use_wandb"))
    hparams["run_options"] = result_options(run_opts, hparams)
    blocks["run_options"] = yaml.safe_dump(hparams["run_options"])
    with one_run(folder):
        run_on_main(refuse_changed_run, args=[folder, blocks])
        sb.create_experiment_directory(
            experiment_directory=folder,
            hyperparams_to_save=hparams_file,
            overrides=overrides,
            save_env_desc=False,
        )
        run_on_main(write_environment, args=[folder])
        pretrain(hparams, run_opts, variant)


def pretrain(hparams, run_opts, variant):
    """Take every step of stage 1 that has not been taken yet."""
    folder = hparams["folder"]
    device = usable_device(run_opts)
    hparams["cluster_fingerprint"] = None
    last = "clusters" if variant.clusters else "embed"
    sources = take_steps(hparams, device, last)
    inputs = {"clusters": hparams["cluster_fingerprint"] or "none"}
    targets = None
    if variant.distils:
        heard = hparams["sources"]
        targets = hparams["targets"](
            [*heard.of_pools(), *heard.of_splits(["valid"])]
        )
        inputs["targets"] = targets.fingerprint
    run_on_main(refuse_changed_run, args=[folder, inputs])
    if read_json(f"{folder}/metrics.json") is not None:
        logger.info(f"Trained before: the encoder is in {folder}")
        return
    cache_front_end(hparams, sources, device)

    train, valid, sampler, n_speakers = dataio_prep(hparams, targets)

    # What is made here must not depend on what the steps above had to do
    torch.manual_seed(hparams["seed"])
    brain = make_brain(hparams, run_opts, variant, n_speakers, targets)
    loader_options = {"num_workers": hparams["num_workers"]}
    train_loader = brain.make_dataloader(
        train, sb.Stage.TRAIN, batch_sampler=sampler, **loader_options
    )
    brain.steps_per_epoch = len(train_loader)
    if valid is not None:
        brain.valid_loader = brain.make_dataloader(
            valid,
            sb.Stage.VALID,
            ckpt_prefix=None,
            batch_size=hparams["eval_batch_size"],
            **loader_options,
        )
    brain.fit(hparams["epoch_counter"], train_loader, brain.valid_loader)
    if brain.debug and not brain.debug_persistently:
        logger.info("Debugging: the encoder is not kept")
        return
    run_on_main(
        finish, args=[hparams, brain.checkpointer, n_speakers, n_processes()]
    )


def make_brain(hparams, run_opts, variant, n_speakers, targets=None):
    """Make the Brain, with what depends on the variant and the pool."""
    hparams["contrastive_loss"] = hparams["contrastive_loss"](
        **variant.pairs(hparams["negatives"])
    )
    modules = dict(hparams["modules"])
    checkpointer = save_whole(hparams["checkpointer"]())
    if variant.speaker:
        modules["speaker_classifier"] = hparams["speaker_classifier"](
            out_neurons=n_speakers
        )
    if variant.distils:
        modules["vector_head"] = hparams["vector_head"](
            out_features=targets.vectors.shape[1]
        )
    add_trained_parts(checkpointer, modules)
    brain = ContrastiveBrain(
        modules=modules,
        hparams=hparams,
        run_opts=run_opts,
        checkpointer=checkpointer,
    )
    brain.variant = variant
    if variant.distils:
        brain.targets = targets.vectors
    if hparams["choose"] == "average":
        brain.n_kept = hparams["averaged"]
    return brain


def chosen_checkpoints(checkpointer, choose, averaged, measure):
    """Find the checkpoint, or those to average, that stage 1 ends with.

    The one that is best by a ``measure``, the last, or so many of the last;
    where nothing was measured, the last is the best.
    """
    return checkpointer.find_checkpoints(
        max_key=measure if choose == "best" else None,
        ckpt_predicate=lambda checkpoint: "epoch" in checkpoint.meta,
        max_num_checkpoints=averaged if choose == "average" else 1,
    )


def finish(hparams, checkpointer, n_speakers, n_processes):
    """Leave the best encoder and the numbers of the training."""
    folder = hparams["folder"]
    history = hparams["history"]
    history.write(folder, hparams["full_results"])
    measure = find_variant(hparams["pretraining"]).measure
    if f"valid_{measure}" not in history.rows[-1]:
        measure = None
    chosen = chosen_checkpoints(
        checkpointer, hparams["choose"], hparams["averaged"], measure
    )
    # Nothing was measured on an average
    measured = chosen[0].meta if len(chosen) == 1 else {}
    sources = hparams["sources"]
    # The development speakers have chosen the epoch
    seen = speakers_in([*sources.of_pools(), *sources.of_splits(["valid"])])
    export_encoder(chosen, folder, seen)
    write_json(
        f"{folder}/metrics.json",
        {
            "corpus": hparams["corpus"],
            "fold": hparams["fold"],
            "seed": hparams["seed"],
            "pretraining": hparams["pretraining"],
            "cluster_noise": hparams["cluster_noise"],
            "pools": hparams["pools"],
            "speaker_encoder": hparams["speaker_encoder"],
            "n_clusters": hparams["n_clusters"],
            "epochs": hparams["contrastive_epochs"],
            "choose": hparams["choose"],
            "chosen_epochs": sorted(x.meta["epoch"] for x in chosen),
            "best_epoch": checkpointer.find_checkpoint(max_key=measure).meta[
                "epoch"
            ],
            **{
                name + suffix: row.get(key + name)
                for name in ("cluster_auc", "vector_cosine")
                for suffix, key, row in (
                    ("", "", measured),
                    ("_untrained", "valid_", history.rows[0]),
                )
            },
            "n_speakers": n_speakers,
            "run_options": hparams["run_options"],
            "n_processes": n_processes,
        },
    )
    logger.info(f"The encoder is in {folder}")


if __name__ == "__main__":
    with refusals_told():
        main()
    end_processes()
