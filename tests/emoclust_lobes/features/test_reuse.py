"""The cache of features: resumable, never stale, nothing computed twice."""

import shutil

import pytest
import torch
from emoclust_lobes.encoders.front_end_models import FrontEndError
from emoclust_lobes.features.extraction import cache_features, signal_pipeline
from emoclust_lobes.features.reading import FeatureCache, FeatureCacheError
from recorded_front_end import cached


def test_a_second_run_does_not_even_load_the_front_end(
    noise_pool, tmp_path, front_end
):
    sources = noise_pool([8000, 9000])
    cache_features(sources, tmp_path / "cache", front_end())
    before = {p: p.read_bytes() for p in (tmp_path / "cache").iterdir()}
    model = front_end()
    cache_features(sources, tmp_path / "cache", model)
    after = {p: p.read_bytes() for p in (tmp_path / "cache").iterdir()}
    assert before == after
    assert model.states is None


def test_current_features_do_not_need_the_weights(
    noise_pool, tmp_path, front_end, front_end_folder
):
    folder, source = tmp_path / "cache", tmp_path / "model"
    shutil.copytree(front_end_folder, source)
    old, new = noise_pool([8000], name="a"), noise_pool([9000], name="b")
    before = cached(old, folder, front_end(source)).read("a0")
    late = front_end(source)
    assert late.identity["sha256"]
    (source / "model.safetensors").unlink()
    cache_features(old, folder, late)
    read = signal_pipeline(16000, late, folder)
    assert torch.equal(read("a0", "a0"), before)
    with pytest.raises(FrontEndError, match="--ssl_hub=FOLDER"):
        cache_features([*old, *new], folder, late)


def test_only_new_and_changed_utterances_are_computed(
    noise_pool, tmp_path, front_end, write_noise
):
    folder = tmp_path / "cache"
    first = noise_pool([8000, 9000, 10000], name="a")
    second = noise_pool([7000], name="b")
    before = cached(first, folder, front_end())
    model = front_end()
    cache_features([*first, *second], folder, model)
    assert model.batches == [(1, 7000)]

    write_noise(tmp_path / "a/audio/1.wav", 9500)
    model = front_end()
    after = cached(first, folder, model)
    assert model.batches == [(1, 9500)]
    for name in ("a0", "a2"):
        assert torch.equal(before.read(name), after.read(name))
    assert after.frames("a1") == (9500 - 400) // 320 + 1
    assert after.frames("b0") == (7000 - 400) // 320 + 1
    # What was read before goes on reading what it knew.
    assert before.frames("a1") == (9000 - 400) // 320 + 1


def test_an_interrupted_run_is_continued_and_nothing_is_computed_twice(
    noise_pool, tmp_path, front_end
):
    sources = noise_pool(range(8000, 8010))
    model = front_end()
    model.break_after = 6
    with pytest.raises(KeyboardInterrupt):
        cache_features(sources, tmp_path / "cache", model)
    model = front_end()
    cache = cached(sources, tmp_path / "cache", model)
    assert len(model.batches) == 4
    whole = cached(sources, tmp_path / "whole", front_end())
    for number in range(10):
        assert torch.equal(
            cache.read(f"pool{number}"), whole.read(f"pool{number}")
        )


def test_what_a_kill_leaves_half_done_does_not_count(
    noise_pool, tmp_path, front_end
):
    """Killed before, in or after each of the two writes of a shard."""
    folder = tmp_path / "cache"
    sources = noise_pool([8000, 9000, 10000])
    cache_features(sources, folder, front_end(), shard_megabytes=0)
    shards = sorted(folder.glob("*.npy"))
    assert len(shards) == 3
    before = [FeatureCache(folder).read(f"pool{i}") for i in range(3)]
    # After the first write; in the second; and a shard somebody has removed
    shards[0].with_suffix(".csv").unlink()
    index = shards[1].with_suffix(".csv")
    index.rename(folder / f".{index.name}.1.tmp")
    shards[2].rename(folder / f".{shards[2].name}.1.tmp")
    with pytest.raises(FeatureCacheError, match="pool1 has no features"):
        FeatureCache(folder).read("pool1")
    model = front_end()
    cache = cached(sources, folder, model)
    assert [samples for _, samples in model.batches] == [8000, 9000, 10000]
    for number in range(3):
        assert torch.equal(cache.read(f"pool{number}"), before[number])


def test_another_front_end_does_not_mix_with_the_cache(
    noise_pool, tmp_path, front_end, louder
):
    sources, folder = noise_pool([8000]), tmp_path / "cache"
    before = cached(sources, folder, front_end(layers=[1])).read("pool0")
    others = [front_end(layers=[2]), front_end(louder(2.0), layers=[1])]
    for other in others:
        with pytest.raises(FeatureCacheError, match="another feature_folder"):
            cache_features(sources, folder, other)
        assert other.batches == []
    assert torch.equal(FeatureCache(folder).read("pool0"), before)


def test_a_new_revision_of_a_hubs_model_is_refused(
    noise_pool, tmp_path, front_end, front_end_folder
):
    def hub(revision, place):
        """A downloaded model, as the hub's library keeps it."""
        repository = tmp_path / place / "models--somebody--model"
        shutil.copytree(front_end_folder, repository / "snapshots" / revision)
        (repository / "refs").mkdir()
        (repository / "refs/main").write_text(revision)
        return front_end("somebody/model", save_path=tmp_path / place)

    folder, sources = tmp_path / "cache", noise_pool([8000], name="a")
    cache = cached(sources, folder, hub("old", "first"))
    assert cache.identity["revision"] == "old"
    with pytest.raises(FeatureCacheError, match="'revision': 'new'"):
        cache_features(sources, folder, hub("new", "second"))
