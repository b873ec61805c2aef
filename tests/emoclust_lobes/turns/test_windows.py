"""Windows against slices of the whole recording, and files that are none."""

import logging

import numpy as np
import pytest
import soundfile
import torch
from data_prep.errors import UnusableAudio
from emoclust_lobes.audio.reading import read_utterance
from emoclust_lobes.predict.inputs import Clip
from emoclust_lobes.turns.windows import Channels, read_windows, window_starts
from hypothesis import (
    given,
    strategies as st,
)

from speechbrain.dataio.preprocess import AudioNormalizer

to_16k = AudioNormalizer(16000)


def read_all(path, window=0.5, hop=0.2, part=(None, None)):
    clip = Clip("a clip", path, "", *part)
    return list(read_windows(clip, window, hop, to_16k))


@pytest.mark.parametrize("suffix", ["wav", "flac"])
@pytest.mark.parametrize("part", [(0.25, 0.9), (4000, 14400), (0.25, None)])
def test_windows_of_a_part_are_those_of_a_file_of_it(part, suffix, tmp_path):
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, 16000)
    soundfile.write(tmp_path / f"all.{suffix}", noise, 16000)
    soundfile.write(
        tmp_path / f"part.{suffix}",
        noise[4000 : 14400 if part[1] else 16000],
        16000,
    )
    found = read_all(tmp_path / f"all.{suffix}", part=part)
    alone = read_all(tmp_path / f"part.{suffix}")
    assert len(found) == len(alone) > 1
    for one, other in zip(found, alone, strict=True):
        assert one.start == pytest.approx(other.start + 0.25)
        assert one.end == pytest.approx(other.end + 0.25)
        torch.testing.assert_close(one.waveform, other.waveform)


@pytest.mark.parametrize("part", [(0, 2), (0.5, 3.0), (2.0, None), (3, 2)])
def test_a_part_that_cannot_be_is_refused(part, tmp_path):
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, 16000)
    soundfile.write(tmp_path / "a.wav", noise, 16000)
    with pytest.raises(UnusableAudio, match="not in it|shorter than 0.05 s"):
        read_all(tmp_path / "a.wav", part=part)


@given(
    frames=st.integers(1, 300),
    window=st.integers(1, 100),
    hop_share=st.floats(0.01, 1),
)
def test_windows_are_whole_and_leave_nothing_out(frames, window, hop_share):
    hop = max(1, int(window * hop_share))
    starts = window_starts(frames, window, hop)
    length = min(window, frames)
    assert starts[0] == 0
    assert starts[-1] + length == frames
    steps = np.diff(starts)
    assert (steps[:-1] == hop).all()
    assert (steps > 0).all() and (steps <= hop).all()


@pytest.mark.parametrize(
    ("rate", "channels", "suffix", "seconds"),
    [
        (8000, 1, "wav", 1.7),
        (11025, 2, "wav", 1.3),
        (16000, 1, "flac", 0.31),
        (16000, 1, "ogg", 0.5),
        (22050, 2, "mp3", 2.0),
        (44100, 5, "wav", 0.9),
        (48000, 1, "opus", 1.1),
        (96000, 3, "flac", 1.0),
        (8000, 1, "gsm", 2.5),  # which cannot tell where it is
    ],
)
def test_windows_are_slices_of_the_recording(
    rate, channels, suffix, seconds, tmp_path
):
    path = tmp_path / f"noise.{suffix}"
    shape = (int(seconds * rate), channels)
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, shape)
    kind = {"opus": ("OPUS", None, "OGG"), "gsm": ("GSM610", None, "WAV")}
    soundfile.write(path, noise, rate, *kind.get(suffix, ()))
    whole, rate = soundfile.read(path, dtype="float32", always_2d=True)
    length = min(len(whole), round(0.5 * rate))
    found = read_all(path)
    starts = window_starts(len(whole), length, round(0.2 * rate))
    assert len(found) == len(starts)
    for window, start in zip(found, starts, strict=True):
        expected = to_16k(torch.from_numpy(whole[start : start + length]), rate)
        # MP3's decoder is not exact to the last bit.
        torch.testing.assert_close(window.waveform, expected, rtol=0, atol=1e-6)
        assert window.start == start / rate
        assert window.end == pytest.approx((start + length) / rate)
    assert found[-1].end == pytest.approx(len(whole) / rate)


def test_a_short_recording_is_read_as_in_training(tmp_path, write_noise):
    path = write_noise(tmp_path / "short.wav", 15000, rate=44100, channels=2)
    (window,) = read_all(path)
    assert torch.equal(window.waveform, read_utterance(path))


def write(path, samples, **kwargs):
    soundfile.write(path, samples, 16000, **kwargs)


NOISE = np.random.default_rng(2).uniform(-0.5, 0.5, 16000)
NAN = np.where(np.arange(16000) == 9000, np.nan, NOISE)
QUIET = np.where(np.arange(16000) % 2, 0.5, -0.5) / 32768
SILENT = "silent: nothing is louder than rounding to 16 bits"
UNUSABLE = {
    "no samples": (NOISE[:0], "no samples"),
    "silent": (0 * NOISE, "silent: every sample is zero"),
    "one step of dither": (QUIET, SILENT),
    "channels that cancel": (
        np.stack([NOISE, -NOISE], axis=1),
        "silent: its channels cancel each other",
    ),
    "not a number": (NAN, "samples that are"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_file_that_is_no_recording_is_refused(case, tmp_path):
    samples, reason = UNUSABLE[case]
    write(tmp_path / "file.wav", samples, subtype="FLOAT")
    with pytest.raises(UnusableAudio) as refused:
        read_all(tmp_path / "file.wav")
    assert str(refused.value).startswith(reason)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
def test_a_truncated_file_is_refused(suffix, tmp_path):
    path = tmp_path / f"file.{suffix}"
    write(path, NOISE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UnusableAudio, match="truncated"):
        read_all(path)


def test_damage_in_the_middle_is_refused(tmp_path):
    path = tmp_path / "file.flac"
    write(path, NOISE)
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 4000] = bytes(4000)
    path.write_bytes(whole)
    with pytest.raises(UnusableAudio, match="damaged|truncated"):
        read_all(path)


def test_speech_after_long_silence_is_heard(tmp_path):
    path = tmp_path / "late.wav"
    write(path, np.concatenate([0 * NOISE, 0 * NOISE, NOISE]))
    assert read_all(path)[-1].waveform.std() > 0.1


def test_a_channel_is_heard_alone_and_a_mean_is_told_once(tmp_path, caplog):
    voices = np.random.default_rng(3).normal(0, 0.1, (16000, 2))
    call, left, right = (tmp_path / f"{x}.wav" for x in ("call", "l", "r"))
    soundfile.write(call, voices, 16000, subtype="FLOAT")
    for path, voice in ((left, voices[:, 0]), (right, voices[:, 1])):
        soundfile.write(path, voice, 16000, subtype="FLOAT")

    def read(path, channels):
        windows = read_windows(Clip(path, path), 0.5, 0.2, to_16k, channels)
        return torch.stack([x.waveform for x in windows])

    caplog.set_level(logging.WARNING)
    for number, path in ((1, left), (2, right)):
        found = read(call, Channels(number))
        assert torch.equal(found, read(path, Channels()))
    with pytest.raises(UnusableAudio, match="no channel 2: it has 1"):
        read(left, Channels(2))
    assert not caplog.records
    mean = Channels()
    torch.testing.assert_close(
        read(call, mean), (read(left, mean) + read(right, mean)) / 2
    )
    read(call, mean)
    (record,) = caplog.records
    assert "call.wav has 2 channels" in record.getMessage()
    # Twice the same is one voice
    soundfile.write(call, voices[:, [0, 0]], 16000, subtype="FLOAT")
    read(call, Channels())
    assert len(caplog.records) == 1
