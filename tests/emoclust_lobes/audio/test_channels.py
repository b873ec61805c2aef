"""Channels against what is known of them."""

import pathlib
import sys

import numpy as np
import pytest
import scipy.signal
import torch
from emoclust_lobes.audio import channels
from emoclust_lobes.audio.rooms import room_response

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from voice_oracles import pitch_track  # noqa: E402

RATE = 16000
CODECS = sorted(channels.CODECS)


@pytest.fixture(scope="module")
def speech():
    rng = np.random.default_rng(3)
    audio = make_speech(rng)
    return torch.from_numpy(audio.astype(np.float32))


def make_speech(rng):
    """Sing one vowel at 150 Hz, in syllables, after half a second of rest."""
    time = np.arange(2 * RATE) / RATE
    pulses = np.zeros(len(time))
    pulses[:: RATE // 150] = 1
    audio = pulses
    for formant, width in ((600, 90), (1200, 110), (2500, 160), (5200, 300)):
        radius = np.exp(-np.pi * width / RATE)
        angle = 2 * np.pi * formant / RATE
        audio = scipy.signal.lfilter(
            [1], [1, -2 * radius * np.cos(angle), radius**2], audio
        )
    audio *= 0.55 + 0.45 * np.sin(2 * np.pi * 4 * time)
    audio += 1e-3 * rng.standard_normal(len(time))
    audio = 0.3 * audio / np.abs(audio).max()
    return np.concatenate([np.zeros(RATE // 2), audio])


def lag(one, other):
    correlation = scipy.signal.correlate(other, one)
    return int(correlation.argmax()) - (len(one) - 1)


def level(waveform):
    return 10 * float(channels.speech_power(waveform).log10())


def share_above(waveform, frequency):
    f, power = scipy.signal.welch(waveform.numpy(), RATE, nperseg=1024)
    return power[f > frequency].sum() / power.sum()


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("samples", [0, 1, 7, 319])
def test_codecs_move_nothing(speech, codec, samples):
    speech = speech[: len(speech) - samples]
    heard = channels.through(speech, RATE, codec)
    assert heard.shape == speech.shape
    assert lag(speech.numpy(), heard.numpy()) == 0
    assert not torch.equal(heard, speech)


@pytest.mark.parametrize("codec", CODECS)
def test_codecs_keep_pitch_and_level(speech, codec):
    heard = channels.through(speech, RATE, codec)
    assert np.median(pitch_track(heard.numpy())) == pytest.approx(150, rel=0.02)
    assert level(heard) == pytest.approx(level(speech), abs=1.5)


@pytest.mark.parametrize("codec", ["mulaw", "gsm"])
def test_telephones_have_no_treble(codec):
    noise = 0.1 * torch.randn(RATE, generator=torch.Generator().manual_seed(1))
    assert share_above(noise, 4500) > 0.4
    assert share_above(channels.through(noise, RATE, codec), 4500) < 1e-3
    assert share_above(channels.narrowband(noise, RATE), 4500) < 1e-3


def test_mulaw_has_the_steps_of_g711():
    # Of a full-scale sine, G.711 keeps about 38 dB
    sine = torch.sin(2 * np.pi * 440 * torch.arange(RATE) / RATE)
    heard = channels.through(sine, RATE, "mulaw")[1000:-1000]
    noise = (heard - sine[1000:-1000]).square().mean()
    assert 33 < -10 * np.log10(float(noise) / 0.5) < 42


def test_codecs_limit_what_is_too_loud(speech):
    loud = 20 * speech
    for codec in CODECS:
        heard = channels.through(loud, RATE, codec)
        right = torch.corrcoef(torch.stack([heard, loud.clamp(-1, 1)]))[0, 1]
        assert right > 0.8, codec


@pytest.mark.parametrize("snr", [-5, 0, 10, 20])
def test_noise_has_the_ratio_that_was_asked_for(speech, snr):
    generator = torch.Generator().manual_seed(1)
    noise = channels.colored_noise(len(speech), 1, generator)
    added = channels.with_noise(speech, noise, snr) - speech
    # The rest before the speech is not taken for speech
    talking = speech[RATE // 2 :].square().mean()
    found = 10 * float((talking / added.square().mean()).log10())
    assert found == pytest.approx(snr, abs=1.0)


@pytest.mark.parametrize("alpha", [0, 1, 2])
def test_noise_has_its_color(alpha):
    generator = torch.Generator().manual_seed(1)
    noise = channels.colored_noise(2**18, alpha, generator)
    f, power = scipy.signal.welch(noise.numpy(), RATE, nperseg=2048)
    middle = (f > 200) & (f < 6000)
    slope, _ = np.polyfit(np.log(f[middle]), np.log(power[middle]), 1)
    assert slope == pytest.approx(-alpha, abs=0.1)


def test_silence_stays_silent():
    silence = torch.zeros(8000)
    noise = torch.randn(8000)
    assert not channels.with_noise(silence, noise, 0).any()
    assert torch.equal(channels.with_noise(noise, silence, 0), noise)
    assert not channels.in_room(silence, torch.ones(3)).any()


def test_babble_is_of_all_voices_alike():
    generator = torch.Generator().manual_seed(1)
    time = torch.arange(RATE) / RATE
    voices = [
        gain * torch.sin(2 * np.pi * frequency * time)
        for gain, frequency in ((1.0, 300), (0.01, 1000))
    ]
    found = channels.babble(voices, 3000, generator)
    f, power = scipy.signal.periodogram(found.numpy(), RATE)
    low, high = (power[abs(f - x) < 50].sum() for x in (300, 1000))
    assert low == pytest.approx(high, rel=0.1)


def test_levels_and_limits(speech):
    assert level(channels.amplified(speech, -20)) == pytest.approx(
        level(speech) - 20, abs=0.01
    )
    assert channels.amplified(speech, 40).abs().max() == 1
    cut = channels.clipped(speech, 0.25)
    assert cut.abs().max() == pytest.approx(0.25 * speech.abs().max())
    assert np.median(pitch_track(cut.numpy())) == pytest.approx(150, rel=0.02)


@pytest.mark.parametrize("percent", [80, 90, 110, 125])
def test_speed_moves_pitch_and_length(speech, percent):
    heard = channels.sped(speech, percent)
    assert len(heard) == pytest.approx(len(speech) * 100 / percent, abs=1)
    expected = 150 * percent / 100
    assert np.median(pitch_track(heard.numpy())) == pytest.approx(
        expected, rel=0.02
    )


def decay(response):
    """Fit a line to what is left of the energy, in dB, from -5 to -20."""
    left = np.cumsum(response.numpy()[::-1] ** 2)[::-1]
    decibels = 10 * np.log10(left / left[0])
    fitted = (decibels < -5) & (decibels > -20)
    slope, _ = np.polyfit(np.flatnonzero(fitted) / RATE, decibels[fitted], 1)
    return -60 / slope


@pytest.mark.parametrize("seconds", [0.25, 0.5, 1.0])
def test_rooms_reverberate_as_long_as_was_asked_for(seconds):
    size, talker, microphone = [6, 5, 3], [1, 1.2, 1.5], [4, 3.5, 1.1]
    response = room_response(size, talker, microphone, seconds, RATE)
    assert decay(response) == pytest.approx(seconds, rel=0.15)


def test_the_first_reflections_are_where_geometry_says():
    size, talker, microphone = [6, 5, 3], [1, 1.2, 1.5], [4, 3.5, 1.1]
    response = room_response(size, talker, microphone, 0.5, RATE)
    mirrored = [talker]
    for axis in range(3):
        for wall in (0, size[axis]):
            image = list(talker)
            image[axis] = 2 * wall - talker[axis]
            mirrored.append(image)
    ways = [np.linalg.norm(np.subtract(x, microphone)) for x in mirrored]
    places = np.round(np.array(ways) * RATE / 343).astype(int)
    first = response.nonzero().flatten()[0]
    assert first == places[0] == min(places)
    assert response[first] == pytest.approx(1 / (4 * np.pi * ways[0]), rel=1e-3)
    assert (response[places] > 0).all()
    # All bounce once: what is left differs by the ways alone
    lone = [p for p in places[1:] if (places == p).sum() == 1]
    strengths = [float(response[p]) * w for p, w in zip(places[1:], ways[1:])]
    assert len(lone) >= 4
    assert min(strengths) > 0.5 * max(strengths)


def test_rooms_keep_place_and_level_and_wrap_nothing_around(speech):
    response = room_response([6, 5, 3], [1, 1, 1], [3, 1, 1], 0.5, RATE)
    click = torch.zeros(9000)
    click[5000] = 1
    assert (
        channels.in_room(click, response).abs().gt(1e-5).int().argmax() == 5000
    )
    heard = channels.in_room(speech, response)
    assert heard.shape == speech.shape
    assert heard.square().mean() == pytest.approx(
        float(speech.square().mean()), rel=1e-4
    )
    # Half a second of rest stands before the speech, which ends at its loudest
    assert heard[: RATE // 2 - 10].abs().max() < 1e-5
    assert np.median(pitch_track(heard.numpy())) == pytest.approx(150, rel=0.03)
