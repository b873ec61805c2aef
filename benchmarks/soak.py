#!/usr/bin/env python3
"""Train for hours, and see whether memory and open files stay as they are.

Stage 1 runs on a small synthetic corpus, with a checkpoint after every epoch,
until the time is over. Every few seconds the memory (resident set) and the
open files of the training process are written to ``soak.csv``; at the end
``soak.png`` shows them, and a line says whether they grew after the warm-up.
Linux only: it reads ``/proc``.

> python benchmarks/soak.py --minutes=120
"""

import argparse
import csv
import os
import pathlib
import subprocess
import sys
import time

import matplotlib.figure
import pandas as pd
from data_prep.storage.files import replacing
from emoclust_lobes.synthetic.ravdess import make_ravdess

ROOT = pathlib.Path(__file__).resolve().parents[1]


def parse_arguments():
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument(
        "--interval", type=float, default=10, help="seconds between samples"
    )
    parser.add_argument(
        "--warm_up", type=float, default=0.2, help="share of the time"
    )
    parser.add_argument(
        "--growth", type=float, default=0.02, help="of memory, still accepted"
    )
    parser.add_argument(
        "--output_folder", type=pathlib.Path, default="results/soak"
    )
    return parser.parse_args()


def start_training(folder):
    """Start a stage 1 without an end; return its process."""
    corpus = folder / "corpus"
    make_ravdess(corpus, n_speakers=6, n_statements=1, n_repetitions=1)
    command = [
        sys.executable,
        "train_contrastive.py",
        "hparams/ravdess.yaml",
        f"--data_folder={corpus}",
        f"--output_folder={folder}",
        "--expect_complete=False",
        "--speaker_encoder=stats",
        "--n_clusters=2",
        "--ecapa_channels=16",
        "--attention_channels=8",
        "--embedding_size=16",
        "--speakers_per_batch=2",
        "--clusters_per_speaker=2",
        "--utterances_per_cluster=2",
        "--contrastive_epochs=1000000",
        "--steps_per_epoch=10",
        "--device=cpu",
        "--noprogressbar",
    ]
    with open(folder / "output.txt", "w", encoding="utf-8") as stream:
        return subprocess.Popen(command, cwd=ROOT, stdout=stream, stderr=stream)


def sample(process):
    """Return the memory in MB and the open files of a process."""
    proc = pathlib.Path("/proc", str(process.pid))
    pages = int((proc / "statm").read_text().split()[1])
    memory = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return memory, len(list((proc / "fd").iterdir()))


def watch(process, path, seconds, interval):
    """Sample a process into a CSV until the time is over or it ends."""
    begun = time.monotonic()
    with open(path, "w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["seconds", "memory_mb", "open_files"])
        while (passed := time.monotonic() - begun) < seconds:
            memory, open_files = sample(process)
            rows.writerow([f"{passed:.0f}", f"{memory:.1f}", open_files])
            stream.flush()
            time.sleep(interval)
            if process.poll() is not None:
                return


def draw(samples, warm, path):
    """Draw both curves, with the end of the warm-up."""
    figure = matplotlib.figure.Figure(figsize=(8, 5), layout="constrained")
    panels = figure.subplots(2, 1, sharex=True)
    names = {"memory_mb": "memory (MB)", "open_files": "open files"}
    for axis, (column, name) in zip(panels, names.items(), strict=True):
        axis.plot(samples["seconds"] / 60, samples[column])
        axis.axvline(warm / 60, color="gray", linestyle=":")
        axis.set(ylabel=name)
    panels[-1].set(xlabel="minutes; dotted: end of the warm-up")
    with replacing(path, "wb") as stream:
        figure.savefig(stream, format="png", dpi=120)


def judge(samples, warm, growth):
    """Compare the first with the last third after the warm-up.

    Returns what was found, a line, and whether memory (median) and open files
    (maximum) did not grow.
    """
    after = samples[samples["seconds"] >= warm]
    third = len(after) // 3
    if third == 0:
        return f"{len(after)} samples are too few: give more minutes", False
    first, last = after.iloc[:third], after.iloc[-third:]
    memory = [x["memory_mb"].median() for x in (first, last)]
    files = [x["open_files"].max() for x in (first, last)]
    grown = memory[1] / memory[0] - 1
    is_flat = grown <= growth and files[1] <= files[0]
    return (
        f"memory {memory[0]:.1f} MB, then {memory[1]:.1f} MB ({grown:+.1%}); "
        f"open files {files[0]}, then {files[1]}: "
        f"{'flat' if is_flat else 'GROWING'}"
    ), is_flat


def main():
    """Train, watch, draw, judge."""
    options = parse_arguments()
    folder = options.output_folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    seconds = 60 * options.minutes
    process = start_training(folder)
    try:
        watch(process, folder / "soak.csv", seconds, options.interval)
        if process.poll() is not None:
            sys.exit(
                f"the training ended by itself with code {process.returncode}: "
                f"see {folder / 'output.txt'}"
            )
    finally:
        process.terminate()
        process.wait()
    samples = pd.read_csv(folder / "soak.csv")
    warm = options.warm_up * seconds
    draw(samples, warm, folder / "soak.png")
    line, is_flat = judge(samples, warm, options.growth)
    (log,) = folder.glob("fold_1/*/contrastive/train_log.txt")
    epochs = len(log.read_text(encoding="utf-8").splitlines())
    print(f"{options.minutes:g} minutes, {epochs} epochs: {line}")
    sys.exit(0 if is_flat else 1)


if __name__ == "__main__":
    main()
