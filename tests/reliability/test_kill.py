"""Every stage, killed at random moments, ends as if it had not been killed."""

import glob
import pathlib
import random
import shutil
import time

import pytest
import torch
from emoclust_lobes.embeddings.cache import EmbeddingCache
from emoclust_lobes.synthetic.embeddings import cached_ids
from stages import STAGES, run_stage

pytestmark = pytest.mark.slow

# What tells of the course of a run, and not of its outcome
COURSE = {
    ".lock",
    "environment.json",
    "hyperparams.yaml",  # has the date
    "log.txt",
    "train_log.txt",
}


class Experiment:
    """An experiment whose stages are run through once, and then again.

    ``outcomes`` has what is there after each stage, ``seconds`` how long each
    took.
    """

    def __init__(self, context, corpus, folder):
        self.context = context
        self.corpus = corpus
        self.folder = folder
        self.output = folder / "output"  # one name: it is in some files
        self.output.mkdir()
        self.seconds, self.outcomes = {}, {}
        shutil.copytree(self.output, folder / "before prepare")

    def run_until(self, last):
        """Run every stage up to one without a disturbance, each once."""
        for stage in STAGES[: STAGES.index(last) + 1]:
            if stage not in self.outcomes:
                self.reset(stage)
                begun = time.monotonic()
                self.finish(stage)
                self.seconds[stage] = time.monotonic() - begun
                self.outcomes[stage] = outcome(self.output)
                after = STAGES.index(stage) + 1
                if after < len(STAGES):
                    name = f"before {STAGES[after]}"
                    shutil.copytree(self.output, self.folder / name)

    def reset(self, stage):
        """Go back to where a stage has not begun."""
        shutil.rmtree(self.output)
        shutil.copytree(self.folder / f"before {stage}", self.output)

    def begin(self, stage):
        """Start a stage in a process of its own."""
        process = self.context.Process(
            target=run_stage,
            args=(stage, self.corpus, self.output, self.folder / "log.txt"),
        )
        process.start()
        return process

    def finish(self, stage):
        """Run a stage to its end."""
        process = self.begin(stage)
        process.join()
        log = self.folder / "log.txt"
        assert process.exitcode == 0, log.read_text()[-3000:]

    def kill(self, stage, moment):
        """Kill a stage a share of its time after its start.

        Returns whether it was still running, and whether it was saving.
        """
        self.reset(stage)
        process = self.begin(stage)
        process.join(moment * self.seconds[stage])
        running = process.is_alive()
        process.kill()
        process.join()
        return running, any(self.output.rglob("unfinished/*/*"))

    def kill_after_checkpoint(self, stage, number):
        """Kill a stage once it has saved so often; was it still running?"""
        self.reset(stage)
        before = checkpoints(self.output)
        process = self.begin(stage)
        saved: set[str] = set()
        while process.is_alive() and len(saved) < number:
            saved |= checkpoints(self.output) - before
            time.sleep(0.001)
        running = process.is_alive()
        process.kill()
        process.join()
        return running


@pytest.fixture(scope="module")
def experiment(context, corpus, tmp_path_factory):
    """The experiment that all tests kill."""
    return Experiment(context, corpus, tmp_path_factory.mktemp("experiment"))


def checkpoints(output):
    """Folders of the checkpoints that are in place; they may vanish."""
    return set(glob.glob(f"{output}/**/save/CKPT*", recursive=True))


def outcome(output):
    """Everything that a run leaves, in a form that can be compared.

    Checkpoints are named by their epoch; what has no ``CKPT.yaml`` is none.
    """
    found = {}
    for path in sorted(output.rglob("*")):
        place = path.relative_to(output)
        is_course = path.name in COURSE or path.name.startswith("protocol-")
        if path.is_dir() or is_course or "tensorboard" in place.parts:
            continue
        # Those have the time, are copies, or are never read
        if path.name == "CKPT.yaml" or path.suffix in (".py", ".tmp"):
            continue
        if path.parent.parent.name == "save":
            if not (path.parent / "CKPT.yaml").exists():
                continue  # killed while it was deleted
            stage = path.parents[2].name
            place = pathlib.PurePath("save", stage, epoch(path), path.name)
        if path.name == "index" and path.parent.parent.name == "embeddings":
            cache = EmbeddingCache(path.parent)
            signatures = cache.index["signature"]
            ids = cached_ids(cache)
            columns = (signatures.tolist(), cache.select(ids).tolist())
            found[place] = [cache.identity, ids, *columns]
        elif path.suffix == ".f32":
            found[place] = "in any order"
        elif path.suffix == ".ckpt" and path.read_bytes()[:2] == b"PK":
            found[place] = flat(torch.load(path, map_location="cpu"))
        else:
            found[place] = path.read_bytes()
    return found


def epoch(path):
    """Which epoch a checkpoint is of; inside it, where it is."""
    lines = (path.parent / "CKPT.yaml").read_text().splitlines()
    kept = [x for x in lines if not x.startswith(("#", "unixtime"))]
    return ", ".join(sorted(kept))


def flat(state):
    """The tensors and numbers of a state, as lists."""
    if isinstance(state, torch.Tensor):
        return state.tolist()
    if isinstance(state, dict):
        return {str(key): flat(value) for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return [flat(value) for value in state]
    return state


def differences(found, expected):
    """Names of what is not the same.

    An old checkpoint may be there that should have been deleted when the last
    one had been saved: nothing was saved afterwards.
    """
    differ = {
        place
        for place in {*found, *expected}
        if found.get(place) != expected.get(place)
    }
    old = {x for x in set(found) - set(expected) if x.parts[0] == "save"}
    return sorted(map(str, differ - old))


def kill_often(experiment, stage, kills, seed):
    """Kill a stage, finish it, compare; return what there is to tell."""
    experiment.run_until(stage)
    expected = experiment.outcomes[stage]
    draw = random.Random(f"{seed} {stage}")
    moments = [draw.random() for _ in range(kills)]
    fell = []
    for moment in moments:
        fell.append(experiment.kill(stage, moment))
        experiment.finish(stage)
        found = outcome(experiment.output)
        assert differences(found, expected) == [], f"{stage} at {moment}"
    running, saving = map(sum, zip(*fell, strict=True))
    return moments, running, saving


@pytest.mark.parametrize(
    "stage, kills",
    [("prepare", 2), ("embed", 2), ("clusters", 2)]
    + [("stage 1", 1), ("stage 2", 1)],
)
def test_a_killed_stage_ends_as_if_it_had_not_been_killed(
    stage, kills, experiment
):
    kill_often(experiment, stage, kills, seed=1)


# An epoch is saved twice on its way and once at its end
@pytest.mark.parametrize(
    "stage, number",
    [
        (stage, number)
        for stage, epochs in (("stage 1", 3), ("stage 2", 2))
        for number in range(1, 3 * epochs + 1)
    ],
)
def test_a_kill_after_any_checkpoint_changes_nothing(stage, number, experiment):
    experiment.run_until(stage)
    assert experiment.kill_after_checkpoint(stage, number)
    experiment.finish(stage)
    found = outcome(experiment.output)
    assert differences(found, experiment.outcomes[stage]) == []


@pytest.mark.campaign
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("stage", STAGES)
def test_twenty_kills_of_each_stage_change_nothing(stage, experiment, capsys):
    moments, running, saving = kill_often(experiment, stage, kills=20, seed=2)
    quarters = [sum(x // 0.25 == q for x in moments) for q in range(4)]
    with capsys.disabled():
        print(
            f"\n| {stage} | {experiment.seconds[stage]:.1f} s | "
            f"{len(moments)} | {running} | {'/'.join(map(str, quarters))} | "
            f"{saving} | identical |"
        )
