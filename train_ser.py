#!/usr/bin/env python3
"""Stage 2: fine-tune an encoder to recognize emotions, and test it once.

The encoder starts from stage 1 (``--pretraining=contrastive``), from other
weights (``--init=PATH``) or from nothing (``--pretraining=none``), and learns
emotion classification together with speaker classification. The best epoch on
the development speakers is tested on the test speakers, and left in the folder
``inference`` for SpeechBrain's ``EncoderClassifier``. The method is that of
Ulgen et al. 2024 (arXiv 2401.11017).

> python train_ser.py hparams/cremad.yaml --data_folder=/data/CREMA-D
"""

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
from data_prep.manifests.manifest import SPLITS, read_manifests
from data_prep.storage.files import read_json
from emoclust_lobes.audio.signatures import audio_digest
from emoclust_lobes.contrast.pool import PoolBatches
from emoclust_lobes.contrast.variants import find_variant
from emoclust_lobes.experiment.environment import write_environment
from emoclust_lobes.experiment.run_folders import (
    OF_STAGE_1,
    one_run,
    refuse_changed_run,
    resolved_blocks,
    save_whole,
)
from emoclust_lobes.experiment.run_options import result_options, usable_device
from emoclust_lobes.experiment.steps import cache_front_end, take_steps
from emoclust_lobes.parallel.processes import end_processes, n_processes
from emoclust_lobes.ser.brain import SERBrain
from emoclust_lobes.ser.class_balance import ClassBalance
from emoclust_lobes.ser.goals import Goal
from emoclust_lobes.ser.labels import labeled_splits
from emoclust_lobes.ser.modules import ser_modules
from emoclust_lobes.ser.options import refuse_contradictions, uses_clusters
from emoclust_lobes.ser.results import was_tested, write_results
from emoclust_lobes.training.dataset import ColumnarDataset
from emoclust_lobes.training.front_end_export import export_front_end
from emoclust_lobes.training.seen_speakers import (
    refuse_seen_speakers,
    speakers_in,
    write_seen_speakers,
)
from emoclust_lobes.training.wandb_run import refuse_missing_wandb
from emoclust_lobes.training.weights import (
    add_trained_parts,
    initialize_encoder,
    seen_in_both_stages,
)
from hyperpyyaml import load_hyperpyyaml

import speechbrain as sb
from speechbrain.utils.distributed import run_on_main
from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)

RUN = ("label_source", "fold", "seed", "system", "init", "labels")


def dataio_prep(hparams):
    """Make the datasets of stage 2 from the manifests, and their tables.

    ``train`` and ``pool``, of a kept contrast, have random crops, the others
    whole utterances.
    """
    propagates = hparams["propagate_labels"]
    if uses_clusters(hparams):
        pool = hparams["contrastive"]["pool"](
            hparams["sources"].of_pools(),
            fingerprint=hparams["cluster_fingerprint"],
        )
        variant = find_variant(hparams["pretraining"])
    tables = labeled_splits(
        manifest_folder=hparams["manifest_folder"],
        data_folder=hparams["data_folder"],
        share=hparams["labels"],
        seed=hparams["seed"],
        goal=hparams["goal"],
        pool=pool if propagates else None,
        across_speakers=propagates and variant.positives == "all",
    )
    labels = {
        "train": ["emotion_index", "speaker", "row"],
        "valid": ["emotion_index", "spk_id"],
        "test": ["emotion_index", "spk_id"],
        "pool": ["speaker", "cluster", "context"],
    }
    if hparams["contrastive_weight"] > 0:
        tables["pool"] = pool
    random_crop = hparams["signal"](crop=hparams["crop"])
    whole_utterance = hparams["signal"]()
    datasets = {
        split: ColumnarDataset(
            table,
            [random_crop if split in ("train", "pool") else whole_utterance],
            ["id", "sig", *labels[split]],
        )
        for split, table in tables.items()
    }
    return datasets, tables


def main():
    """Prepare, fine-tune, choose on development speakers, test once."""
    hparams_file, run_opts, overrides = read_command_line(sys.argv[1:])
    sb.utils.distributed.ddp_init_group(run_opts)
    with open(hparams_file, encoding="utf-8") as fin, loading(hparams_file):
        hparams = load_hyperpyyaml(fin, overrides)
    hparams = {"goal": Goal(), **hparams, **hparams["ser"]}
    folder = hparams["folder"]
    refuse_contradictions(hparams)
    ignore = [] if uses_clusters(hparams) else OF_STAGE_1
    blocks = resolved_blocks(hparams_file, overrides, ignore)
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
        fine_tune(hparams, run_opts, blocks["ser"])


def fine_tune(hparams, run_opts, stage2):
    """Take the steps that are not done; ``stage2`` is the YAML's ``ser``."""
    folder = hparams["folder"]
    balance = ClassBalance(hparams["class_balance"])
    manifest = prepare_inputs(hparams, run_opts)
    hparams["goal"] = hparams["goal"].of(manifest)
    datasets, tables = dataio_prep(hparams)
    test_speakers = speakers_in(hparams["sources"].of_splits(["test"]))
    if "ssl_hub" in hparams:
        refuse_seen_speakers(hparams["ssl_hub"], test_speakers)
    inputs = {
        "manifest": manifest["fingerprint"],
        "audio": run_on_main(
            audio_digest,
            args=[read_manifests(hparams["sources"].of_splits(SPLITS))],
            kwargs={"folder": f"{hparams['output_folder']}/audio"},
        ),
        "init": initialize_encoder(
            modules=hparams["modules"],
            init=hparams["init"],
            run_folder=hparams["run_folder"],
            test_speakers=test_speakers,
        ),
    }
    if uses_clusters(hparams):
        inputs["clusters"] = hparams["cluster_fingerprint"]
    run_on_main(refuse_changed_run, args=[folder, inputs])
    if was_tested(folder):
        return

    # What is made here must not depend on what the steps above had to do
    torch.manual_seed(hparams["seed"])
    brain = make_brain(hparams, run_opts, datasets, tables)
    drawn = [hparams["batch_size"], hparams["seed"]]
    train_options = brain.set_goal(hparams["goal"], tables, balance, *drawn)
    workers = {"num_workers": hparams["num_workers"]}
    whole = {"batch_size": hparams["eval_batch_size"], **workers}
    brain.fit(
        hparams["epoch_counter"],
        datasets["train"],
        datasets.get("valid"),
        train_loader_kwargs={**train_options, **workers},
        valid_loader_kwargs=whole,
    )
    shown = hparams["full_results"]
    run_on_main(hparams["history"].write, args=[folder, shown])
    predictions = {
        split: brain.predict(split, datasets[split], whole)
        for split in ("valid", "test")
        if split in datasets
    }
    if brain.debug and not brain.debug_persistently:
        logger.info("Debugging: the results are not kept")
        return
    made = [hparams, brain, stage2, predictions, tables, n_processes()]
    run_on_main(finish, args=made)


def prepare_inputs(hparams, run_opts):
    """Make manifests, clusters and features; return ``manifest.json``."""
    device, clustered = usable_device(run_opts), uses_clusters(hparams)
    last = "clusters" if clustered else "prepare"
    sources = take_steps(hparams, device, last=last, pools=clustered)
    cache_front_end(hparams, sources, device)
    return read_json(f"{hparams['manifest_folder']}/manifest.json")


def make_brain(hparams, run_opts, datasets, tables):
    """Make the Brain, but for what depends on the classes."""
    contrasts = hparams["contrastive_weight"] > 0
    contrast = hparams.get("contrastive")
    if contrasts:
        variant = find_variant(hparams["pretraining"])
        pairs = variant.pairs(contrast["negatives"])
        hparams["contrastive_loss"] = contrast["contrastive_loss"](**pairs)
    heads = [hparams["modules"], hparams.get("dimensions_head")]
    hparams["modules"] = hparams["goal"].modules(*heads)
    brain = SERBrain(
        modules=ser_modules(
            modules=hparams["modules"],
            train=tables["train"],
            freeze_encoder=hparams["freeze_encoder"],
            speaker_classifier=hparams["speaker_classifier"]
            if hparams["speaker_weight"] > 0
            else None,
            projection=contrast["projection"] if contrasts else None,
            speaker_normalization=hparams["speaker_normalization"]
            if hparams["enrolment"]
            else None,
        ),
        hparams=hparams,
        run_opts=run_opts,
        checkpointer=save_whole(hparams["checkpointer"]()),
    )
    add_trained_parts(brain.checkpointer, brain.modules)
    brain.has_valid = "valid" in datasets
    if hparams["enrolment"]:
        brain.enrolled_counts = hparams["enrolled_counts"]
        brain.checkpointer.add_recoverable(
            "speaker_normalization", brain.modules.speaker_normalization
        )
    if contrasts:
        sampler = contrast["sampler"](tables["pool"])
        brain.pool_batches = PoolBatches(datasets["pool"], sampler)
    return brain


def finish(hparams, brain, stage2, predictions, tables, n_processes):
    """Leave the best model, its predictions and their scores."""
    sources = hparams["sources"].of_splits(["train", "valid"])
    if "pool" in tables:
        sources += hparams["sources"].of_pools()
    where = [hparams["init"], hparams["run_folder"], hparams.get("ssl_hub")]
    seen = seen_in_both_stages(sources, *where)
    write_seen_speakers(hparams["folder"], seen)
    if hparams.get("keep_front_end"):
        kept = {"front_end": hparams["compute_features"], "speakers": seen}
        export_front_end(folder=f"{hparams['folder']}/front_end", **kept)
    train = tables["train"].drop_duplicates("row")
    best = hparams["epoch_counter"].current
    normalization = getattr(brain.modules, "speaker_normalization", None)
    write_results(
        folder=hparams["folder"],
        predictions=predictions["test"],
        valid_predictions=predictions.get("valid"),
        model=hparams["full_results"]
        and {
            "stage2": stage2,
            "modules": hparams["modules"],
            "normalization": normalization,
            "sample_rate": hparams["sample_rate"],
            "embedding_size": hparams["embedding_size"],
            "front_end_folder": f"{hparams['output_folder']}/front_ends",
            "speakers": seen,
        },
        classes=brain.classes,
        run={
            "corpus": hparams["corpus"],
            **hparams["goal"].describe(brain.class_weights),
            **{name: hparams[name] for name in RUN},
            "run_options": hparams["run_options"],
            "n_processes": n_processes,
            "n_train": int((~train["propagated"]).sum()),
            "n_propagated": int(train["propagated"].sum()),
        },
        training={
            **hparams["goal"].told(hparams["history"].rows[best - 1]),
            "best_epoch": best,
            "epochs": hparams["ser_epochs"],
        },
    )


if __name__ == "__main__":
    with refusals_told():
        main()
    end_processes()
