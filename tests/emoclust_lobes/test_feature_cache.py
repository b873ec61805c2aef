"""The cache of features: exact, complete, resumable, never stale."""

import shutil

import numpy as np
import pytest
import soundfile
import torch
from data_prep.manifest import Utterance, read_manifests
from emoclust_lobes.audio import RandomCrop, read_utterance
from emoclust_lobes.feature_cache import cache_features, signal_pipeline
from emoclust_lobes.feature_reader import FeatureCache, FeatureCacheError
from emoclust_lobes.front_end_models import FrontEndError
from emoclust_lobes.front_ends import SSLFrontEnd
from tiny_models import LARGE, save_tiny

FRAME_BYTES = 2 * 3 * 16  # of float16, for three layers of 16


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """The folder of a front end."""
    folder = tmp_path_factory.mktemp("ssl")
    return save_tiny("wav2vec2", folder, num_hidden_layers=2, **LARGE)


@pytest.fixture
def louder(model, tmp_path):
    """Function that leaves a front end with larger activations."""
    transformers = pytest.importorskip("transformers")

    def make(scale):
        folder = tmp_path / f"louder_{scale:g}"
        shutil.copytree(model, folder)
        network = transformers.AutoModel.from_pretrained(folder)
        network.feature_projection.projection.weight.data.mul_(scale)
        network.save_pretrained(folder)
        return folder

    return make


@pytest.fixture
def front_end(model):
    """Function that makes a front end that nothing has been asked of yet."""

    def make(source=model, **options):
        options = {"save_path": "unused", **options}
        return Recorder(source, **options)

    return make


class Recorder(SSLFrontEnd):
    """A front end that remembers its batches, and breaks when it is told."""

    break_after = None

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.batches = []

    def forward(self, wavs, wav_lens=None):
        if len(self.batches) == self.break_after:
            raise KeyboardInterrupt
        self.batches.append(tuple(wavs.shape))
        return super().forward(wavs, wav_lens)


def cached(sources, folder, front_end, **options):
    """Fill a folder with the features of some sources."""
    cache_features(sources, folder, front_end, **options)
    return FeatureCache(folder)


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


def test_a_stretch_is_a_stretch_of_the_whole(noise_pool, tmp_path, front_end):
    sources = noise_pool([16000, 20000])
    cache = cached(sources, tmp_path / "cache", front_end())
    whole = cache.read("pool1")
    assert torch.equal(cache.read("pool1", 5, 7), whole[5:12])
    assert torch.equal(cache.read("pool1", 60), whole[60:])
    assert torch.equal(cache.read("pool1", 0, 0), whole[:0])
    for first, count in [(-1, 2), (0, 63), (63, 1), (5, -2)]:
        with pytest.raises(IndexError, match="pool1 has 62 frames"):
            cache.read("pool1", first, count)
    stretch = cache.read("pool1", 5, 7)
    stretch.zero_()
    assert torch.equal(cache.read("pool1"), whole)


def test_batches_hold_one_exact_length(noise_pool, tmp_path, front_end):
    model = front_end()
    sources = noise_pool([8000] * 5 + [8001] + [50000])
    cache_features(sources, tmp_path / "cache", model, max_batch_seconds=1.6)
    assert model.batches == [(3, 8000), (2, 8000), (1, 8001), (1, 50000)]


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
    noise_pool, tmp_path, front_end, model
):
    folder, source = tmp_path / "cache", tmp_path / "model"
    shutil.copytree(model, source)
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


def test_another_stretch_of_a_file_is_computed_anew(
    tmp_path, write_pool, front_end, write_noise
):
    write_noise(tmp_path / "long.wav", 40000)

    def pool(start, stop):
        utterance = Utterance(
            ID="u",
            duration=(stop - start) / 16000,
            wav="long.wav",
            start=start,
            stop=stop,
            spk_id="s",
        )
        return write_pool([utterance])

    cache_features(pool(0, 16000), tmp_path / "cache", front_end())
    model = front_end()
    cache_features(pool(0, 16000), tmp_path / "cache", model)
    assert model.batches == []
    cache = cached(pool(8000, 32000), tmp_path / "cache", model)
    assert model.batches == [(1, 24000)]
    assert cache.frames("u") == (24000 - 400) // 320 + 1


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
    noise_pool, tmp_path, front_end, model
):
    def hub(revision, place):
        """A downloaded model, as the hub's library keeps it."""
        repository = tmp_path / place / "models--somebody--model"
        snapshot = repository / "snapshots" / revision
        shutil.copytree(model, snapshot)
        (repository / "refs").mkdir()
        (repository / "refs/main").write_text(revision)
        front = front_end("somebody/model", save_path=tmp_path / place)
        return front, snapshot

    folder, sources = tmp_path / "cache", noise_pool([8000], name="a")
    cache = cached(sources, folder, hub("old", "first")[0])
    assert cache.identity["revision"] == "old"
    # Features may come without the weights: all is there, nobody needs them.
    late, snapshot = hub("old", "second")
    (snapshot / "model.safetensors").unlink()
    cache_features(sources, folder, late)
    with pytest.raises(FeatureCacheError, match="'revision': 'new'"):
        cache_features(sources, folder, hub("new", "third")[0])


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
