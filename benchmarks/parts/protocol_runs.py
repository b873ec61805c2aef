"""A protocol over cached features: from the command line to its report."""

from benchmarks.builds import ROOT, reference_build
from benchmarks.cached import YAML, CachedRuns
from benchmarks.part import Part

EMOCLUST = "from emoclust_lobes.cli import main; main()"
# Folds and seeds by the number of runs: two systems, a tenth of the labels
RUNS = {2: ("1", 1), 36: ("all", 3)}
PROTOCOL = ("-c", EMOCLUST, "protocol", YAML, "--labels=0.1")


def _side(find_build):
    def prepare(n_runs):
        runs = CachedRuns(find_build())
        # Leaves features and embeddings, which all runs share
        runs.cpu_seconds(*PROTOCOL, "--systems=none", "--folds=1", "--seeds=1")
        folds, seeds = RUNS[n_runs]
        return lambda: runs.cpu_seconds(
            *PROTOCOL,
            "--systems=none,contrastive",
            f"--folds={folds}",
            f"--seeds={seeds}",
        )

    return prepare


PART = Part(
    name="protocol over cached features, CPU seconds",
    unit="runs",
    sizes=tuple(RUNS),
    counts_itself=True,
    sides={
        "this build": _side(lambda: ROOT),
        "reference build": _side(reference_build),
    },
    repeats=1,
    warms_up=False,
    aim="3x",
)
