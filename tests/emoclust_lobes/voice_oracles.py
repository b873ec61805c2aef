"""Measures of a voice that share nothing with how it is synthesized."""

import numpy as np
import scipy.signal
import soundfile


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


def level_db(audio):
    return 10 * np.log10(np.mean(audio**2))


def treble_db(audio):
    """Level of 1 to 4 kHz relative to what is below."""
    f, power = scipy.signal.welch(audio, 16000, nperseg=512)
    treble, bass = power[(f > 1000) & (f < 4000)], power[(f > 50) & (f < 1000)]
    return 10 * np.log10(treble.sum() / bass.sum())


def mel_statistics(path, n_mels=40):
    """Mean and deviation over time of log-mel energies, shape [80]."""
    audio, rate = soundfile.read(path)
    frames = np.lib.stride_tricks.sliding_window_view(audio, 400)[::160]
    power = np.abs(np.fft.rfft(frames * np.hanning(400), 512)) ** 2
    f = np.fft.rfftfreq(512, 1 / rate)
    edges = 700 * (10 ** (np.linspace(0, 2840, n_mels + 2) / 2595) - 1)
    filters = [np.interp(f, edges[i : i + 3], [0, 1, 0]) for i in range(n_mels)]
    mels = np.log(power @ np.array(filters).T + 1e-6)
    return np.concatenate([mels.mean(axis=0), mels.std(axis=0)])
