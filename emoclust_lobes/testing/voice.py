"""A small source-filter voice.

Band-limited glottal pulses and aspiration noise go through a row of formant
resonators, noise at a constriction through one of its own. The filters move:
each frame of the sources is filtered in the frequency domain with its own
response, and the frames are overlapped and added.
"""

import math

import numpy as np
import scipy.signal
from emoclust_lobes.testing.sentences import articulate, make_sentence
from emoclust_lobes.testing.speakers import Channel

RATE = 16000  # of the synthesis, in Hz; the result is resampled from there
HOP = 160  # samples from frame to frame: 10 ms
FFT = 5 * HOP  # a window of two hops and room for 30 ms of ringing
TILT_KNEE_HZ = 500.0  # where the source starts to fall
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
    >>> from emoclust_lobes.testing.speakers import EMOTIONS, generator
    >>> from emoclust_lobes.testing.speakers import make_speaker
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
    """
    centres = np.arange(len(tracks.voicing)) * HOP
    samples = np.arange(centres[-1])

    spread = speaker.pitch_range_semitones * emotion.pitch_range_ratio
    rise = np.clip((tracks.time - 0.5) / 0.5, 0, 1) ** 2
    contour = spread * tracks.intonation + emotion.rise_semitones * rise
    contour -= np.median(contour[tracks.voiced])
    contour += emotion.pitch_semitones
    pitch = speaker.pitch_hz * 2 ** (contour / 12)

    cycles = np.cumsum(np.interp(samples, centres, pitch)) / RATE
    times = np.interp(np.arange(1, int(cycles[-1])), cycles, samples)
    period = RATE / np.interp(times, centres, pitch)
    jitter = speaker.jitter_percent / 100 * emotion.jitter_ratio
    times = times + jitter * period * rng.standard_normal(len(times))
    heights = np.interp(times, centres, tracks.voicing) * (
        1 + SHIMMER * rng.standard_normal(len(times))
    )

    breath = 10 ** ((speaker.breath_db + emotion.breath_db) / 20)
    breath *= math.sqrt(np.mean(pitch[tracks.voiced]) / RATE)
    noise = rng.standard_normal((2, len(samples)))
    voicing = np.interp(samples, centres, tracks.voicing)
    frication = np.interp(samples, centres, tracks.frication)
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


def vocal_tract(f, formants_hz, speaker):
    """Frequency response of the vocal tract.

    A product of second-order resonators ``F^2 / (F^2 - f^2 + i f B)``: three
    that move, and the higher ones of a uniform tube, up to beyond the highest
    frequency, without which the voice would lose its treble.

    Arguments
    ---------
    f : numpy.ndarray
        Frequencies in Hz, shape [bins].
    formants_hz : numpy.ndarray
        Shape [frames, 3].
    speaker : Speaker
        Scales the higher formants.

    Returns
    -------
    numpy.ndarray
        Complex, shape [frames, bins].
    """
    higher = 500.0 * np.arange(7, 25, 2) * speaker.formant_ratio
    response = np.prod(resonance(f, higher[:, None]), axis=0)
    for formant in formants_hz.T:
        response = response * resonance(f, formant[:, None])
    return response


def resonance(f, centre_hz):
    """Second-order low pass with a peak at ``centre_hz``; 1 at 0 Hz.

    Arguments
    ---------
    f : numpy.ndarray
        Frequencies in Hz, shape [bins].
    centre_hz : float or numpy.ndarray
        Shape [frames, 1] for one that moves.

    Returns
    -------
    numpy.ndarray
        Complex, shape [bins] or [frames, bins].

    Example
    -------
    >>> abs(resonance(np.array([0.0]), 500.0)).tolist()
    [1.0]
    """
    bandwidth = 40 + 0.04 * centre_hz
    return centre_hz**2 / (centre_hz**2 - f**2 + 1j * f * bandwidth)


def constriction(f, centre_hz):
    """Two second-order band passes at ``centre_hz`` [frames], 1 at the peak.

    Arguments
    ---------
    f : numpy.ndarray
        Frequencies in Hz, shape [bins].
    centre_hz : numpy.ndarray
        Shape [frames].

    Returns
    -------
    numpy.ndarray
        Complex, shape [frames, bins].

    Example
    -------
    >>> abs(constriction(np.array([4000.0]), np.array([4000.0]))).tolist()
    [[1.0]]
    """
    centre_hz = centre_hz[:, None]
    edge = 1j * f * 0.5 * centre_hz
    return (edge / (centre_hz**2 - f**2 + edge)) ** 2


def tilt(f, db_per_octave):
    """Minimum-phase response that falls so steeply above the knee.

    Arguments
    ---------
    f : numpy.ndarray
        Frequencies in Hz, shape [bins].
    db_per_octave : float or numpy.ndarray
        How steeply.

    Returns
    -------
    numpy.ndarray
        Complex, 1 at 0 Hz.

    Example
    -------
    >>> abs(tilt(np.array([0.0]), db_per_octave=6.0)).tolist()
    [1.0]
    """
    return (1 + 1j * f / TILT_KNEE_HZ) ** (
        -db_per_octave / (20 * math.log10(2))
    )


def spectra(signal):
    """Spectra of Hann windows around every hop's edge, [frames, bins].

    Arguments
    ---------
    signal : numpy.ndarray
        Shape [(frames - 1) * HOP].

    Returns
    -------
    numpy.ndarray
        Complex, shape [frames, bins].

    Example
    -------
    >>> spectra(np.zeros(4 * HOP)).shape == (5, FFT // 2 + 1)
    True
    """
    padded = np.pad(signal, HOP)
    frames = np.lib.stride_tricks.sliding_window_view(padded, 2 * HOP)[::HOP]
    window = np.hanning(2 * HOP + 1)[:-1]
    return np.fft.rfft(frames * window, FFT)


def overlap_add(spectra):
    """Signal of filtered frames, shape [(frames - 1) * HOP].

    Arguments
    ---------
    spectra : numpy.ndarray
        As from the function of that name.

    Returns
    -------
    numpy.ndarray
        What they are of, or would be after the filter.

    Example
    -------
    >>> signal = np.sin(np.arange(4 * HOP))
    >>> np.allclose(overlap_add(spectra(signal)), signal)
    True
    """
    blocks = np.fft.irfft(spectra, FFT).reshape(len(spectra), -1, HOP)
    signal = np.zeros((len(blocks) + blocks.shape[1] - 1, HOP))
    for i in range(blocks.shape[1]):
        signal[i : i + len(blocks)] += blocks[:, i]
    return signal[1 : len(blocks)].ravel()


def rms(signal):
    """Root mean square.

    Arguments
    ---------
    signal : numpy.ndarray
        Of any shape.

    Returns
    -------
    float

    Example
    -------
    >>> rms(np.array([3.0, -3.0]))
    3.0
    """
    return math.sqrt(np.mean(signal**2))
