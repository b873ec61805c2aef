"""Recordings of any length as windows, read from first to last.

No more of a recording is in memory than one window, however long it is and
whatever its format: windows are read one after another, without going back.
"""

import itertools
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


# Of shorter turns, what lies around them is heard, too
MIN_SECONDS = 0.5


class Window(NamedTuple):
    """A part of a recording: its span in seconds, its waveform, [time].

    ``turn`` says in which of the turns it lies that were asked for.
    """

    start: float
    end: float
    waveform: torch.Tensor
    turn: int = 0


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


def read_windows(
    clip,
    window,
    hop,
    normalizer,
    channels=None,
    turns=None,
    advance=lambda seconds: None,
):
    """Yield the windows of a Clip as mono at the normalizer's rate.

    Lengths and spans are in seconds from the start of the file. With
    ``turns``, each (start, end) is cut into windows for itself; each window is
    resampled by itself, as a segment of a file is in training. UnusableAudio
    says why a file is none, at once or where it breaks off; in the end, that
    it was silent.
    """
    channels = channels or Channels()
    frames, rate, _ = probe(clip.path, seek=bool(clip.start))
    first, after = locate_part(clip.start, clip.stop, frames, rate)
    bounds = [(first, after)]
    if turns is not None:
        bounds = [
            _widened(round(start * rate), round(end * rate), first, after, rate)
            for start, end in turns
        ]
    spans = _cut(
        bounds, max(1, round(window * rate)), max(1, round(hop * rate))
    )
    lowest, highest = np.inf, -np.inf
    with soundfile.SoundFile(open_audio(clip.path)) as audio:
        if first:
            audio.seek(first)
        samples = np.empty((0, audio.channels), dtype=np.float32)
        position = first
        for start, end, turn in spans:
            while position < start:  # what no window holds, not all at once
                skipped = min(start - position, rate)
                samples = _read(audio, position, skipped)
                position += skipped
                advance(skipped / rate)
            samples = samples[len(samples) - (position - start) :]
            if position < end:
                fresh = _read(audio, position, end - position)
                samples = np.concatenate([samples, fresh])
                advance((end - position) / rate)
                position = end
            part = channels.of(samples[: end - start], clip.path)
            heard = torch.from_numpy(np.ascontiguousarray(part))
            waveform = normalizer(heard, rate)
            lowest = min(lowest, waveform.min().item())
            highest = max(highest, waveform.max().item())
            yield Window(start / rate, end / rate, waveform, turn)
    advance((after - position) / rate)
    if spans and highest - lowest <= 2 / 32768:
        raise UnusableAudio(
            "silent: nothing is louder than rounding to 16 bits"
        )


def read_blocks(clip, seconds, normalizer, channels, advance):
    """Yield a Clip from first to last as windows that do not overlap.

    All but the last are ``seconds`` long.
    """
    frames, rate, _ = probe(clip.path, seek=bool(clip.start))
    first, after = locate_part(clip.start, clip.stop, frames, rate)
    step = round(seconds * rate)
    borders = [*range(first, after, step), after]
    turns = [(a / rate, b / rate) for a, b in itertools.pairwise(borders)]
    yield from read_windows(
        clip, seconds, seconds, normalizer, channels, turns, advance
    )


def _cut(bounds, window, hop):
    """List (start, end, number) of all windows in some bounds, by start."""
    spans = []
    for number, (begin, end) in enumerate(bounds):
        length = min(end - begin, window)
        for offset in window_starts(end - begin, length, hop):
            spans.append((begin + offset, begin + offset + length, number))
    return sorted(spans)


def _widened(start, end, first, after, rate):
    """Give a turn in samples the least length, inside of the recording."""
    lacking = round(MIN_SECONDS * rate) - (end - start)
    if lacking > 0:
        start, end = start - lacking // 2, end + lacking - lacking // 2
    return max(first, start), min(after, end)


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
