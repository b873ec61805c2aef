"""Cached views: of training speech only, each epoch one of them."""

import numpy as np
import pytest
import torch
from data_prep.manifests.manifest import Source
from data_prep.pools.sources import Sources
from emoclust_lobes.audio.augmentation import WaveformAugmentation
from emoclust_lobes.audio.reading import RandomCrop
from emoclust_lobes.encoders.front_ends import SSLFrontEnd
from emoclust_lobes.features.extraction import cache_features, signal_pipeline
from emoclust_lobes.features.reading import FeatureCache
from emoclust_lobes.synthetic.models import save_tiny
from emoclust_lobes.synthetic.noise import make_noise


@pytest.fixture
def cached(tmp_path):
    """A front end, where its features are, the augmentation of a corpus."""
    ((csv, root),) = make_noise(tmp_path, [9000, 12000])
    text = open(csv, encoding="utf-8").read()
    for split, name in (("train", "pool"), ("test", "heard")):
        (tmp_path / f"{split}.csv").write_text(
            text.replace("pool0", name + "0")
        )
    sources = [
        Source(str(tmp_path / f"{x}.csv"), root) for x in ("train", "test")
    ]
    model = save_tiny("wavlm", tmp_path / "model")
    front_end = SSLFrontEnd(model, save_path=model, layers=[1])
    channels = WaveformAugmentation(
        "telephone", "heavy", 2, None, 16000, Sources([], root, tmp_path)
    )
    folder = tmp_path / "features"
    cache_features(sources, folder, front_end, channels=channels)
    return front_end, folder, channels


def test_only_what_is_trained_on_has_views(cached):
    _, folder, channels = cached
    (place,) = (folder / "views").iterdir()
    assert place.name == channels.name
    plain = FeatureCache(folder)
    assert len(plain.read("heard0")) == 27
    for view in ("1", "2"):
        cache = FeatureCache(place / view)
        assert not torch.equal(cache.read("pool0"), plain.read("pool0"))
        assert cache.read("pool0").shape == plain.read("pool0").shape
        with pytest.raises(ValueError, match="heard0 has no features"):
            cache.read("heard0")


def test_epochs_draw_views_and_whole_utterances_are_clean(cached):
    front_end, folder, channels = cached
    crop = RandomCrop(seconds=0.3, sample_rate=16000, seed=5)
    read = signal_pipeline(16000, front_end, folder, crop, channels)
    (place,) = (folder / "views").iterdir()
    caches = [FeatureCache(x) for x in (folder, place / "1", place / "2")]
    drawn = []
    for epoch in range(60):
        crop.set_epoch(epoch)
        found = read("pool0", "pool0")
        assert torch.equal(found, read("pool0", "pool0"))
        first = crop.first(len(caches[0].read("pool0")), "pool0")
        wholes = [x.read("pool0")[first : first + len(found)] for x in caches]
        drawn.append([torch.equal(found, x) for x in wholes].index(True))
    assert min(np.bincount(drawn, minlength=3)) >= 8
    whole = signal_pipeline(16000, front_end, folder, None, channels)
    assert torch.equal(whole("pool0", "pool0"), caches[0].read("pool0"))
