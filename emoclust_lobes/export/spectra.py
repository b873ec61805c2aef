"""Spectral features as convolutions, of which an ONNX file can be made.

A windowed Fourier transform of frames is linear: a convolution whose filters
are the windowed sines and cosines. What comes before it frame by frame (a
mean removed, preemphasis) is linear, too, and folded into the filters.
"""

import torch
from emoclust_lobes.encoders.front_ends import SSLFrontEnd
from emoclust_lobes.encoders.layer_mix import NoNormalization
from emoclust_lobes.encoders.wheel_encoders import KaldiFbank, leveled
from emoclust_lobes.inference.trust import InferenceError
from torch import nn
from torch.nn import functional as F
from torchaudio.compliance import kaldi

from speechbrain.lobes.features import Fbank
from speechbrain.processing.features import InputNormalization


class PowerSpectrum(nn.Module):
    """Power of windowed frames, [batch, samples] -> [batch, bins, frames].

    ``before`` [length, length] is applied to each frame, float64; with
    ``pad_mode`` frames are centered, as ``torch.stft`` does.
    """

    filters: torch.Tensor

    def __init__(self, window, n_fft, hop, pad_mode=None, before=None):
        super().__init__()
        window = window.double().cpu()
        length = len(window)
        # A window that is shorter than the transform stands in its middle
        start = (n_fft - length) // 2 if pad_mode else 0
        times = torch.arange(start, start + length, dtype=torch.float64)
        bins = torch.arange(n_fft // 2 + 1, dtype=torch.float64)
        # Whole turns off first, for which large angles lose digits
        angles = torch.outer(bins, times) % n_fft * (2 * torch.pi / n_fft)
        filters = torch.cat([angles.cos(), angles.sin()]) * window
        if before is not None:
            filters = filters @ before
        self.register_buffer("filters", filters.float()[:, None])
        self.hop, self.pad_mode = hop, pad_mode
        self.pad = n_fft // 2 - start

    def forward(self, wavs):
        wavs = wavs[:, None]
        if self.pad_mode:
            wavs = F.pad(wavs, (self.pad, self.pad), mode=self.pad_mode)
        real, imaginary = F.conv1d(wavs, self.filters, stride=self.hop).chunk(
            2, dim=1
        )
        return real.square() + imaginary.square()


class ConvolvedFbank(nn.Module):
    """SpeechBrain's log-mels."""

    def __init__(self, fbank):
        super().__init__()
        stft = fbank.compute_STFT
        if not (stft.center and stft.onesided) or stft.normalized_stft:
            raise InferenceError(
                "only centered spectra, neither two-sided nor normalized, can "
                "be exported"
            )
        self.power = PowerSpectrum(
            stft.window, stft.n_fft, stft.hop_length, stft.pad_mode
        )
        self.fbank = fbank

    def forward(self, wavs):
        frames = self.power(wavs).transpose(1, 2)
        mels = self.fbank.compute_fbanks(frames)
        if self.fbank.deltas:
            first = self.fbank.compute_deltas(mels)
            second = self.fbank.compute_deltas(first)
            mels = torch.cat([mels, first, second], dim=2)
        return self.fbank.context_window(mels) if self.fbank.context else mels


class ConvolvedKaldiFbank(nn.Module):
    """Kaldi's log-mels, those of ``KaldiFbank``."""

    mels: torch.Tensor

    def __init__(self, level=None):
        super().__init__()
        self.level = level
        length, n_fft = 400, 512
        # Off each frame its mean; then of each sample .97 of the one before,
        # of the first of itself
        remove = torch.eye(length).double() - 1 / length
        before = torch.eye(length).double()
        before -= 0.97 * torch.diag(torch.ones(length - 1).double(), -1)
        before[0, 0] -= 0.97
        window = torch.hann_window(length, periodic=False, dtype=torch.float64)
        self.power = PowerSpectrum(
            window**0.85, n_fft, hop=160, before=before @ remove
        )
        mels, _ = kaldi.get_mel_banks(
            *(80, n_fft, 16000.0, 20.0, 0.0, 100.0, -500.0, 1.0)
        )
        # The last bin counts nothing
        self.register_buffer("mels", F.pad(mels, (0, 1)))

    def forward(self, wavs):
        wavs = leveled(wavs, self.level)
        energies = (self.mels @ self.power(wavs)).transpose(1, 2)
        return energies.clamp(min=torch.finfo(torch.float32).eps).log()


class ConvolvedWhisperMels(nn.Module):
    """Log-mels of one waveform [samples], in the place of a wrapper's."""

    filters: torch.Tensor

    def __init__(self, wrapper):
        super().__init__()
        n_fft = wrapper._n_fft
        window = torch.hann_window(n_fft)
        self.power = PowerSpectrum(
            window, n_fft, wrapper._hop_length, "reflect"
        )
        self.register_buffer("filters", wrapper._mel_filters)

    def forward(self, audio):
        mels = self.filters @ self.power(audio[None])[0, :, :-1]
        mels = mels.clamp(min=1e-10).log10()
        return (torch.maximum(mels, mels.max() - 8.0) + 4.0) / 4.0


class CenteredFrames(nn.Module):
    """SpeechBrain's normalization of one utterance by itself."""

    def __init__(self, normalization):
        super().__init__()
        self.scales = normalization.std_norm
        self.epsilon = normalization.epsilon

    def forward(self, frames):
        frames = frames - frames.mean(dim=1, keepdim=True)
        if not self.scales:
            return frames
        spread = frames.square().mean(dim=1, keepdim=True).sqrt()
        return frames / spread.clamp(min=self.epsilon)


def exportable_features(module):
    """Return what computes the same as these features, without a transform."""
    if isinstance(module, Fbank):
        return ConvolvedFbank(module)
    if isinstance(module, KaldiFbank):
        return ConvolvedKaldiFbank(module.level)
    if isinstance(module, SSLFrontEnd):
        wrapper = module.load().wrapper
        if hasattr(wrapper, "log_mel_spectrogram"):
            wrapper.log_mel_spectrogram = ConvolvedWhisperMels(wrapper)
        if module.beside is not None:
            beside = ConvolvedKaldiFbank(module.beside.filterbank.level)
            module.beside.add_module("filterbank", beside)
    return module


def exportable_normalization(module):
    """Return what normalizes one utterance as this module does."""
    if isinstance(module, NoNormalization):
        return nn.Identity()
    if not isinstance(module, InputNormalization):
        return _WithoutLengths(module)
    if module.norm_type != "sentence":
        raise InferenceError(
            f"features normalized by {module.norm_type!r} cannot be exported, "
            "those by 'sentence' can"
        )
    return CenteredFrames(module)


class _WithoutLengths(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, frames):
        return self.module(frames, torch.ones(1, device=frames.device))
