"""The cache of features: exact, complete, resumable, never stale."""

import pickle
import shutil

import numpy as np
import pytest
import soundfile
import torch
from data_prep.manifest import Source, Utterance, read_manifests, write_manifest
from emoclust_lobes.audio import RandomCrop, read_utterance
from emoclust_lobes.feature_cache import (
    FeatureCache,
    FeatureCacheError,
    cache_features,
    feature_pipeline,
    signal_pipeline,
)
from emoclust_lobes.front_end_models import FrontEndError
from emoclust_lobes.front_ends import SSLFrontEnd
from hypothesis import (
    given,
    settings,
    strategies as st,
)
from torch.utils.data import DataLoader

import speechbrain as sb

transformers = pytest.importorskip("transformers")

FRAME_BYTES = 2 * 3 * 16  # of float16, for three layers of 16


@pytest.fixture(scope="session")
def ssl_folder(tmp_path_factory):
    """Function that leaves a small random model with larger activations."""

    def make(scale=1.0):
        torch.manual_seed(0)
        config = transformers.Wav2Vec2Config(
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            conv_dim=(8,) * 7,
            num_conv_pos_embeddings=16,
            num_conv_pos_embedding_groups=2,
            do_stable_layer_norm=True,
            feat_extract_norm="layer",
        )
        model = transformers.Wav2Vec2Model(config)
        model.feature_projection.projection.weight.data.mul_(scale)
        folder = tmp_path_factory.mktemp("ssl")
        model.save_pretrained(folder)
        transformers.Wav2Vec2FeatureExtractor().save_pretrained(folder)
        return folder

    return make


@pytest.fixture(scope="session")
def model(ssl_folder):
    """The folder of a front end."""
    return ssl_folder()


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
    noise_pool, tmp_path, front_end, ssl_folder
):
    sources, folder = noise_pool([8000]), tmp_path / "cache"
    before = cached(sources, folder, front_end(layers=[1])).read("pool0")
    others = [front_end(layers=[2]), front_end(ssl_folder(2.0), layers=[1])]
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
    noise_pool, tmp_path, front_end, ssl_folder
):
    huge = front_end(ssl_folder(scale=1e7))
    with pytest.raises(FeatureCacheError, match="too much for float16"):
        cache_features(noise_pool([8000]), tmp_path / "cache", huge)


def test_a_rate_that_is_not_the_front_ends_is_refused(
    noise_pool, tmp_path, front_end
):
    sources, folder = noise_pool([8000]), tmp_path / "cache"
    with pytest.raises(FeatureCacheError, match="16000 Hz, found .* 8000"):
        cache_features(sources, folder, front_end(), sample_rate=8000)


@pytest.fixture(scope="module")
def five(tmp_path_factory, model):
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
    small = 20 * FRAME_BYTES / 2**20
    front_end = SSLFrontEnd(model, save_path="unused")
    cache_features(sources, folder / "cache", front_end, shard_megabytes=small)
    return FeatureCache(folder / "cache")


def frame_crop(seconds, epoch=0):
    """A crop that no cache has told its hop yet."""
    crop = RandomCrop(seconds, sample_rate=16000, seed=3)
    crop.set_epoch(epoch)
    return crop


@settings(max_examples=60, deadline=None)
@given(
    utterance_id=st.sampled_from("01234"),
    frames=st.integers(1, 140),
    epoch=st.integers(0, 3),
    view=st.integers(1, 2),
)
def test_a_crop_is_a_stretch_of_the_repeated_features(
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


def test_a_crop_is_told_what_a_frame_is(five):
    crop = RandomCrop(seconds=0.5, sample_rate=16000, seed=3)
    assert crop.length == 8000
    feature_pipeline(five, crop)
    assert (crop.hop, crop.length) == (320, 25)


def test_loader_workers_read_the_same(five):
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
