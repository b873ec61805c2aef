"""Where in a recording is speech: a detector with a second look.

Detectors fail where emotion is: screams are no speech to a network, whispered
sadness is none to an energy. Here a stretch is speech when the network (silero-vad)
hears some, or when it is clearly louder than the recording's own noise and
the network does not rule it out. ``docs/recordings.md`` says what that finds.
"""

import dataclasses
import importlib.util
import itertools
import warnings

import numpy as np
import torch
from data_prep.errors import EmoclustError

RATE = 16000
CHUNK = 512  # samples that the network takes at once: 32 ms
SILERO = "silero-vad==6.2.3"


class TurnsError(EmoclustError):
    """What is wrong with how speech or turns are to be found."""


class Silero:
    """Probability of speech in each 32 ms, by the network of silero-vad.

    Its weights are in its wheel. It remembers what it heard: blocks follow each
    other, and have whole chunks but for the last.
    """

    def __init__(self):
        if importlib.util.find_spec("silero_vad") is None:
            raise TurnsError(
                f"{SILERO} is not installed, which finds the speech in "
                'recordings: pip install "emoclust[calls]", or give '
                "--speech=energy (where nothing but speech is loud), or "
                "--speech=none (where there are no pauses)"
            )
        threads = torch.get_num_threads()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of TorchScript's age
            from silero_vad import load_silero_vad

            self.network = load_silero_vad()
        torch.set_num_threads(threads)  # which it sets to 1 for everyone

    def forget(self):
        """Start with another recording."""
        self.network.reset_states()

    @torch.inference_mode()
    def __call__(self, block):
        """Map a waveform [time] to probabilities, one per chunk."""
        chunks = _chunks(block)
        return [self.network(chunk, RATE).item() for chunk in chunks]


DETECTORS = ("silero", "energy")


@dataclasses.dataclass
class SpeechFinder:
    """Finds the stretches of speech in a recording.

    With the ``detector`` silero, the network is sure from the probability
    ``threshold`` on, and below ``doubt`` nothing is speech, however loud; with
    energy, all is that is ``loudness`` dB above the recording's noise.
    Stretches get ``padding`` seconds on both sides; a pause below ``pause``
    parts none, and one below ``shortest`` is no speech.
    """

    detector: str = "silero"
    threshold: float = 0.3
    doubt: float = 0.02
    loudness: float = 15.0
    padding: float = 0.1
    pause: float = 0.5
    shortest: float = 0.1

    def __post_init__(self):
        if self.detector not in DETECTORS:
            raise TurnsError(
                f"no detector {self.detector!r}: choose "
                f"{' or '.join(DETECTORS)}"
            )
        self.network = Silero() if self.detector == "silero" else None

    def find(self, blocks):
        """List (start, end) in seconds of the speech in consecutive waveforms.

        They are at 16 kHz, of a multiple of 512 samples but for the last; what
        is kept of them is two numbers for 32 ms.
        """
        chances, levels, seconds = self.hear(blocks)
        return self.stretches(self.frames(chances, levels), seconds)

    def hear(self, blocks):
        """Return probabilities and levels of chunks, and the length in seconds."""
        if self.network:
            self.network.forget()
        chances: list[float] = []
        levels: list[float] = []
        samples = 0
        for block in blocks:
            samples += len(block)
            chances += self.network(block) if self.network else []
            power = _chunks(block).square().mean(dim=1)
            levels += (10 * torch.log10(power + 1e-12)).tolist()
        return np.array(chances), np.array(levels), samples / RATE

    def frames(self, chances, levels):
        """Say of each chunk whether it is speech, [chunks] of bool."""
        loud = levels > noise_level(levels) + self.loudness
        if self.network is None:
            return loud
        return (chances >= self.threshold) | (loud & (chances >= self.doubt))

    def stretches(self, speech, seconds):
        """Merge chunks of speech to (start, end), inside of the recording."""
        found: list[list[float]] = []
        position = 0
        for is_speech, run in itertools.groupby(speech):
            begin, position = position, position + len(list(run))
            start, end = begin * CHUNK / RATE, position * CHUNK / RATE
            if not is_speech:
                continue
            if found and start - found[-1][1] < self.pause:
                found[-1][1] = end
            else:
                found.append([start, end])
        return [
            (max(0.0, start - self.padding), min(seconds, end + self.padding))
            for start, end in found
            if end - start >= self.shortest
        ]


def noise_level(levels):
    """Estimate the noise of a recording, in dB, from the levels of its chunks.

    It is that of its quietest tenth, leaving out digital silence.
    """
    audible = levels[levels > -100]
    return np.percentile(audible, 10) if len(audible) else -100.0


def _chunks(block):
    """Cut a waveform into chunks, [chunks, 512]; zeros fill the last."""
    lacking = -len(block) % CHUNK
    return torch.nn.functional.pad(block, (0, lacking)).reshape(-1, CHUNK)
