"""The cache of features: exact and complete."""

import numpy as np
import pytest
import soundfile
import torch
from data_prep.manifests.manifest import read_manifests
from emoclust_lobes.audio.reading import RandomCrop, read_utterance
from emoclust_lobes.features.extraction import cache_features, signal_pipeline
from emoclust_lobes.features.reading import FeatureCache, FeatureCacheError
from recorded_front_end import cached

FRAME_BYTES = 2 * 3 * 16  # of float16, for three layers of 16


def test_cached_features_are_those_of_the_utterance_alone(
    noise_pool, tmp_path, front_end
):
    sources = noise_pool([16000, 12000, 16000, 12001, 30000, 5000])
    cache = cached(sources, tmp_path / "cache", front_end(layers=[0, 2]))
    model = front_end(layers=[0, 2])
    for row in read_manifests(sources).itertuples():
        alone = model(read_utterance(row.wav)[None])[0]
        found = cache.read(row.ID)
        assert found.dtype == torch.float32
        assert cache.frames(row.ID) == len(alone)
        torch.testing.assert_close(found, alone, atol=1e-3, rtol=1e-3)
    assert cache.identity == model.identity
    assert (cache.n_layers, cache.size, cache.hop) == (2, 16, 320)


def test_a_segment_is_a_segment_of_the_whole(noise_pool, tmp_path, front_end):
    sources = noise_pool([16000, 20000])
    cache = cached(sources, tmp_path / "cache", front_end())
    whole = cache.read("pool1")
    assert torch.equal(cache.read("pool1", 5, 7), whole[5:12])
    assert torch.equal(cache.read("pool1", 60), whole[60:])
    assert torch.equal(cache.read("pool1", 0, 0), whole[:0])
    for first, count in [(-1, 2), (0, 63), (63, 1), (5, -2)]:
        with pytest.raises(IndexError, match="pool1 has 62 frames"):
            cache.read("pool1", first, count)
    cache.read("pool1", 5, 7).zero_()
    assert torch.equal(cache.read("pool1"), whole)


def test_nothing_is_cached_of_a_front_end_that_trains(
    noise_pool, tmp_path, front_end
):
    sources, folder = noise_pool([8000]), tmp_path / "cache"
    model = front_end(trainable_layers=1)
    cache_features(sources, folder, model)
    assert not folder.exists() and model.batches == []
    (row,) = read_manifests(sources).itertuples()
    crop = RandomCrop(seconds=0.1, sample_rate=16000, seed=3)
    waveform = read_utterance(row.wav)
    where = (row.wav, row.start, row.stop, row.ID)
    for each, expected in [(None, waveform), (crop, crop(waveform, row.ID))]:
        read = signal_pipeline(16000, model, folder, each)
        assert torch.equal(read(*where), expected)


def test_pooled_frames_are_cached_with_their_hop(
    noise_pool, tmp_path, front_end
):
    sources, folder = noise_pool([16000]), tmp_path / "cache"
    model = front_end(pooled_frames=4)
    cache = cached(sources, folder, model)
    whole = cached(sources, tmp_path / "whole", front_end()).read("pool0")
    assert (cache.hop, cache.frames("pool0")) == (4 * 320, 49 // 4)
    expected = whole[:48].reshape(12, 4, -1).mean(dim=1)
    torch.testing.assert_close(
        cache.read("pool0"), expected, atol=1e-3, rtol=1e-3
    )
    crop = RandomCrop(seconds=0.4, sample_rate=16000, seed=3)
    read = signal_pipeline(16000, model, folder, crop)
    assert read("pool0", "pool0").shape == (5, 48)
    with pytest.raises(FeatureCacheError, match="another feature_folder"):
        cache_features(sources, folder, front_end())


def test_shards_have_about_the_wanted_size(noise_pool, tmp_path, front_end):
    # 24 frames each: two of them are as large as a shard
    sources = noise_pool([8000] * 7)
    size = 2 * 24 * FRAME_BYTES / 2**20
    cache = cached(
        sources, tmp_path / "cache", front_end(), shard_megabytes=size
    )
    shards = sorted((tmp_path / "cache").glob("*.npy"))
    arrays = [np.load(path) for path in shards]
    assert [array.shape for array in arrays] == [(48, 48)] * 3 + [(24, 48)]
    assert {array.dtype for array in arrays} == {np.dtype("float16")}
    whole = cached(sources, tmp_path / "whole", front_end())
    for number in range(7):
        assert torch.equal(
            cache.read(f"pool{number}"), whole.read(f"pool{number}")
        )


def test_all_unusable_files_are_named_after_the_rest_was_saved(
    noise_pool, tmp_path, front_end, write_noise
):
    sources = noise_pool([8000, 9000, 10000, 399, 8000])
    audio = tmp_path / "pool/audio"
    (audio / "0.wav").unlink()
    (audio / "1.wav").write_text("version https://git-lfs.github.com/spec/v1")
    soundfile.write(audio / "4.wav", np.full(8000, np.nan), 16000, "FLOAT")
    with pytest.raises(FeatureCacheError) as error:
        cache_features(sources, tmp_path / "cache", front_end())
    message = str(error.value)
    assert message.startswith("4 utterances have no features")
    for reason in (
        "0.wav: No such file",
        "1.wav: ",
        "3.wav: ",
        "found 399",
        "4.wav: its features are not finite",
    ):
        assert reason in message
    assert "2.wav" not in message
    assert FeatureCache(tmp_path / "cache").frames("pool2") == 31


def test_features_that_do_not_fit_float16_are_refused(
    noise_pool, tmp_path, front_end, louder
):
    huge = front_end(louder(1e7))
    with pytest.raises(FeatureCacheError, match="too much for float16"):
        cache_features(noise_pool([8000]), tmp_path / "cache", huge)


def test_a_rate_that_is_not_the_front_ends_is_refused(
    noise_pool, tmp_path, front_end
):
    sources, folder = noise_pool([8000]), tmp_path / "cache"
    with pytest.raises(FeatureCacheError, match="16000 Hz, found .* 8000"):
        cache_features(sources, folder, front_end(), sample_rate=8000)
