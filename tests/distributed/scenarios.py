"""What one of several processes does, and finds.

Each scenario takes a folder and returns what must be the same whatever the
number of processes, or what is told of each of them.
"""

import contextlib
import functools
import multiprocessing

import pytest
import torch
from data_prep.storage.files import read_json
from emoclust_lobes.contrast.samplers import SpeakerClusterBatchSampler
from emoclust_lobes.parallel.processes import (
    gather_batches,
    gather_rows,
    n_processes,
    own_rows,
    process_number,
)
from torch.multiprocessing import start_processes

from speechbrain import Stage
from speechbrain.dataio.dataset import DynamicItemDataset
from speechbrain.utils.distributed import run_on_main
from tests.distributed.joint_brain import (
    EVEN,
    STEPS,
    UNEVEN,
    joint_brain,
    steps_of,
)

IMPORTED_ONCE = [
    "emoclust_lobes.training.brain",
    "emoclust_lobes.synthetic",
    "pytest",
]


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
    "elsewhere": {**CONTRAST, "elsewhere": "session"},
    "no anchor": {**CONTRAST, "alike": True},
    "classify": {**CONTRAST, "classify": True, "sizes": EVEN},
    "accumulate": {**CONTRAST, "accumulate": 3},
}
SCENARIOS = {
    **{x: functools.partial(trained, **TRAININGS[x]) for x in TRAININGS},
    "saved": saved,
    "resumed": resumed,
    "plans": plans,
    "in order": in_order,
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
