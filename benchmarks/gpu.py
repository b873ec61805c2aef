"""Steps of one stage with a front end that trains, on the GPU there is.

> benchmarks/gpu.sh
> benchmarks/gpu.sh --tiny  # a tiny front end and few steps, on a CPU

A script of training is started as DDP on one process starts it, its Brain is
stopped after some steps, and one line of JSON says what they took: seconds of a
step, those of the bare forward and backward of the same modules on the same
batch, the peak of the memory, and the largest batch that still fits (a power of
two times that of the run). The front end is a wav2vec 2.0 of the base size with
random weights, trained in bf16.
"""

import argparse
import json
import os
import pathlib
import runpy
import statistics
import sys
import tempfile
import time
from unittest import mock

import torch
from emoclust_lobes.synthetic.models import save_tiny
from emoclust_lobes.synthetic.ravdess import make_ravdess
from emoclust_lobes.training.brain import EncoderBrain

from speechbrain import Stage
from speechbrain.utils.distributed import infer_device

ROOT = pathlib.Path(__file__).resolve().parents[1]
# wav2vec 2.0 base: the sizes of transformers' own Wav2Vec2Config
BASE = {
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "conv_dim": (512,) * 7,
    "num_conv_pos_embeddings": 128,
    "num_conv_pos_embedding_groups": 16,
}
SCRIPTS = {1: "train_contrastive.py", 2: "train_ser.py"}


class _Enough(Exception):
    """As many steps were timed as were asked for."""


class Timed:
    """Takes the place of a Brain's ``fit_batch``, and times it."""

    def __init__(self, fit_batch, n_steps, n_before):
        self.fit_batch = fit_batch
        self.n_steps, self.n_before = n_steps, n_before
        self.seconds = []

    def __call__(self, brain, batch):
        loss, elapsed = timed(
            brain.device, lambda: self.fit_batch(brain, batch)
        )
        self.seconds.append(elapsed)
        self.brain, self.batch = brain, batch
        if len(self.seconds) == self.n_steps + self.n_before:
            raise _Enough
        return loss

    @property
    def median(self):
        """Seconds of a step, without the first ones, which compile."""
        return statistics.median(self.seconds[self.n_before :])


def timed(device, work):
    """Do something on a device; return what it gives, and its seconds."""
    wait = torch.cuda.synchronize if "cuda" in str(device) else lambda: None
    wait()
    start = time.perf_counter()
    found = work()
    wait()
    return found, time.perf_counter() - start


def bare(brain, signals):
    """Forward and backward of front end and encoder, and nothing else."""
    with brain.training_ctx:
        features = brain.modules.compute_features(signals)
        vectors = brain.modules.embedding_model(features)
        loss = vectors.float().square().mean()
    loss.backward()
    brain.zero_grad(set_to_none=True)


def largest_batch(brain, signals, limit):
    """Double a batch until it does not fit, or the limit is reached."""
    size = len(signals)
    while size * 2 <= limit:
        try:
            bare(brain, signals[:1].repeat(size * 2, 1))
        except torch.OutOfMemoryError:
            break
        size *= 2
    brain.zero_grad(set_to_none=True)
    return size


def arguments_of(options, folder):
    """The command line of a script, on RAVDESS where there is any."""
    corpus = pathlib.Path(os.environ.get("EMOCLUST_DATA", ""), "ravdess")
    if options.tiny or not corpus.is_dir():
        corpus = folder / "corpus"
        make_ravdess(corpus)
    sizes = {} if options.tiny else BASE
    front_end = save_tiny("wav2vec2", folder / "front_end", **sizes)
    keys = {
        "data_folder": corpus,
        "output_folder": folder / "output",
        "ssl_hub": front_end,
        "ssl_trainable_layers": "all",
        "speaker_encoder": "stats",  # how good clusters are takes no time
        "expect_complete": False,
        "device": options.device,
        "precision": "bf16",
        "num_workers": 0 if options.tiny else 4,
    }
    if options.stage == 2:
        keys["pretraining"] = "none"
    words = [f"--{key}={value}" for key, value in keys.items()]
    if not options.tiny:
        words.append("--compile")
    if options.device == "cpu":
        words.append("--distributed_backend=gloo")
    yaml = str(ROOT / "hparams" / "ravdess_wav2vec2.yaml")
    return [SCRIPTS[options.stage], yaml, *words, "--noprogressbar"]


def main():
    """Time one stage, and print a line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stage", type=int, choices=SCRIPTS, required=True)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--steps", type=int, default=30)
    options = parser.parse_args()
    options.device = "cpu" if options.tiny else infer_device()
    n_steps, n_before = (2, 1) if options.tiny else (options.steps, 10)
    step = Timed(EncoderBrain.fit_batch, n_steps, n_before)
    with tempfile.TemporaryDirectory() as folder:
        sys.argv = arguments_of(options, pathlib.Path(folder))
        with mock.patch.object(
            EncoderBrain, "fit_batch", lambda *given: step(*given)
        ):
            try:
                runpy.run_path(str(ROOT / sys.argv[0]), run_name="__main__")
            except _Enough:
                pass
        brain = step.brain
        on_gpu = options.device != "cpu"
        peak = torch.cuda.max_memory_allocated() / 2**20 if on_gpu else None
        signals = step.batch.sig.data.to(brain.device)
        brain.modules.train()
        brain.on_stage_start(Stage.TRAIN, epoch=1)
        times = [
            timed(brain.device, lambda: bare(brain, signals))[1]
            for _ in range(n_steps + n_before)
        ]
        alone = statistics.median(times[n_before:])
        limit = 2 * len(signals) if options.tiny else 4096
        found = {
            "stage": options.stage,
            "device": str(brain.device),
            "processes": torch.distributed.get_world_size(),
            "batch": len(signals),
            "step_s": step.median,
            "forward_backward_s": alone,
            "ratio": step.median / alone,
            "peak_mb": peak,
            "largest_batch": largest_batch(brain, signals, limit),
        }
        print(json.dumps(found))
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
