"""Evaluation of a split over cached features: loading, encoding, scoring."""

import pathlib
import tempfile

from benchmarks.builds import ROOT, reference_build
from benchmarks.cached import YAML, CachedRuns
from benchmarks.part import Part

# Times so many evaluations in the place of the training, in CPU seconds
EVALUATE = """\
import pathlib, sys, time
import speechbrain
target, times = pathlib.Path(sys.argv[1]), int(sys.argv[2])
sys.argv[:] = sys.argv[3:]
import train_ser


def fit(self, counter, train, valid, train_loader_kwargs, valid_loader_kwargs):
    loader = self.make_dataloader(
        valid, speechbrain.Stage.VALID, ckpt_prefix=None, **valid_loader_kwargs
    )
    self.train_stats = {}
    self.finish_epoch = lambda *_, **__: None
    for turn in range(times + 1):
        if turn == 1:
            start = time.process_time()
        self._fit_valid(loader, epoch=1, enable=False)
    target.write_text(str(time.process_time() - start))
    sys.exit()


train_ser.SERBrain.fit = fit
train_ser.main()
"""


def _side(find_build):
    def prepare(times):
        runs = CachedRuns(find_build())
        target = pathlib.Path(tempfile.mkdtemp(prefix="emoclust_"), "seconds")
        words = [
            *("-c", EVALUATE, str(target), str(times), "train_ser.py", YAML),
            *("--pretraining=none", "--noprogressbar"),
        ]

        def run():
            runs.cpu_seconds(*words)
            return float(target.read_text())

        return run

    return prepare


PART = Part(
    name="evaluation of the development speakers, CPU seconds",
    unit="evaluations",
    sizes=(10,),
    counts_itself=True,
    sides={
        "this build": _side(lambda: ROOT),
        "reference build": _side(reference_build),
    },
    aim="4x",
)
