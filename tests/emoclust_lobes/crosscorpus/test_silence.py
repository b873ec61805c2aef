"""The ends of speech: against what was put into a file."""

import numpy as np
import pytest
import soundfile
from emoclust_lobes.crosscorpus.silence import speech_ends

RATE = 16000


def save(path, before, after, noise=1e-4, channels=1):
    """Two seconds of a tone, and noise for so many frames around it."""
    random = np.random.default_rng(0)
    tone = 0.5 * np.sin(np.arange(2 * RATE))
    parts = [np.zeros(320 * before), tone, np.zeros(320 * after)]
    audio = np.concatenate(parts)
    audio += noise * random.normal(size=len(audio))
    soundfile.write(path, np.stack([audio] * channels, axis=1), RATE)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("before", "after"), [(0, 0), (25, 0), (7, 31)])
def test_speech_is_found_between_silences(tmp_path, before, after, channels):
    path = tmp_path / "a.wav"
    save(path, before, after, channels=channels)
    first, end = speech_ends(path, None, None, 35)
    assert (first, end) == (320 * before, 320 * before + 2 * RATE)
    # So loud a noise is none to cut off
    save(path, before, after, noise=0.1)
    whole = speech_ends(path, None, None, 35)
    assert whole == (0, 2 * RATE + 320 * (before + after))


def test_a_part_of_a_file_is_cut_inside(tmp_path):
    path = tmp_path / "a.wav"
    save(path, 50, 50)
    assert speech_ends(path, 3200, 20000, 35) == (16000, 20000)
    assert speech_ends(path, 16000 + 320, 20000, 35) == (16320, 20000)


def test_without_any_sound_nothing_is_cut(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(1000), RATE)
    assert speech_ends(path, None, None, 35) == (0, 1000)
    assert speech_ends(path, 100, 900, 35) == (100, 900)
