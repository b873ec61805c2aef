"""The stages of an experiment, each as a process to be started and killed."""

import functools
import multiprocessing
import os
import pathlib
import signal

import torch
from emoclust_lobes.cli import main
from emoclust_lobes.protocol.scripts import Experiment

ROOT = pathlib.Path(__file__).parents[2]
YAML = ROOT / "hparams" / "ravdess.yaml"
STAGES = ("prepare", "embed", "clusters", "stage 1", "stage 2", "protocol")
TINY = {
    "expect_complete": False,
    "speaker_encoder": "stats",
    "n_clusters": 2,
    "ecapa_channels": 16,
    "attention_channels": 8,
    "embedding_size": 16,
    "pretraining": "multitask",
    "contrastive_epochs": 3,
    "steps_per_epoch": 4,
    "speakers_per_batch": 2,
    "clusters_per_speaker": 2,
    "utterances_per_cluster": 2,
    "eval_batch_size": 15,
    "ser_epochs": 2,
    "ser_batch_size": 12,
}
# Checkpoints inside the epochs, too
OPTIONS = {"device": "cpu", "ckpt_interval_steps": 2}
# Short trainings: those are killed as stages
PROTOCOL = ["--systems=none,contrastive", "--folds=1", "--jobs=2"]
PROTOCOL += ["--device=cpu", "--contrastive_epochs=1", "--ser_epochs=1"]


def run_stage(stage, data, output, log):
    """Take one stage; those before it have been taken.

    Arguments
    ---------
    stage : str
        One of ``STAGES``.
    data, output : pathlib.Path
        Folders of the corpus and of the results.
    log : pathlib.Path
        File that is given what the stage prints.
    """
    with open(log, "a") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # as in front
    # As for the scripts when they are called: their loaders fork workers
    multiprocessing.set_start_method("fork", force=True)
    torch.set_num_threads(1)
    folders = {"data_folder": str(data), "output_folder": str(output)}
    experiment = Experiment(YAML, {**TINY, **folders})
    _steps(experiment)[stage]()


def _steps(experiment):
    """What to call for each stage."""
    hparams = functools.cache(experiment.load)

    def prepare():
        hparams()["prepare"]()
        hparams()["sources"].prepare_pools()

    def embed():
        sources = hparams()["sources"].of_fold()
        hparams()["embed"](sources=sources, device="cpu", save_every=4)

    def cluster():
        hparams()["cluster"](sources=hparams()["sources"].of_fold())

    def protocol():
        words = [
            f"--{key}={value}" for key, value in experiment.overrides.items()
        ]
        # The last word on a key counts
        keys = {word.split("=")[0]: word for word in [*words, *PROTOCOL]}
        raise SystemExit(main(["protocol", str(YAML), *keys.values()]))

    return {
        "prepare": prepare,
        "embed": embed,
        "clusters": cluster,
        "stage 1": lambda: experiment.run("train_contrastive.py", OPTIONS),
        "stage 2": lambda: experiment.run("train_ser.py", OPTIONS),
        "protocol": protocol,
    }
