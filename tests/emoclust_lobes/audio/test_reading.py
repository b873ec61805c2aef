"""Waveforms as a training reads them, in loader workers of every kind."""

import multiprocessing

import pandas as pd
import pytest
import torch
from emoclust_lobes.audio.reading import RandomCrop, audio_pipeline
from emoclust_lobes.synthetic.noise import write_noise
from emoclust_lobes.training.dataset import ColumnarDataset
from torch.utils.data import DataLoader

from speechbrain.dataio.batch import PaddedBatch


@pytest.mark.parametrize("start", multiprocessing.get_all_start_methods())
def test_loader_workers_read_the_same(start, tmp_path):
    wavs = [
        str(write_noise(tmp_path / f"{n}.wav", samples=4000 + n))
        for n in range(5)
    ]
    crop = RandomCrop(seconds=0.1, sample_rate=16000, seed=1)
    dataset = ColumnarDataset(
        pd.DataFrame(
            {"ID": list("abcde"), "wav": wavs, "start": "", "stop": ""}
        ),
        dynamic_items=[audio_pipeline(16000, crop)],
        output_keys=["id", "sig"],
    )

    def batches(workers):
        loader = DataLoader(
            dataset,
            batch_size=2,
            num_workers=workers,
            multiprocessing_context=start if workers else None,
            collate_fn=PaddedBatch,
        )
        return [(batch.id, batch.sig.data) for batch in loader]

    crops = []
    for epoch in (1, 2):
        crop.set_epoch(epoch)  # which reaches the workers
        here, there = batches(0), batches(1)
        assert [x for x, _ in here] == [x for x, _ in there]
        crops.append(torch.cat([x for _, x in there]))
        assert torch.equal(torch.cat([x for _, x in here]), crops[-1])
    assert crops[0].shape == (5, 1600)
    assert not torch.equal(*crops)
