"""Augmentation of training speech: repeatable, limited, of training speakers."""

import pickle

import numpy as np
import pytest
import soundfile
import torch
from data_prep.errors import EmoclustError
from data_prep.pools.sources import Sources
from emoclust_lobes.audio.augmentation import (
    KINDS,
    STRENGTHS,
    WaveformAugmentation,
)
from emoclust_lobes.audio.reading import RandomCrop, audio_pipeline
from emoclust_lobes.synthetic.noise import make_noise

RATE = 16000
DOES = [x for x in KINDS if x != "none"]


@pytest.fixture
def sources(tmp_path):
    """Sources with a split ``train`` of noise."""
    (csv, root), *_ = make_noise(tmp_path, [9000, 12000, 16000])
    with open(csv, encoding="utf-8") as stream:
        (tmp_path / "train.csv").write_text(stream.read(), encoding="utf-8")
    return Sources(["own"], root, tmp_path)


@pytest.fixture
def make(sources):
    """Function that makes an augmentation."""

    def make(kind, strength="medium", noise_folder=None):
        return WaveformAugmentation(
            kind, strength, 3, noise_folder, RATE, sources
        )

    return make


@pytest.fixture
def speech():
    generator = torch.Generator().manual_seed(1)
    return 0.1 * torch.randn(16000, generator=generator)


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("kind", DOES)
def test_the_key_alone_decides(make, speech, kind, strength):
    first, again = make(kind, strength), make(kind, strength)
    torch.manual_seed(1)
    np.random.seed(1)
    states = torch.get_rng_state(), np.random.get_state()[1].copy()
    heard = [first(speech, f"{x}") for x in range(12)]
    # Nothing that others draw from was touched, nor does it matter
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (np.random.get_state()[1] == states[1]).all()
    torch.manual_seed(2)
    others = pickle.loads(pickle.dumps(again))  # as a loader worker has it
    for number in reversed(range(12)):
        assert torch.equal(others(speech, f"{number}"), heard[number])
    assert len({x.sum().item() for x in heard}) > 3
    for each in heard:
        assert each.isfinite().all() and each.abs().max() <= 1
        assert kind == "speed" or each.shape == speech.shape


def test_as_many_stay_clean_as_the_strength_says(make, speech):
    augment = make("far", "light")
    clean = [torch.equal(augment(speech, f"{x}"), speech) for x in range(200)]
    assert 0.35 < np.mean(clean) < 0.65
    never = [
        torch.equal(augment(speech, f"{x}", always=True), speech)
        for x in range(20)
    ]
    assert not any(never)


def test_none_is_nothing(make):
    augment = make("none")
    assert not augment
    assert augment.views == 0


def test_noise_may_be_recorded(make, speech, tmp_path):
    folder = tmp_path / "noise" / "below"
    folder.mkdir(parents=True)
    tone = np.sin(2 * np.pi * 1000 * np.arange(48000) / 48000)
    soundfile.write(folder / "hum.wav", 0.5 * tone, 48000)
    augment = make("noisy", noise_folder=str(tmp_path / "noise"))
    shares = []
    for number in range(30):
        heard = augment(0 * speech + 1e-4 * speech, f"{number}", always=True)
        power = torch.fft.rfft(heard).abs().square()
        shares.append(float(power[990:1011].sum() / power.sum()))
    assert max(shares) > 0.15  # some have the hum
    assert min(shares) < 0.05  # and some babble


def test_the_name_tells_views_of_other_training_speakers_apart(
    make, sources, tmp_path
):
    before = make("noisy").name, make("telephone").name
    path = tmp_path / "train.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    assert make("noisy").name != before[0]
    assert make("telephone").name == before[1]  # which none of them is in
    assert make("noisy", "heavy").name != make("noisy").name


@pytest.mark.parametrize(
    "change, told",
    [
        ({"kind": "phone"}, "augment_waveform must be one of none, telephone"),
        ({"strength": "hard"}, "augment_strength must be one of light"),
        ({"noise_folder": "nowhere"}, "there is no audio in nowhere"),
    ],
)
def test_bad_options_are_refused(make, change, told):
    with pytest.raises(EmoclustError, match=told):
        make(**{"kind": "noisy", **change})


def test_epochs_and_utterances_are_heard_through_other_channels(
    make, sources, tmp_path
):
    crop = RandomCrop(seconds=0.25, sample_rate=RATE, seed=1)
    item = audio_pipeline(RATE, crop, make("telephone", "heavy"))
    wav = str(next(tmp_path.rglob("*.wav")))
    heard = {}
    for epoch in (1, 2, 1):
        crop.set_epoch(epoch)
        for name in ("a", "b"):
            found = item(wav, "", "", name)
            assert found.shape == (4000,)
            known = heard.setdefault((epoch, name), found)
            assert torch.equal(known, found)
    assert len({x.sum().item() for x in heard.values()}) == 4
    whole = audio_pipeline(RATE, None, make("telephone", "heavy"))
    plain = audio_pipeline(RATE)
    # What is not cropped is not trained on
    assert torch.equal(whole(wav, "", "", "a"), plain(wav, "", "", "a"))
