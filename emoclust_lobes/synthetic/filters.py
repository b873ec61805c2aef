"""Filters that move: what a vocal tract does to its sources, frame by frame."""

import math

import numpy as np

HOP = 160  # samples from frame to frame: 10 ms
FFT = 5 * HOP  # a window of two hops and room for 30 ms of ringing
TILT_KNEE_HZ = 500.0  # where the source starts to fall


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

    Example
    -------
    >>> from emoclust_lobes.synthetic.speakers import make_speaker
    >>> ann = make_speaker("Ann", "F", seed=1)
    >>> f = np.array([0.0, 500.0])
    >>> vocal_tract(f, np.array([[500.0, 1500.0]]), ann).shape
    (1, 2)
    """
    higher = 500.0 * np.arange(7, 25, 2) * speaker.formant_ratio
    response = np.prod(resonance(f, higher[:, None]), axis=0)
    for formant in formants_hz.T:
        response = response * resonance(f, formant[:, None])
    return response


def resonance(f, center_hz):
    """Second-order low pass with a peak at ``center_hz``; 1 at 0 Hz.

    Arguments
    ---------
    f : numpy.ndarray
        Frequencies in Hz, shape [bins].
    center_hz : float or numpy.ndarray
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
    bandwidth = 40 + 0.04 * center_hz
    return center_hz**2 / (center_hz**2 - f**2 + 1j * f * bandwidth)


def constriction(f, center_hz):
    """Two second-order band passes at ``center_hz`` [frames], 1 at the peak.

    Arguments
    ---------
    f : numpy.ndarray
        Frequencies in Hz, shape [bins].
    center_hz : numpy.ndarray
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
    center_hz = center_hz[:, None]
    edge = 1j * f * 0.5 * center_hz
    return (edge / (center_hz**2 - f**2 + edge)) ** 2


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
