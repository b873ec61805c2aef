"""Batches of one length: all that can be read, in order, a little ahead."""

import torch
from data_prep.manifests.manifest import read_manifests
from emoclust_lobes.audio.batches import equal_length_batches
from emoclust_lobes.audio.reading import read_utterance


def test_every_utterance_is_read_once_beside_those_of_its_length(noise_pool):
    lengths = [900, 800, 900, 801, 900, 700, 800]
    table = read_manifests(noise_pool(lengths))
    batches = list(equal_length_batches(table, 16000, 0.12, problems := []))
    assert problems == []
    found = [(rows.tolist(), waves.shape[1]) for rows, waves in batches]
    assert found == [
        ([5], 700),
        ([1, 6], 800),
        ([3], 801),
        ([0, 2], 900),
        ([4], 900),
    ]
    for rows, waveforms in batches:
        alone = [read_utterance(wav) for wav in table["wav"].iloc[rows]]
        assert torch.equal(waveforms, torch.stack(alone))


def test_the_thread_is_ahead_by_no_more_than_it_may(noise_pool, tmp_path):
    table = read_manifests(noise_pool(range(800, 820)))
    batches = equal_length_batches(table, 16000, 0.01, problems := [], 3)
    next(batches)
    for wav in table["wav"].iloc[:10]:
        open(wav, "w").close()
    read = sum(len(rows) for rows, _ in batches)
    # The first three after the first may have been read before they were lost
    assert 10 <= read <= 13
    assert 6 <= len(problems) <= 9 and read + len(problems) == 19


def test_files_that_cannot_be_read_are_named_in_order(noise_pool):
    table = read_manifests(noise_pool([800, 700, 900]))
    for row in (0, 2):
        with open(table["wav"][row], "w") as stream:
            stream.write("no audio")
    batches = list(equal_length_batches(table, 16000, 60.0, problems := []))
    assert [rows.tolist() for rows, _ in batches] == [[1]]
    assert [line.partition(": ")[0] for line in problems] == [
        table["wav"][0],
        table["wav"][2],
    ]
