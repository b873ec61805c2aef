"""From the start of stage 1, after the imports, to its first step.

On RAVDESS where ``EMOCLUST_DATA`` has it, with CAM++; otherwise on synthetic
speech with simple statistics.
"""

import os
import pathlib
import shutil
import sys
import tempfile

from emoclust_lobes.testing import make_ravdess

import train_contrastive
from benchmarks.part import Part


class FirstStep(Exception):
    """The first step is about to be taken: there is no more to time."""


def _stop(*_):
    raise FirstStep


def _start(corpus, speaker_encoder, folder):
    """Start the script as a user does, and stop it at its first step."""
    sys.argv = [
        "train_contrastive.py",
        "hparams/ravdess.yaml",
        f"--data_folder={corpus}",
        f"--output_folder={folder}",
        f"--speaker_encoder={speaker_encoder}",
        "--expect_complete=False",
        "--num_workers=0",
        "--device=cpu",
        "--noprogressbar",
    ]
    train_contrastive.ContrastiveBrain.fit_batch = _stop
    try:
        train_contrastive.main()
    except FirstStep:
        return
    raise RuntimeError("stage 1 ended without a step")


def _side(cached):
    def build(n_speakers):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="emoclust_start_"))
        corpus, encoder = folder / "corpus", "stats"
        real = pathlib.Path(os.environ.get("EMOCLUST_DATA", ""), "ravdess")
        if "EMOCLUST_DATA" in os.environ and real.is_dir():
            encoder = "campplus"
            for actor in sorted(real.glob("Actor_*"))[:n_speakers]:
                shutil.copytree(actor, corpus / actor.name)
        else:
            make_ravdess(corpus, n_speakers=n_speakers)

        def run():
            if not cached:
                shutil.rmtree(folder / "output", ignore_errors=True)
            _start(corpus, encoder, folder / "output")

        return run

    return build


PART = Part(
    name="start of stage 1 to its first step, after imports",
    unit="speakers of RAVDESS",
    sizes=(24,),
    sides={"second start": _side(True), "first start": _side(False)},
    aim="second start under 5 s",
    repeats=1,
)
