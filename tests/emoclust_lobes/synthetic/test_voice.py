"""The synthetic voice: is it what its speaker and its emotion ask for?"""

from unittest import mock

import numpy as np
import pytest
import scipy.signal
from emoclust_lobes.synthetic import voice
from emoclust_lobes.synthetic.voice import EMOTIONS, Channel, generator, speak
from voice_oracles import level_db, pitch_track, treble_db

WOMAN = voice.make_speaker("woman", "F", seed=1)
MAN = voice.make_speaker("man", "M", seed=1)
BY_AROUSAL = ("sad", "neu", "ang")
both = pytest.mark.parametrize("speaker", [WOMAN, MAN], ids=["woman", "man"])


def say(speaker, emotion="neu", take=1, **kwargs):
    """Speak as strongly as all do on average, samples in [-1, 1]."""
    how = {"strength": 1 / speaker.expressiveness, **kwargs}
    # Without what varies between an emotion's utterances
    with mock.patch.object(voice, "DEVIATION", np.zeros(7)):
        audio = speak(speaker, emotion, f"{take}", generator(take), **how)
    return audio / 2**15


@both
@pytest.mark.parametrize("emotion", sorted(EMOTIONS))
def test_pitch_and_level_are_what_is_asked_for(speaker, emotion):
    takes = [say(speaker, emotion, i) for i in range(3)]
    measured = np.median(np.concatenate([pitch_track(x) for x in takes]))
    pitch, level = EMOTIONS[emotion][[0, 4]]
    asked = speaker.pitch_hz * 2 ** (pitch / 12)
    assert abs(12 * np.log2(measured / asked)) < 1.5
    levels = [level_db(audio) for audio in takes]
    assert levels == pytest.approx([speaker.level_dbfs + level] * 3, abs=0.05)


@both
def test_anger_is_brighter_and_faster_than_rest_than_sadness(speaker):
    takes = [[say(speaker, x, i) for i in range(4)] for x in BY_AROUSAL]
    for measure in (treble_db, lambda audio: -len(audio)):
        means = [np.mean([*map(measure, audios)]) for audios in takes]
        assert means == sorted(means)


def test_surprise_rises_in_the_end():
    def climb(emotion, take):
        track = pitch_track(say(WOMAN, emotion, take))
        ends = np.array_split(track, 8)
        return 12 * np.log2(np.median(ends[-1]) / np.median(ends[0]))

    for take in range(3):
        assert climb("sur", take) > climb("neu", take) + 4


def test_channels_change_level_treble_and_noise():
    plain, far = say(MAN), say(MAN, channel=Channel(-6.0))
    assert level_db(far) == pytest.approx(level_db(plain) - 6, abs=0.1)
    assert treble_db(say(MAN, channel=Channel(0, 0.3))) < treble_db(plain)
    noisy = say(MAN, channel=Channel(0, 0, -50.0))
    assert level_db(noisy[:1000]) == pytest.approx(-50, abs=0.5)


def test_another_sample_rate_is_the_same_voice():
    low, high = say(WOMAN, "hap"), say(WOMAN, "hap", sample_rate=48000)
    assert len(high) == pytest.approx(3 * len(low), abs=30)
    again = pitch_track(scipy.signal.resample_poly(high, 1, 3))
    assert np.median(again) == pytest.approx(np.median(pitch_track(low)), 0.02)


def test_sentences_and_takes_differ_in_length():
    sentences = {len(speak(MAN, "neu", x, generator(1))) for x in "ABCD"}
    takes = {len(speak(MAN, "neu", "A", generator(x))) for x in range(4)}
    assert len(sentences) == len(takes) == 4


@pytest.mark.parametrize("seed", range(12))
def test_every_voice_is_audible_and_not_clipped(seed):
    rng = generator(seed)
    speaker = voice.make_speaker("any", rng.choice(["F", "M"]), seed)
    emotion = rng.choice(sorted(EMOTIONS))
    audio = speak(speaker, emotion, f"{seed}", rng, strength=rng.uniform(0, 2))
    assert audio.dtype == np.int16 and 0.8 < len(audio) / 16000 < 6
    assert 100 < np.abs(audio.astype(int)).max() < 32767
    quarters = np.array_split(audio / 32768, 4)
    assert min(level_db(quarter) for quarter in quarters) > -80
