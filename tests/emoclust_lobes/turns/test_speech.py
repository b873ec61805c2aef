"""Where speech is found, and that a scream is not lost."""

import importlib.util

import numpy as np
import pytest
import torch
from emoclust_lobes.audio.reading import read_utterance
from emoclust_lobes.turns.speech import (
    RATE,
    SpeechFinder,
    TurnsError,
    noise_level,
)


def made_up(*parts, seed=1):
    """Noise of so many seconds at so many dB, one after the other."""
    rng = np.random.default_rng(seed)
    samples = [
        rng.normal(0, 10 ** (level / 20), round(seconds * RATE))
        for seconds, level in parts
    ]
    return torch.from_numpy(np.concatenate(samples)).float()


@pytest.mark.parametrize("level", [-60, -40, -20])
def test_what_is_louder_than_its_noise_is_found_at_any_level(level):
    quiet = level - 30
    wave = made_up((1, quiet), (1, level), (0.3, quiet), (1, level), (2, quiet))
    ((start, end),) = SpeechFinder("energy").find(wave.split(512 * 20))
    assert start == pytest.approx(0.9, abs=0.04)  # and a pause is bridged
    assert end == pytest.approx(3.4, abs=0.04)


def test_blocks_do_not_matter():
    wave = made_up((1, -70), (1, -30), (2, -70), (1.1, -30))
    for name in ("energy", "silero"):
        finder = SpeechFinder(name)
        assert finder.find([wave]) == finder.find(wave.split(512 * 7))


def test_most_of_loud_noise_is_no_speech_to_the_network():
    wave = made_up((2, -70), (10, -20), (2, -70))
    assert SpeechFinder("energy").find([wave])
    found = SpeechFinder("silero").find([wave])
    assert sum(end - start for start, end in found) < 1.5  # its onset may be


def test_digital_silence_is_no_noise():
    assert noise_level(np.array([-120.0] * 50 + [-70.0] * 50)) == -70
    assert SpeechFinder("energy").find([torch.zeros(RATE)]) == []


def test_its_threads_are_left_alone():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        SpeechFinder("silero")
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_without_the_network_it_says_what_to_do(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "silero_vad" else found(name),
    )
    with pytest.raises(TurnsError, match=r"pip install .emoclust\[calls\]"):
        SpeechFinder("silero")
    with pytest.raises(TurnsError, match="choose silero or energy"):
        SpeechFinder("webrtc")


def test_no_strong_emotion_is_lost(emoclust_data):
    both = SpeechFinder("silero")
    alone = SpeechFinder("silero", threshold=0.5, doubt=2.0, shortest=0.25)
    folder = emoclust_data / "ravdess"
    lost = 0
    for path in sorted(folder.glob("Actor_06/03-01-0[56]-02-*.flac")):
        wave = read_utterance(path)
        found = both.find([wave])
        assert sum(end - start for start, end in found) > 0.5
        lost += not alone.find([wave])
    assert lost > 0
