"""One run of stage 2 over cached features, from its launch to its metrics."""

from benchmarks.builds import ROOT, reference_build
from benchmarks.cached import YAML, CachedRuns
from benchmarks.part import Part

KINDS = {1: "with model and pictures", 2: "scores alone"}


def _side(find_build, has_option):
    def prepare(kind):
        runs = CachedRuns(find_build())
        words = ["train_ser.py", YAML, "--pretraining=none", "--labels=0.1"]
        if has_option and kind == 2:
            words.append("--full_results=False")
        return lambda: runs.cpu_seconds(*words, "--noprogressbar")

    return prepare


PART = Part(
    name="a run of stage 2 over cached features, CPU seconds",
    unit="",
    sizes=tuple(KINDS),
    size_names=KINDS,
    counts_itself=True,
    sides={
        "this build": _side(lambda: ROOT, True),
        "reference build": _side(reference_build, False),
    },
    aim="3x",
)
