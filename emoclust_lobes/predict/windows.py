"""Recordings of any length as windows, read from first to last.

No more of a recording is in memory than one window, however long it is and
whatever its format: windows are read one after another, without going back.
"""

from typing import NamedTuple

import numpy as np
import soundfile
import torch
from data_prep.errors import UnusableAudio
from data_prep.recordings.probe import probe


class Window(NamedTuple):
    """A stretch of a recording.

    Arguments
    ---------
    start, end : float
        Where it lies, in seconds.
    waveform : torch.Tensor
        Mono, at the rate that was asked for, shape [time].

    Example
    -------
    >>> window = Window(0.0, 1.0, torch.zeros(16000))
    >>> len(window.waveform) / (window.end - window.start)
    16000.0
    """

    start: float
    end: float
    waveform: torch.Tensor


def window_starts(frames, window, hop):
    """Say where the windows of a recording begin.

    All windows are whole: the last one is moved back to the recording's end,
    and a recording that is no longer than a window is one, of its own length.

    Arguments
    ---------
    frames, window, hop : int
        Lengths of the recording, of a window and of the way from one window
        to the next, in samples.

    Returns
    -------
    list of int
        First sample of each.

    Example
    -------
    >>> window_starts(10, window=4, hop=2)
    [0, 2, 4, 6]
    >>> window_starts(11, window=4, hop=2)
    [0, 2, 4, 6, 7]
    >>> window_starts(3, window=4, hop=2)
    [0]
    """
    last = max(0, frames - window)
    return [*range(0, last, hop), last]


def read_windows(path, window, hop, normalizer):
    """Read a recording window by window.

    Arguments
    ---------
    path : str or pathlib.Path
        An audio file of any rate and number of channels.
    window, hop : float
        Length of a window, and of the way from one to the next, which is no
        longer, in seconds.
    normalizer : speechbrain.dataio.preprocess.AudioNormalizer
        Resamples each window by itself, as a stretch of a file is in training,
        and averages the channels.

    Yields
    ------
    Window
        All of one length.

    Raises
    ------
    UnusableAudio
        With the reason: at once where the file is no recording, or later
        where it breaks off, or turns out to have been silent from end to end
        (within two steps of 16 bits, after the channels were averaged).

    Example
    -------
    >>> from speechbrain.dataio.preprocess import AudioNormalizer
    >>> path = getfixture("tmp_path") / "noise.wav"
    >>> soundfile.write(path, np.random.default_rng(1).normal(size=20000), 8000)
    >>> for found in read_windows(path, 1.0, 0.5, AudioNormalizer(16000)):
    ...     print(found.start, found.end, tuple(found.waveform.shape))
    0.0 1.0 (16000,)
    0.5 1.5 (16000,)
    1.0 2.0 (16000,)
    1.5 2.5 (16000,)
    """
    frames, rate = probe(path)
    length = min(frames, max(1, round(window * rate)))
    step = max(1, round(hop * rate))
    lowest, highest = np.inf, -np.inf
    with soundfile.SoundFile(path) as audio:
        samples = np.empty((0, audio.channels), dtype=np.float32)
        position = 0
        for start in window_starts(frames, length, step):
            fresh = _read(audio, start + length - position)
            position = start + length
            samples = np.concatenate([samples, fresh])[-length:]
            waveform = normalizer(torch.from_numpy(samples), rate)
            lowest = min(lowest, waveform.min().item())
            highest = max(highest, waveform.max().item())
            yield Window(start / rate, position / rate, waveform)
    if highest - lowest <= 2 / 32768:
        raise UnusableAudio(
            "silent: nothing is louder than rounding to 16 bits"
        )


def _read(audio, count):
    """Read the next samples, [count, channels], or say why they are unusable.

    Arguments
    ---------
    audio : soundfile.SoundFile
        Where it stands.
    count : int
        How many are needed.
    """
    begin = audio.tell() / audio.samplerate
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
