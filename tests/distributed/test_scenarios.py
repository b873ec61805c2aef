"""Several processes against one: the same losses, gradients, plans, results.

The processes are started with PyTorch's gloo, on CPUs, as many as a test says;
each writes what it has found into a file. The expectation is what this process
finds alone, without any of the code that gathers.
"""

import pytest
import torch
from emoclust_lobes.parallel.processes import ProcessShare

from speechbrain import Stage
from speechbrain.dataio.dataset import DynamicItemDataset
from tests.distributed.joint_brain import STEPS, joint_brain
from tests.distributed.scenarios import (
    TRAININGS,
    fail_on_main,
    play,
    played,
    resumed,
    sampler,
    saved,
    start,
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


@pytest.fixture(
    scope="module", params=[2, pytest.param(4, marks=pytest.mark.slow)]
)
def several(request, folders):
    """What each of so many processes has found, with their number."""
    world = request.param
    start(play, world, folders[world])
    return [torch.load(folders[world] / f"{n}.pt") for n in range(world)]


@pytest.mark.parametrize("name", [*TRAININGS, "resumed"])
def test_losses_and_gradients_are_those_of_one_process(name, alone, several):
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
