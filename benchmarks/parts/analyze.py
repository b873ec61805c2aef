"""``emoclust analyze`` of two encoders, k from 2 to 10, from its launch."""

import os
import pathlib
import shutil

from emoclust_lobes.synthetic.ravdess import make_ravdess

from benchmarks.builds import ROOT, cpu_seconds, reference_build
from benchmarks.part import Part

EMOCLUST = "from emoclust_lobes.cli import main; main()"
FOLDER = ROOT / "results" / "analyze"


def _side(find_build):
    def prepare(_size):
        data = os.environ.get("EMOCLUST_DATA")
        encoders = "campplus,ge2e" if data else "stats"
        corpus = pathlib.Path(data or FOLDER, "ravdess")
        if not corpus.exists():
            make_ravdess(corpus)
        build = find_build()
        words = [
            *("-c", EMOCLUST, "analyze", "hparams/ravdess.yaml"),
            *(f"--speaker_encoders={encoders}", "--k=2..10", "--jobs=1"),
            *(f"--data_folder={corpus}", "--device=cpu"),
            f"--output_folder={FOLDER / 'output'}",
            # Each build has caches of its own, filled before what is timed
            f"--embedding_folder={FOLDER / build.name / 'embeddings'}",
        ]

        def run():
            shutil.rmtree(FOLDER / "output", ignore_errors=True)
            return cpu_seconds(build, *words)

        return run

    return prepare


PART = Part(
    name="emoclust analyze, k from 2 to 10, embeddings cached, CPU seconds",
    unit="",
    sizes=(1,),
    size_names={1: "RAVDESS, or a synthetic one"},
    counts_itself=True,
    sides={
        "this build": _side(lambda: ROOT),
        "reference build": _side(reference_build),
    },
    aim="2x",
)
