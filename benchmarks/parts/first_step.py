"""From the start of stage 1, after the imports, to its first step."""

import pathlib
import shutil
import tempfile

from benchmarks.part import Part
from benchmarks.stage1 import make_corpus, run_until


def _side(cached):
    def build(n_speakers):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="emoclust_start_"))
        speaker_encoder = make_corpus(folder / "corpus", n_speakers)

        def run():
            if not cached:
                shutil.rmtree(folder / "output", ignore_errors=True)
            run_until(
                "fit_batch",
                data_folder=folder / "corpus",
                output_folder=folder / "output",
                speaker_encoder=speaker_encoder,
                num_workers=0,
            )

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
