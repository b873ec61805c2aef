"""Recordings of any length as windows, read from first to last.

No more of a recording is in memory than one window, however long it is and
whatever its format: windows are read one after another, without going back.
"""

from typing import NamedTuple

import numpy as np
import soundfile
import torch
from data_prep.errors import UnusableAudio
from data_prep.manifests.parts import locate_part
from data_prep.recordings.probe import probe
from data_prep.recordings.tar_shards import open_audio

from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)


class Window(NamedTuple):
    """A part of a recording: its span in seconds, its waveform, [time]."""

    start: float
    end: float
    waveform: torch.Tensor


def window_starts(frames, window, hop):
    """Return the first sample of each window; all lengths are in samples.

    All windows are whole: the last one is moved back to the recording's end, and
    a recording that is no longer than a window is one, of its own length.
    """
    last = max(0, frames - window)
    return [*range(0, last, hop), last]


class Channels:
    """Which channel of recordings is heard: one, or the mean of all."""

    def __init__(self, channel=None):
        self.channel = channel
        self.told = False

    def of(self, samples, path):
        """Take it from [time, channels], in the same shape."""
        n_channels = samples.shape[1]
        if self.channel is not None:
            if self.channel > n_channels:
                raise UnusableAudio(
                    f"no channel {self.channel}: it has {n_channels}"
                )
            return samples[:, self.channel - 1 : self.channel]
        if not self.told and (samples != samples[:, :1]).any():
            self.told = True
            logger.warning(
                f"{path} has {n_channels} channels, and the mean of them is "
                "heard, as of any other such file: where each is another "
                "person, give --channel=1, then --channel=2"
            )
        return samples


def read_windows(clip, window, hop, normalizer, channels=None):
    """Yield the windows of a Clip as mono at the normalizer's rate.

    Lengths are in seconds; spans count from the start of the file. Each window is
    resampled by itself, as a segment of a file is in training. UnusableAudio says
    why a file is none, at once or where it breaks off; in the end, that it was
    silent (within two steps of 16 bits).
    """
    channels = channels or Channels()
    frames, rate = probe(clip.path, seek=bool(clip.start))
    first, after = locate_part(clip.start, clip.stop, frames, rate)
    length = min(after - first, max(1, round(window * rate)))
    step = max(1, round(hop * rate))
    lowest, highest = np.inf, -np.inf
    with soundfile.SoundFile(open_audio(clip.path)) as audio:
        if first:
            audio.seek(first)
        samples = np.empty((0, audio.channels), dtype=np.float32)
        position = first
        for offset in window_starts(after - first, length, step):
            start = first + offset
            fresh = _read(audio, position, start + length - position)
            position = start + length
            samples = np.concatenate([samples, fresh])[-length:]
            heard = np.ascontiguousarray(channels.of(samples, clip.path))
            waveform = normalizer(torch.from_numpy(heard), rate)
            lowest = min(lowest, waveform.min().item())
            highest = max(highest, waveform.max().item())
            yield Window(start / rate, position / rate, waveform)
    if highest - lowest <= 2 / 32768:
        raise UnusableAudio(
            "silent: nothing is louder than rounding to 16 bits"
        )


def _read(audio, position, count):
    """Read the next samples, [count, channels], or say why they are unusable."""
    # Not of the file itself: those of GSM, for one, cannot tell where they are.
    begin = position / audio.samplerate
    try:
        samples = audio.read(count, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise UnusableAudio(
            f"damaged after {begin:.2f} s: {error.error_string}"
        ) from error
    if len(samples) < count:
        seconds = begin + len(samples) / audio.samplerate
        raise UnusableAudio(
            f"truncated: it ends after {seconds:.2f} of "
            f"{audio.frames / audio.samplerate:.2f} s"
        )
    return samples
