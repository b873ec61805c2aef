"""Measures of a voice that share nothing with how it is synthesized."""

import numpy as np
import scipy.linalg
import scipy.signal


def pitch_track(audio, rate=16000):
    """Pitch in Hz of the clearly periodic frames.

    Generalised autocorrelation of the lower band: the compressed spectrum
    keeps a strong formant from passing for the pitch (T. Tolonen and
    M. Karjalainen, 2000).
    """
    frames = np.lib.stride_tricks.sliding_window_view(audio, 800)[::160]
    frames = frames[frames.std(axis=1) > 0.3 * audio.std()]
    spectra = np.abs(np.fft.rfft(frames * np.hanning(800), 2048)) ** 0.67
    spectra[:, 2500 * 2048 // rate :] = 0
    correlations = np.fft.irfft(spectra)
    track = []
    for correlation in correlations / correlations[:, :1]:
        correlation = correlation[: rate // 60]
        peaks = scipy.signal.argrelmax(correlation)[0]
        peaks = peaks[peaks > rate / 700]
        if len(peaks) and correlation[peaks].max() > 0.25:
            highest = correlation[peaks].max()
            track.append(rate / peaks[correlation[peaks] > 0.85 * highest][0])
    return np.array(track)


def formants(audio, rate=16000):
    """Frequencies of the narrow resonances, in Hz, by linear prediction."""
    audio = scipy.signal.resample_poly(audio, 5, 8)  # to 10 kHz
    audio = np.append(audio[0], audio[1:] - 0.9 * audio[:-1])
    audio = audio * np.hanning(len(audio))
    full = scipy.signal.correlate(audio, audio, method="fft")
    full = full[len(audio) - 1 :][:13]
    predictor = scipy.linalg.solve_toeplitz(full[:12], full[1:])
    roots = np.roots(np.append(1, -predictor))
    roots = roots[(roots.imag > 0) & (np.abs(roots) > 0.85)]
    return np.sort(np.angle(roots) / (2 * np.pi) * rate * 5 / 8)


def level_db(audio):
    return 10 * np.log10(np.mean(audio**2))
