"""A made-up voice: a tone with harmonics and noise, syllable by syllable.

An emotion changes what a speaker has at rest, as K. R. Scherer reports in Speech
Communication 40, 2003. All that is drawn depends on a seed and on names alone.
"""

import hashlib
from typing import NamedTuple

import numpy as np

# Differences to the speaker's rest: pitch (semitones), log of its range, rise in
# the end (semitones), log of the rate, level (dB), spectral tilt (dB per octave,
# positive is duller), breath (dB).
EMOTIONS = {
    "neu": np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
    "cal": np.array([-0.5, -0.2, 0.0, -0.13, -3.5, 1.2, 3.0]),
    "hap": np.array([4.0, 0.5, 0.0, 0.11, 4.0, -1.2, 0.0]),
    "sad": np.array([-2.5, -0.6, 0.0, -0.22, -5.0, 2.5, 4.0]),
    "ang": np.array([3.0, 0.5, 0.0, 0.17, 8.0, -3.0, -3.0]),
    "fea": np.array([5.0, -0.5, 0.0, 0.18, -1.0, 1.0, 9.0]),
    "dis": np.array([-2.0, 0.1, 0.0, -0.2, 0.0, -1.0, 6.0]),
    "sur": np.array([5.0, 0.4, 9.0, 0.0, 3.0, -0.5, 2.0]),
}
# Of one utterance from the next: neighboring emotions overlap, as in acting.
DEVIATION = np.array([1.3, 0.22, 0.5, 0.08, 2.0, 1.0, 2.0])
FORMANTS_HZ = ((300, 750), (850, 2250), (2300, 2900), (3400, 3600))
PERIOD = 2048  # points of one period of the tone


class Speaker(NamedTuple):
    """A voice at rest; gender is ``F`` or ``M``."""

    name: str
    gender: str
    pitch_hz: float
    formant_ratio: float
    syllables_per_second: float
    level_dbfs: float
    tilt_db_per_octave: float
    breath_db: float
    expressiveness: float


class Channel(NamedTuple):
    """Microphone and room: gain, loss of treble (-1 to 1), steady noise."""

    level_db: float = 0.0
    dullness: float = 0.0
    noise_dbfs: float = -75.0


def generator(*names):
    """Return a random generator that depends on the names alone."""
    key = "|".join(map(str, names)).encode("utf-8")
    return np.random.default_rng(list(hashlib.sha256(key).digest()))


def make_speaker(name, gender, seed):
    """Draw the speaker whom a corpus of this seed calls so."""
    draw = generator(seed, "speaker", name).uniform
    return Speaker(
        name=name,
        gender=gender,
        pitch_hz=draw(*{"F": (185, 245), "M": (95, 140)}[gender]),
        formant_ratio=draw(*{"F": (1.11, 1.23), "M": (0.94, 1.06)}[gender]),
        syllables_per_second=draw(4.0, 5.0),
        level_dbfs=draw(-35, -31),
        tilt_db_per_octave=draw(5.5, 8.5),
        breath_db=draw(-34, -26),
        expressiveness=draw(0.7, 1.3),
    )


def make_channel(name, seed):
    """Draw the channel of the session of this name."""
    draw = generator(seed, "channel", name).uniform
    return Channel(draw(-3, 3), draw(-0.3, 0.3), draw(-80, -65))


def speak(
    speaker,
    emotion,
    sentence,
    rng,
    strength=1.0,
    sample_rate=16000,
    channel=Channel(),
):
    """Say the sentence of this name: int16, [time], about 1 to 4 s.

    ``rng`` gives everything in which two takes differ.
    """
    pitch, spread, rise, rate, level, tilt, breath = (
        strength * speaker.expressiveness * EMOTIONS[emotion]
        + DEVIATION * rng.standard_normal(len(DEVIATION))
    )
    # All sentences have nearly the same sounds in other orders, as real ones
    draw = generator("sentence", sentence)
    n = draw.integers(7, 9)  # syllables
    formants_hz = np.stack(
        [draw.permutation(np.linspace(*band, 8))[:n] for band in FORMANTS_HZ]
    )
    hiss = draw.permutation(np.tile([0.0, 0.4, 0.7, 1.0], 2))[:n]
    stress, beats = draw.uniform(0.6, 1.0, n), draw.uniform(0.7, 1.3, n)

    # Samples of the silence before, of each syllable, of the silence after
    beats *= np.exp(0.15 * rng.standard_normal(n) - rate)
    seconds = beats / speaker.syllables_per_second
    seconds = [rng.uniform(0.08, 0.2), *seconds, rng.uniform(0.12, 0.25)]
    lengths = np.rint(np.multiply(seconds, sample_rate)).astype(int)
    starts, samples = np.cumsum(lengths)[:-2], np.arange(lengths.sum())

    def track(places, values):
        """Join values [n, m] at places [m] of each syllable by lines."""
        knots = starts[:, None] + lengths[1:-1, None] * np.array(places)
        return np.interp(samples, knots.ravel(), np.ravel(values))

    # A syllable is a hiss, then a vowel
    friction = track((0.0, 0.12, 0.3, 0.4), np.outer(hiss, (0, 1, 0.7, 0)))
    voicing = track((0.25, 0.4, 0.75, 0.99), np.outer(stress, (0, 1, 0.7, 0)))
    time = np.linspace(0, 1, n)
    melody = 6 * stress - 2.5 * time
    melody += np.sin(2 * np.pi * (rng.uniform(1, 2) * time + rng.random()))
    melody = np.exp(spread) * (melody - np.median(melody))
    melody += pitch + rise * np.clip(2 * time - 1, 0, 1) ** 2
    pitch_hz = speaker.pitch_hz * 2 ** (melody / 12)

    # One period of the tone for each syllable, looked up by the phase
    harmonics = int(min(8000, sample_rate / 2) / pitch_hz.max())
    f = np.median(pitch_hz) * np.arange(1, harmonics + 1)
    distance = f - speaker.formant_ratio * formants_hz[..., None]
    resonance = 0.03 + (1 / (1 + (distance / 80) ** 2)).sum(axis=0)
    tilt_db = (speaker.tilt_db_per_octave + tilt) * np.log2(1 + f / 500)
    spectra = np.pad(resonance * 10 ** (-tilt_db / 20), ((0, 0), (1, 0)))
    spectra *= PERIOD / np.sqrt(2 * (spectra**2).sum(axis=1, keepdims=True))
    phase = PERIOD / sample_rate * np.cumsum(track((0.5,), pitch_hz))
    syllable = np.repeat(np.arange(n + 2), lengths).clip(1, n) - 1
    tone = np.fft.irfft(spectra, PERIOD)[syllable, phase.astype(int) % PERIOD]

    noise, floor = rng.standard_normal((2, len(samples)))
    noise = np.diff(noise, prepend=0.0)  # brighter than the tone
    breath = 10 ** ((speaker.breath_db + breath) / 20)
    audio = voicing * tone + (breath * voicing + 0.3 * friction) * noise
    audio += channel.dullness * np.roll(audio, 1)
    level += speaker.level_dbfs + channel.level_db
    audio *= 10 ** (level / 20) / np.sqrt(np.mean(audio**2))
    audio += 10 ** (channel.noise_dbfs / 20) * floor
    audio /= max(1.0, np.abs(audio).max() / 0.99)  # a shout never clips
    return np.rint(audio * 32767).astype(np.int16)
