"""Batches on several cores: every result once, in order, as on one."""

import threading

import pytest
import torch
from emoclust_lobes.parallel.batches import cores_for, map_batches


@pytest.fixture(params=[1, 3])
def n_threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def batches_of(*lengths):
    return [(n, torch.arange(float(n))[None]) for n in lengths]


def test_results_come_in_order_and_the_threads_are_given_back(n_threads):
    lengths = range(1, 40)
    found = list(map_batches(torch.sum, batches_of(*lengths)))
    assert [name for name, _, _ in found] == list(lengths)
    assert [x.item() for *_, x in found] == [n * (n - 1) / 2 for n in lengths]
    assert torch.get_num_threads() == n_threads


def test_no_more_batches_are_asked_for_than_are_computed_at_a_time(n_threads):
    asked = []

    def batches():
        for number in range(50):
            asked.append(number)
            yield number, torch.ones(1)

    results = map_batches(torch.sum, batches())
    for done in range(1, 10):
        next(results)
        assert len(asked) <= done + n_threads
    results.close()
    assert torch.get_num_threads() == n_threads


def test_each_core_has_a_thread_of_its_own_after_the_first_batch(n_threads):
    together = threading.Barrier(n_threads)
    seen = []

    def wait(waveforms):
        seen.append((threading.get_ident(), torch.get_num_threads()))
        if len(waveforms) > 1:  # never passed by fewer threads at a time
            together.wait(60)

    batches = [("first", torch.ones(1))]
    batches += [(n, torch.ones(2)) for n in range(2 * n_threads)]
    list(map_batches(wait, batches))
    assert seen[0] == (threading.get_ident(), n_threads)
    assert {threads for _, threads in seen[1:]} == {1}
    assert len({ident for ident, _ in seen[1:]}) == n_threads


def test_an_error_arrives_and_gives_the_threads_back(n_threads):
    def fail(waveforms):
        if waveforms.shape[1] == 7:
            raise KeyboardInterrupt
        return waveforms.shape[1]

    found = []
    with pytest.raises(KeyboardInterrupt):
        for name, _, _ in map_batches(fail, batches_of(*range(1, 20))):
            found.append(name)
    assert found == list(range(1, 7))
    assert torch.get_num_threads() == n_threads


def test_elsewhere_than_on_a_cpu_there_is_one_at_a_time(n_threads):
    assert cores_for("cpu") == n_threads
    assert cores_for("meta") == 1
