"""From the command line to the first thing of use, in CPU seconds."""

import pathlib
import tempfile

from emoclust_lobes.synthetic.models import save_tiny
from emoclust_lobes.synthetic.ravdess import make_ravdess

from benchmarks.builds import ROOT, cpu_seconds, reference_build
from benchmarks.part import Part

EMOCLUST = "from emoclust_lobes.cli import main; main(['--help'])"
# Ends where the first gradient would be computed
TO_FIRST_STEP = """\
import os, runpy, sys, torch
torch.Tensor.backward = lambda *_, **__: os._exit(0)
sys.argv, sys.path[0] = sys.argv[1:], ""
runpy.run_path(sys.argv[0], run_name="__main__")
"""
STARTS = {
    1: "import data_prep",
    2: "emoclust --help",
    3: "train_ser.py --help",
    4: "stage 2, all cached, to its first step",
}


def _side(find_build):
    def prepare(start):
        build = find_build()
        words = {
            1: ["-c", "import data_prep"],
            2: ["-c", EMOCLUST],
            3: ["train_ser.py", "--help"],
        }.get(start)
        if words is None:
            folder = pathlib.Path(tempfile.mkdtemp(prefix="emoclust_start_"))
            make_ravdess(folder / "corpus")
            words = [
                *("-c", TO_FIRST_STEP, "train_ser.py"),
                "hparams/ravdess_wav2vec2.yaml",
                f"--data_folder={folder / 'corpus'}",
                f"--output_folder={folder / 'output'}",
                f"--ssl_hub={save_tiny('whisper', folder / 'whisper')}",
                "--pretraining=none",
                "--num_workers=0",
                "--device=cpu",
            ]
        return lambda: cpu_seconds(build, *words)

    return prepare


PART = Part(
    name="start, CPU seconds",
    unit="",
    sizes=tuple(STARTS),
    size_names=STARTS,
    counts_itself=True,
    sides={
        "this build": _side(lambda: ROOT),
        "reference build": _side(reference_build),
    },
    aim="10x, 10x, 2x, 2x",
)
