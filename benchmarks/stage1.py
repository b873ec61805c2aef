"""Stage 1 as a user starts it, stopped where something is to be timed.

On RAVDESS where ``EMOCLUST_DATA`` has it, with CAM++; otherwise on synthetic
speech with simple statistics.
"""

import os
import pathlib
import shutil
import sys
from unittest import mock

from emoclust_lobes.synthetic.ravdess import make_ravdess

import train_contrastive


class _Reached(Exception):
    """The method was called: nothing after it is wanted."""


def make_corpus(folder, n_speakers):
    """Lay out actors of RAVDESS, or synthetic ones; return their speaker encoder."""
    real = pathlib.Path(os.environ.get("EMOCLUST_DATA", ""), "ravdess")
    if "EMOCLUST_DATA" in os.environ and real.is_dir():
        for actor in sorted(real.glob("Actor_*"))[:n_speakers]:
            shutil.copytree(actor, folder / actor.name)
        return "campplus"
    make_ravdess(folder, n_speakers=n_speakers)
    return "stats"


def run_until(method, **overrides):
    """Run ``train_contrastive.py`` until its Brain calls a method.

    The method is not carried out; what it was called with, the Brain first, is
    returned.
    """
    reached = []

    def stop(*arguments):
        reached.extend(arguments)
        raise _Reached

    command = [
        "train_contrastive.py",
        "hparams/ravdess.yaml",
        "--expect_complete=False",
        "--device=cpu",
        "--noprogressbar",
        *(f"--{key}={value}" for key, value in overrides.items()),
    ]
    brain = train_contrastive.ContrastiveBrain
    with (
        mock.patch.object(sys, "argv", command),
        mock.patch.object(brain, method, stop),
    ):
        try:
            train_contrastive.main()
        except _Reached:
            return tuple(reached)
    raise RuntimeError(f"stage 1 ended without {method}")
