"""Several processes against one: the same losses, gradients, plans, results.

The processes are started with PyTorch's gloo, on CPUs, as many as a test says;
each writes what it has found into a file. The expectation is what this process
finds alone, without any of the code that gathers.
"""

import contextlib
import functools
import multiprocessing
import pathlib
import runpy
import subprocess
import sys

import pandas as pd
import pytest
import torch
from emoclust_lobes.brain import EncoderBrain
from emoclust_lobes.distributed import (
    ProcessShare,
    gather_batches,
    gather_rows,
    mean_over_processes,
    n_processes,
    own_rows,
    process_number,
)
from emoclust_lobes.experiment import save_whole
from emoclust_lobes.files import read_json
from emoclust_lobes.history import History
from emoclust_lobes.losses import ClusterContrastiveLoss
from emoclust_lobes.memory import EmbeddingMemory
from emoclust_lobes.recluster import PoolClusters, Reclustering, cluster_again
from emoclust_lobes.samplers import SpeakerClusterBatchSampler
from emoclust_lobes.testing import make_ravdess
from torch.multiprocessing import start_processes

from speechbrain import Stage
from speechbrain.dataio.batch import PaddedBatch
from speechbrain.dataio.dataset import DynamicItemDataset
from speechbrain.utils.checkpoints import Checkpointer
from speechbrain.utils.distributed import run_on_main
from speechbrain.utils.epoch_loop import EpochCounter

ROOT = pathlib.Path(__file__).parents[1]
IMPORTED_ONCE = ["emoclust_lobes.recluster", "emoclust_lobes.testing", "pytest"]
FEATURES, FRAMES, STEPS = 5, 3, 3

# Rows of each process: of one size; one process without any usable anchor, and
# another with an utterance alone.
EVEN = {1: [12], 2: [6, 6], 4: [3, 3, 3, 3]}
UNEVEN = {1: [12], 2: [11, 1], 4: [5, 1, 2, 4]}


class MeanOverTime(torch.nn.Module):
    """An encoder that hears each utterance apart: no BatchNorm."""

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(FEATURES, 6)

    def forward(self, features, lens):
        return self.linear(features.mean(dim=1)).unsqueeze(1)


class NoNormalization(torch.nn.Module):
    def forward(self, features, lens):
        return features


class JointBrain(EncoderBrain):
    """Contrasts one batch and, if asked, classifies another, in one step.

    The gradients of every step are kept.
    """

    def compute_forward(self, batch, stage):
        return self.encode(batch.sig.data, batch.sig.lengths, stage)

    def compute_objectives(self, predictions, batch, stage):
        loss = self.contrast(predictions, batch)
        if self.hparams.classify:
            again = self.encode(batch.sig.data + 1, batch.sig.lengths, stage)
            scores = self.modules.classifier(again)
            loss = loss + 0.3 * torch.nn.functional.cross_entropy(
                scores, batch.speaker
            )
        self.losses.append(loss.item())
        return loss

    def optimizers_step(self):
        self.gradients.append(
            {
                name.replace("module.", ""): parameter.grad.clone()
                for name, parameter in self.modules.named_parameters()
                if parameter.grad is not None
            }
        )
        super().optimizers_step()


def joint_brain(folder, classify=False, memory_size=15, accumulate=1, **loss):
    torch.manual_seed(0)
    modules = {
        "compute_features": torch.nn.Identity(),
        "mean_var_norm": NoNormalization(),
        "embedding_model": MeanOverTime(),
        "projection": torch.nn.Linear(6, 4),
        "classifier": torch.nn.Linear(6, 2),
    }
    counter = EpochCounter(4)
    counter.current = 1
    memory = EmbeddingMemory(size=memory_size)
    trained = ("embedding_model", "projection", "classifier")
    brain = JointBrain(
        modules,
        hparams={
            "seed": 5,
            "folder": folder,
            "augment": torch.nn.Identity(),
            "encoder_optimizer": lambda p: torch.optim.SGD(p, lr=0.1),
            "heads_optimizer": lambda p: torch.optim.SGD(p, lr=0.1),
            "epoch_counter": counter,
            "history": History(),
            "classify": classify,
            "memory": memory,
            "contrastive_loss": ClusterContrastiveLoss(**loss),
        },
        run_opts={
            "device": "cpu",
            "distributed_launch": n_processes() > 1,
            "distributed_backend": "gloo",
            "grad_accumulation_factor": accumulate,
            "max_grad_norm": 1e9,
        },
        checkpointer=save_whole(
            Checkpointer(
                folder,
                {**{x: modules[x] for x in trained}, "memory": memory},
            )
        ),
    )
    brain.losses, brain.gradients = [], []
    brain.nonfinite_count = 0
    brain.on_fit_start()
    brain.modules.train()
    return brain


def utterances(step, alike=False):
    """The rows of a step of all processes; alike ones have no negatives."""
    generator = torch.Generator().manual_seed(step)
    return [
        {
            "id": f"{step}_{n}",
            "sig": torch.randn(FRAMES, FEATURES, generator=generator),
            "speaker": n % 2,
            "cluster": 0 if alike else n // 2 % 3,
            "context": n % 3 - 1,
            "weight": torch.rand((), generator=generator).item() + 0.1,
        }
        for n in range(12)
    ]


def own_batch(rows, sizes):
    sizes = sizes[n_processes()]
    start = sum(sizes[: process_number()])
    return PaddedBatch(rows[start : start + sizes[process_number()]])


def steps_of(brain, steps, sizes, alike=False):
    """Train some steps; return all that must not depend on processes."""
    for brain.step in steps:
        rows = utterances(brain.step, alike)
        brain.fit_batch(own_batch(rows, sizes))
    return {
        "loss": torch.tensor(mean_over_processes({"x": brain.losses[-1]})["x"]),
        "gradients": brain.gradients,
        "weights": {
            name.replace("module.", ""): value.clone()
            for name, value in brain.modules.state_dict().items()
        },
        "memory": brain.hparams.memory.contents()._asdict(),
        "anchors": torch.tensor(brain.train_means()["anchors"]),
    }


def trained(folder, sizes=UNEVEN, alike=False, **options):
    brain = joint_brain(folder, **options)
    return steps_of(brain, range(1, STEPS + 1), sizes, alike)


def saved(folder):
    brain = joint_brain(folder, temperature=0.2)
    found = steps_of(brain, range(1, STEPS + 1), UNEVEN)
    brain.checkpointer.save_checkpoint()
    return found


def resumed(folder):
    """Go on from what another number of processes has saved."""
    brain = joint_brain(folder, temperature=0.2)
    return steps_of(brain, range(STEPS + 1, STEPS + 3), UNEVEN)


def sampler():
    return SpeakerClusterBatchSampler(
        speaker_ids=[n // 20 for n in range(80)],
        cluster_ids=[n // 5 % 4 for n in range(80)],
        speakers=2,
        clusters=2,
        utterances=2,
        steps=9,
        seed=7,
    )


def plans(folder):
    """What each process trains on in two epochs, and evaluates."""
    brain = joint_brain(folder, temperature=0.2)
    dataset = DynamicItemDataset(
        {str(n): {"row": n} for n in range(80)}, output_keys=["id", "row"]
    )
    loader = functools.partial(brain.make_dataloader, dataset)
    found = {"evaluated": [], "steps": [], "epochs": []}
    options = [
        {"batch_sampler": sampler()},
        {"shuffle": True, "batch_size": 3, "drop_last": True},
    ]
    for each in options:
        batches = loader(Stage.TRAIN, ckpt_prefix=None, **each)
        for epoch in (1, 2):
            brain.train_sampler.set_epoch(epoch)
            found["epochs"].append([batch.row.tolist() for batch in batches])
        found["steps"].append(len(batches))
    for batch in loader(Stage.VALID, ckpt_prefix=None, batch_size=7):
        found["evaluated"].extend(batch.row.tolist())
    return found


def in_order(folder):
    return [gather_rows([str(n) for n in own_rows(n)]) for n in (0, 1, 3, 10)]


def reclustered(folder):
    brain = joint_brain(folder, temperature=0.2, memory_size=0)
    generator = torch.Generator().manual_seed(3)
    rows = {
        f"{n:02d}": {
            "sig": torch.randn(FRAMES, FEATURES, generator=generator),
            "spk_id": f"s{n // 20}",
            "cluster": n // 5 % 4,
        }
        for n in range(80)
    }
    whole = DynamicItemDataset(rows, output_keys=["id", "sig", "spk_id"])
    plan = sampler()
    clusters = PoolClusters(whole, plan)
    Reclustering(
        brain=brain,
        loader=brain.make_dataloader(whole, Stage.VALID, batch_size=7),
        clusters=clusters,
        cluster=functools.partial(
            cluster_again, n_clusters=4, algorithm="kmeans", n_init=2, seed=1
        ),
    )()
    return [rows[x]["cluster"] for x in sorted(rows)]


def buffers(folder):
    """BatchNorm's means after an evaluation has begun."""
    brain = joint_brain(folder, temperature=0.2)
    norm = torch.nn.BatchNorm1d(2)
    norm(torch.full((4, 2), 10.0 + process_number()))
    brain.modules["norm"] = norm
    brain._wrap_distributed()
    brain.on_stage_start(Stage.VALID)
    return norm.running_mean


def uneven_rows(folder):
    sizes = [3, 0, 1, 2][: n_processes()]
    own = torch.full((sizes[process_number()], 2), float(process_number()))
    return gather_batches(own)[0]


CONTRAST = {"temperature": 0.2}
TRAININGS = {
    "uneven": CONTRAST,
    "all": {**CONTRAST, "negatives": "all", "positives": "all"},
    "options": {**CONTRAST, "elsewhere": "session", "hardness": 2.0},
    "no memory": {**CONTRAST, "memory_size": 0},
    "no anchor": {**CONTRAST, "memory_size": 0, "alike": True},
    "classify": {**CONTRAST, "classify": True, "sizes": EVEN},
    "accumulate": {**CONTRAST, "accumulate": 3},
}
SCENARIOS = {
    **{x: functools.partial(trained, **TRAININGS[x]) for x in TRAININGS},
    "saved": saved,
    "resumed": resumed,
    "plans": plans,
    "in order": in_order,
    "reclustered": reclustered,
    "buffers": buffers,
    "uneven rows": uneven_rows,
}


def played(folder):
    """What this process finds in every scenario."""
    found = {}
    for name, scenario in SCENARIOS.items():
        (folder / name).mkdir(exist_ok=True)
        found[name] = scenario(folder / name)
    return found


@contextlib.contextmanager
def one_of(number, world, folder):
    """Be one of several processes."""
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in ("RANK", "LOCAL_RANK"):
            monkeypatch.setenv(name, str(number))
        torch.distributed.init_process_group(
            "gloo",
            init_method=f"file://{folder}/meeting",
            rank=number,
            world_size=world,
        )
        yield
        torch.distributed.destroy_process_group()


def play(number, world, folder):
    with one_of(number, world, folder):
        torch.save(played(folder), folder / f"{number}.pt")


def fail_on_main(number, world, folder):
    with one_of(number, world, folder):
        run_on_main(read_json, args=[None])


def start(function, world, folder, **options):
    multiprocessing.set_forkserver_preload(IMPORTED_ONCE)
    return start_processes(
        function,
        args=(world, folder),
        nprocs=world,
        start_method="forkserver",
        **options,
    )


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Folders of one, two and four processes; all resume what one saved."""
    start = tmp_path_factory.mktemp("start")
    saved(start)
    folders = {n: tmp_path_factory.mktemp(f"processes_{n}") for n in (1, 2, 4)}
    for folder in folders.values():
        (folder / "resumed").symlink_to(start, target_is_directory=True)
    return folders


@pytest.fixture(scope="module")
def alone(folders):
    return played(folders[1])


@pytest.fixture(scope="module", params=[2, 4])
def several(request, folders):
    """What each of so many processes has found, with their number."""
    world = request.param
    start(play, world, folders[world])
    return [torch.load(folders[world] / f"{n}.pt") for n in range(world)]


@pytest.mark.parametrize("name", [*TRAININGS, "resumed"])
def test_losses_gradients_and_memory_are_those_of_one_process(
    name, alone, several
):
    expected = alone[name]
    assert (expected["anchors"] > 0) == (name != "no anchor")
    for found in several:
        torch.testing.assert_close(found[name], expected, rtol=0, atol=1e-6)


def test_one_process_goes_on_from_the_checkpoint_of_several(
    alone, several, folders
):
    folder = folders[len(several)] / "saved"
    for found in several:
        torch.testing.assert_close(
            found["saved"], alone["saved"], rtol=0, atol=1e-6
        )
    torch.testing.assert_close(
        resumed(folder), alone["resumed"], rtol=0, atol=1e-6
    )


def test_gradients_of_the_losses_are_there(alone):
    for step in alone["classify"]["gradients"]:
        assert all(gradient.abs().sum() > 0 for gradient in step.values())
    assert len(alone["uneven"]["gradients"]) == STEPS
    assert len(alone["accumulate"]["gradients"]) == 1


def test_an_epoch_is_dealt_out_batch_by_batch(alone, several):
    world = len(several)
    steps = alone["plans"]["steps"][0] // world
    for epoch in (0, 1):
        plan = alone["plans"]["epochs"][epoch]
        for number, found in enumerate(several):
            assert found["plans"]["steps"][0] == steps
            own = found["plans"]["epochs"][epoch]
            assert own == plan[number : steps * world : world]
    first, second = alone["plans"]["epochs"][:2]
    assert first != second


def test_shuffled_utterances_are_dealt_out_once(several):
    for epoch in (2, 3):
        heard = [found["plans"]["epochs"][epoch] for found in several]
        assert len({len(batches) for batches in heard}) == 1
        rows = [row for batches in heard for batch in batches for row in batch]
        assert len(set(rows)) == len(rows) > 80 - 3 * len(several)


def test_an_evaluation_hears_every_utterance_once(several):
    heard = [found["plans"]["evaluated"] for found in several]
    assert all(len(rows) == 80 // len(several) for rows in heard)
    assert sorted(sum(heard, [])) == list(range(80))


def test_rows_come_together_in_their_order(several):
    for found in several:
        for rows, n in zip(found["in order"], (0, 1, 3, 10), strict=True):
            assert rows == [str(number) for number in range(n)]


def test_uneven_batches_come_together(several):
    expected = [[0, 0, 0], [0, 0, 0, 2, 3, 3]][len(several) == 4]
    for found in several:
        assert found["uneven rows"][:, 0].tolist() == expected


def test_the_pool_is_clustered_anew_as_by_one_process(alone, several):
    for found in several:
        assert found["reclustered"] == alone["reclustered"]
    assert len(set(alone["reclustered"])) == 4


def test_the_main_process_statistics_are_evaluated_with(alone, several):
    for found in several:
        assert torch.equal(found["buffers"], alone["buffers"])
    assert alone["buffers"].tolist() == [1.0, 1.0]


def test_nobody_waits_for_a_main_process_that_has_failed(tmp_path):
    for process in start(fail_on_main, 2, tmp_path, join=False).processes:
        process.join(timeout=60)
        assert process.exitcode == 1


def test_too_many_processes_for_an_epoch_are_refused(tmp_path):
    brain = joint_brain(tmp_path, temperature=0.2)
    dataset = DynamicItemDataset({"a": {"row": 0}}, output_keys=["row"])
    with pytest.raises(ValueError, match="1 utterances give no batch to each"):
        brain.make_dataloader(
            dataset, Stage.TRAIN, batch_size=2, drop_last=True, shuffle=True
        )


def test_one_process_has_the_whole_plan():
    share = ProcessShare(sampler())
    share.set_epoch(3)
    whole = sampler()
    whole.set_epoch(3)
    assert list(share) == list(whole)
    assert len(share) == len(whole)


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    """Function that runs a script, in so many processes."""
    make_ravdess(
        tmp_path / "corpus", n_speakers=6, n_statements=2, n_repetitions=1
    )
    options = [
        "hparams/ravdess.yaml",
        f"--data_folder={tmp_path / 'corpus'}",
        f"--output_folder={tmp_path / 'results'}",
        "--expect_complete=False",
        "--speaker_encoder=stats",
        "--n_clusters=3",
        "--ecapa_channels=16",
        "--attention_channels=8",
        "--embedding_size=16",
        "--speakers_per_batch=2",
        "--contrastive_epochs=1",
        "--steps_per_epoch=4",
        "--ser_epochs=1",
        "--ser_batch_size=20",
        "--enrolment=True",
        "--enrolled_counts=[2]",
        "--ser_contrastive_weight=0.3",
        "--num_workers=0",
        "--device=cpu",
        "--noprogressbar",
    ]

    def run(script, processes):
        if processes == 1:
            monkeypatch.chdir(ROOT)
            monkeypatch.setattr(sys, "argv", [script, *options])
            monkeypatch.setattr(sys, "excepthook", sys.excepthook)
            runpy.run_path(str(ROOT / script), run_name="__main__")
            return
        launcher = [sys.executable, "-m", "torch.distributed.run"]
        launcher += ["--standalone", f"--nproc_per_node={processes}"]
        done = subprocess.run(
            [*launcher, script, *options, "--distributed_backend=gloo"],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-3000:]

    return run


def test_both_stages_run_on_two_processes(recipe, tmp_path, capfd):
    recipe("train_contrastive.py", processes=2)
    (stage1,) = tmp_path.rglob("contrastive/metrics.json")
    history = pd.read_csv(stage1.parent / "history.csv")
    assert history["epoch"].tolist() == [0, 1]
    # Of two processes with up to 2 speakers x 3 clusters x 3 utterances.
    assert 18 < history["train_anchors"].iloc[-1] <= 36
    assert 0 < read_json(stage1)["cluster_auc"] < 1
    recipe("train_contrastive.py", processes=1)
    assert "Trained before" in "".join(capfd.readouterr())

    recipe("train_ser.py", processes=2)
    (stage2,) = tmp_path.rglob("labels_1.0/metrics.json")
    metrics = read_json(stage2)
    table = stage2.with_name("predictions.csv")
    (test,) = tmp_path.rglob("manifest/test.csv")
    ids = pd.read_csv(test)["ID"].tolist()
    assert pd.read_csv(table)["ID"].tolist() == ids
    assert metrics["n"] == len(ids)

    # One process takes over from the two, and tests their model to the same
    # numbers.
    predictions = table.read_bytes()
    stage2.unlink()
    table.unlink()
    recipe("train_ser.py", processes=1)
    assert read_json(stage2) == metrics
    assert table.read_bytes() == predictions
