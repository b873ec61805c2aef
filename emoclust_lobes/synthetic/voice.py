"""A small source-filter voice.

Band-limited glottal pulses and aspiration noise go through a row of formant
resonators, noise at a constriction through one of its own. The filters move:
each frame of the sources is filtered in the frequency domain with its own
response, and the frames are overlapped and added.
"""

import math

import numpy as np
import scipy.signal
from emoclust_lobes.synthetic.filters import (
    FFT,
    HOP,
    constriction,
    overlap_add,
    rms,
    spectra,
    tilt,
    vocal_tract,
)
from emoclust_lobes.synthetic.sentences import articulate, make_sentence
from emoclust_lobes.synthetic.speakers import Channel

RATE = 16000  # of the synthesis, in Hz; the result is resampled from there
FRICATION_DB = -8.0  # level of fricatives, relative to the voiced sounds
SHIMMER = 0.04  # relative deviation of the pulses' amplitudes


def speak(speaker, emotion, sentence, rng, sample_rate=RATE, channel=None):
    """Say a sentence.

    Arguments
    ---------
    speaker : Speaker
        Who speaks.
    emotion : Emotion
        What changes, relative to the speaker's rest.
    sentence : str or list of Segment
        A sentence's name, or its phones.
    rng : numpy.random.Generator
        Everything in which two takes of the same utterance differ.
    sample_rate : int
        Rate of the result, in Hz.
    channel : Channel, optional
        Microphone and room; a quiet studio when not given.

    Returns
    -------
    numpy.ndarray
        int16, shape [time]; about 1.5 to 3 s for a sentence by name.

    Example
    -------
    >>> from emoclust_lobes.synthetic.speakers import EMOTIONS, generator
    >>> from emoclust_lobes.synthetic.speakers import make_speaker
    >>> speaker = make_speaker("Ses01F", "F", seed=1)
    >>> audio = speak(speaker, EMOTIONS["hap"], "IEO", generator(1))
    >>> audio.dtype, 1 < len(audio) / 16000 < 3
    (dtype('int16'), True)
    """
    channel = channel or Channel()
    if isinstance(sentence, str):
        sentence = make_sentence(sentence)
    syllables_per_second = speaker.syllables_per_second * emotion.rate_ratio
    tracks = articulate(sentence, syllables_per_second, RATE / HOP, rng)

    pulses, aspiration, frication = sources(speaker, emotion, tracks, rng)
    f = np.fft.rfftfreq(FFT, 1 / RATE)
    voice_tilt = speaker.tilt_db_per_octave + emotion.tilt_db_per_octave
    tract = vocal_tract(f, tracks.formants_hz * speaker.formant_ratio, speaker)
    voiced = spectra(pulses) * tilt(f, voice_tilt)
    voiced = overlap_add((voiced + spectra(aspiration)) * tract)
    hiss = overlap_add(spectra(frication) * constriction(f, tracks.noise_hz))
    hiss *= 10 ** (FRICATION_DB / 20) * rms(voiced) / max(rms(hiss), 1e-12)
    audio = overlap_add(
        spectra(voiced + hiss) * tilt(f, channel.tilt_db_per_octave)
    )

    level = speaker.level_dbfs + emotion.level_db + channel.level_db
    audio *= 10 ** (level / 20) / rms(audio)
    noise = rng.standard_normal(len(audio))
    audio += 10 ** (channel.noise_dbfs / 20) * noise
    if sample_rate != RATE:
        shared = math.gcd(sample_rate, RATE)
        audio = scipy.signal.resample_poly(
            audio, sample_rate // shared, RATE // shared
        )
    audio /= max(1.0, np.abs(audio).max() / 0.99)  # a shout never clips
    return np.rint(audio * 32767).astype(np.int16)


def sources(speaker, emotion, tracks, rng):
    """Compute the three sound sources.

    Arguments
    ---------
    speaker : Speaker
        Pitch, range, breath and jitter at rest.
    emotion : Emotion
        Their changes.
    tracks : Tracks
        The movements, one value per frame.
    rng : numpy.random.Generator
        Jitter, shimmer and noise.

    Returns
    -------
    tuple of numpy.ndarray
        Glottal pulses, aspiration noise and frication noise, each of shape
        [(frames - 1) * HOP].

    Example
    -------
    >>> from emoclust_lobes.synthetic.speakers import EMOTIONS, generator
    >>> from emoclust_lobes.synthetic.speakers import make_speaker
    >>> speaker, rng = make_speaker("Ann", "F", seed=1), generator(1)
    >>> tracks = articulate(make_sentence("IEO"), 4.5, RATE / HOP, rng)
    >>> pulses, breath, hiss = sources(speaker, EMOTIONS["hap"], tracks, rng)
    >>> len(pulses) == len(breath) == len(hiss)
    True
    >>> bool(rms(breath) < rms(pulses))
    True
    """
    centers = np.arange(len(tracks.voicing)) * HOP
    samples = np.arange(centers[-1])

    spread = speaker.pitch_range_semitones * emotion.pitch_range_ratio
    rise = np.clip((tracks.time - 0.5) / 0.5, 0, 1) ** 2
    contour = spread * tracks.intonation + emotion.rise_semitones * rise
    contour -= np.median(contour[tracks.voiced])
    contour += emotion.pitch_semitones
    pitch = speaker.pitch_hz * 2 ** (contour / 12)

    cycles = np.cumsum(np.interp(samples, centers, pitch)) / RATE
    times = np.interp(np.arange(1, int(cycles[-1])), cycles, samples)
    period = RATE / np.interp(times, centers, pitch)
    jitter = speaker.jitter_percent / 100 * emotion.jitter_ratio
    times = times + jitter * period * rng.standard_normal(len(times))
    heights = np.interp(times, centers, tracks.voicing) * (
        1 + SHIMMER * rng.standard_normal(len(times))
    )

    breath = 10 ** ((speaker.breath_db + emotion.breath_db) / 20)
    breath *= math.sqrt(np.mean(pitch[tracks.voiced]) / RATE)
    noise = rng.standard_normal((2, len(samples)))
    voicing = np.interp(samples, centers, tracks.voicing)
    frication = np.interp(samples, centers, tracks.frication)
    return (
        pulse_train(times, heights, len(samples)),
        breath * voicing * noise[0],
        frication * noise[1],
    )


def pulse_train(times, heights, n_samples, half_width=8):
    """Add band-limited pulses at times between the samples.

    Arguments
    ---------
    times : numpy.ndarray
        In samples, shape [pulses].
    heights : numpy.ndarray
        Shape [pulses].
    n_samples : int
        Length of the result; what falls outside is dropped.
    half_width : int
        Samples of the windowed sinc on each side.

    Returns
    -------
    numpy.ndarray
        Shape [n_samples].

    Example
    -------
    >>> pulses = pulse_train(np.array([20.5]), np.array([1.0]), 40)
    >>> bool(np.isclose(pulses[20], pulses[21])), float(pulses[20].round(1))
    (True, 0.6)
    """
    index = np.floor(times).astype(int)[:, None]
    index = index + np.arange(1 - half_width, half_width + 1)
    distance = index - times[:, None]
    window = np.cos(np.pi * distance / (2 * half_width)) ** 2
    taps = heights[:, None] * np.sinc(distance) * window
    inside = (index >= 0) & (index < n_samples)
    return np.bincount(index[inside], taps[inside], n_samples)
