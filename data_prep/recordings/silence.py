"""Where speech begins and ends in a recording.

Corpora differ in the silence around their clips, and a classifier that is
trained where there is none takes it for a sad voice: with a frozen Whisper and
attentive pooling, EMO-DB to RAVDESS, most clips are.
"""

import functools

import numpy as np
import soundfile
from data_prep.recordings.tar_shards import audio_status, open_audio

FRAME_SECONDS = 0.02
# What is shorter, in seconds, holds no speech: five frames of 10 ms.
SHORTEST = 0.05


def speech_ends(path, start, stop, decibels):
    """Tell first sample and end of the speech in a part of a file.

    From the first to the last frame of 20 ms at most so many decibels below
    the loudest. What would be too short for speech is left as it is.
    """
    return _ends(path, audio_status(path), start, stop, decibels)


# The folds of a corpus ask for the same recordings again
@functools.lru_cache(maxsize=2**18)
def _ends(path, status, start, stop, decibels):
    audio, rate = soundfile.read(
        open_audio(path), start=start, stop=stop, always_2d=True
    )
    size = int(FRAME_SECONDS * rate)
    energies = np.square(audio).mean(axis=1)
    edges = np.arange(0, len(energies), size)
    frames = np.add.reduceat(energies, edges) / size
    loud = np.flatnonzero(frames >= frames.max() * 10 ** (-decibels / 10))
    first, end = (
        int(loud[0]) * size,
        min((int(loud[-1]) + 1) * size, len(audio)),
    )
    if frames.max() == 0 or end - first < SHORTEST * rate:
        return start, stop
    return start + first, start + end
