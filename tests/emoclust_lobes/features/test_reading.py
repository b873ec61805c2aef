"""Cached features as a training reads them: crops, workers, what is missing."""

import multiprocessing
import pickle

import numpy as np
import pandas
import pytest
import soundfile
import torch
from data_prep.manifests.manifest import Source, Utterance, write_manifest
from emoclust_lobes.audio.reading import RandomCrop
from emoclust_lobes.encoders.front_ends import SSLFrontEnd
from emoclust_lobes.features.extraction import cache_features
from emoclust_lobes.features.reading import (
    FeatureCache,
    FeatureCacheError,
    feature_pipeline,
)
from emoclust_lobes.synthetic.models import save_tiny
from emoclust_lobes.training.dataset import (
    Batch,
    Batches,
    ColumnarDataset,
    as_it_is,
)
from hypothesis import (
    given,
    strategies as st,
)
from torch.utils.data import DataLoader

import speechbrain as sb


@pytest.fixture(scope="module")
def five(tmp_path_factory):
    """A cache of five utterances, "0" to "4", of 2, 15, 27, 49, 124 frames."""
    folder = tmp_path_factory.mktemp("five")
    utterances = []
    for number, samples in enumerate([1000, 5000, 9000, 16000, 40000]):
        noise = np.random.default_rng(number).normal(0, 0.1, samples)
        soundfile.write(folder / f"{number}.wav", noise, 16000)
        utterances.append(
            Utterance(
                ID=str(number),
                duration=samples / 16000,
                wav=f"{number}.wav",
                spk_id="s",
            )
        )
    write_manifest(folder, {"pool": utterances}, {"fingerprint": "0"})
    sources = [Source(str(folder / "pool.csv"), str(folder))]
    small = 20 * 2 * 3 * 16 / 2**20  # 20 frames of 3 layers of 16, of float16
    model = save_tiny("wav2vec2", folder / "model", num_hidden_layers=2)
    front_end = SSLFrontEnd(model, save_path="unused")
    cache_features(sources, folder / "cache", front_end, shard_megabytes=small)
    return FeatureCache(folder / "cache")


def frame_crop(seconds, epoch=0):
    """A crop that no cache has told its hop yet."""
    crop = RandomCrop(seconds, sample_rate=16000, seed=3)
    crop.set_epoch(epoch)
    return crop


@given(
    utterance_id=st.sampled_from("01234"),
    frames=st.integers(1, 140),
    epoch=st.integers(0, 3),
    view=st.integers(1, 2),
)
def test_a_crop_is_a_segment_of_the_repeated_features(
    five, utterance_id, frames, epoch, view
):
    crop = frame_crop(frames / 50, epoch)
    row_id = f"{utterance_id}#{view}"
    found = feature_pipeline(five, crop)(utterance_id, row_id)
    whole = five.read(utterance_id)
    assert torch.equal(found, crop(whole, row_id))
    assert found.shape == (frames, 48)
    # Goes on and round from where its first frame is found in the whole
    (first,) = (whole == found[0]).all(dim=1).nonzero()[0].tolist()
    rows = (first + torch.arange(frames)) % len(whole)
    assert torch.equal(found, whole[rows])


@given(seconds=st.floats(0.1, 20).map(lambda x: round(x, 2)))
def test_a_crop_has_the_frames_of_its_seconds(seconds):
    crop = frame_crop(seconds)
    crop.hop = 320
    off = crop.length * 320 - seconds * 16000
    assert abs(off) <= 160 + 1  # half a frame, and a sample


def test_crops_of_features_change_with_the_epoch(five):
    whole = five.read("4")
    firsts = set()
    for epoch in range(40):
        found = feature_pipeline(five, frame_crop(0.5, epoch))("4", "4")
        firsts.add((whole == found[0]).all(dim=1).nonzero().item())
    assert len(firsts) > 20 and max(firsts) <= 124 - 25


def test_two_rows_of_one_utterance_are_cropped_differently(five):
    read = feature_pipeline(five, frame_crop(0.5))
    crops = [read("4", f"4#{view}") for view in range(1, 9)]
    assert len({crop.numpy().tobytes() for crop in crops}) > 5
    assert torch.equal(crops[0], read("4", "4#1"))


def test_without_a_crop_utterances_stay_whole(five):
    read = feature_pipeline(five)
    lengths = [len(read(str(number), "row")) for number in range(5)]
    assert lengths == [2, 15, 27, 49, 124]


@pytest.mark.parametrize("start", multiprocessing.get_all_start_methods())
def test_loader_workers_read_the_same(five, start):
    dataset = sb.dataio.dataset.DynamicItemDataset(
        {str(number): {"utterance_id": str(number)} for number in range(5)},
        dynamic_items=[feature_pipeline(five, frame_crop(0.5))],
        output_keys=["id", "sig"],
    )
    batches = [
        list(
            DataLoader(
                dataset,
                batch_size=2,
                num_workers=workers,
                multiprocessing_context=start if workers else None,
                collate_fn=sb.dataio.batch.PaddedBatch,
            )
        )
        for workers in (0, 2)
    ]
    for one, other in zip(*batches, strict=True):
        assert one.id == other.id
        assert torch.equal(one.sig.data, other.sig.data)
        assert one.sig.data.shape == (len(one.id), 25, 48)
    assert len(batches[0]) == 3


def test_a_cache_travels_without_its_features(five):
    features = [five.read(str(number)) for number in range(5)]
    packed = pickle.dumps(five)
    assert len(packed) < features[4].numel()
    copy = pickle.loads(packed)
    for number, expected in enumerate(features):
        assert torch.equal(copy.read(str(number)), expected)


def test_missing_features_are_named(five, tmp_path):
    with pytest.raises(FeatureCacheError, match="other has no features in"):
        five.read("other")
    with pytest.raises(FeatureCacheError, match="compute them first"):
        FeatureCache(tmp_path)


@pytest.mark.parametrize("crop", [None, 0.3])
@pytest.mark.parametrize("workers", [0, 1])
def test_a_batch_read_at_once_is_that_of_its_rows(five, crop, workers):
    table = pandas.DataFrame(
        {
            "ID": [f"r{n}" for n in range(10)],
            "utterance_id": [str(n % 5) for n in range(10)],
            "duration": [0.1 * (n % 5) for n in range(10)],
            "spk_id": [f"s{n % 3}" for n in range(10)],
            "speaker": [n % 3 for n in range(10)],
        }
    )
    keys = ["id", "sig", "spk_id", "speaker"]
    item = feature_pipeline(five, crop and frame_crop(crop, epoch=2))
    dataset = ColumnarDataset(table, [item], keys)
    expected = DataLoader(dataset, 4, collate_fn=sb.dataio.batch.PaddedBatch)
    loader = DataLoader(
        Batches(dataset), 4, collate_fn=as_it_is, num_workers=workers
    )
    for one, other in zip(loader, expected, strict=True):
        assert isinstance(one, Batch) and len(one) == len(other)
        one, other = one.to(dtype=torch.float64), other.to(dtype=torch.float64)
        assert torch.equal(one.sig.data, other.sig.data)
        assert torch.equal(one.sig.lengths, other.sig.lengths)
        assert one.sig.data.dtype == torch.float64
        assert (one.id, one.spk_id) == (other.id, other.spk_id)
        assert torch.equal(one.speaker, other.speaker)


def test_rows_are_evaluated_by_length_and_told_by_id(five):
    durations = [0.3, 0.1, 0.2, 0.1]
    table = pandas.DataFrame({"ID": list("abcd"), "duration": durations})
    assert ColumnarDataset(table).by_length(range(4)) == [1, 3, 2, 0]
    assert ColumnarDataset(table[["ID"]]).by_length(range(4)) == [0, 1, 2, 3]
