"""Spectral features as convolutions, of which an ONNX file can be made.

A windowed Fourier transform of frames is linear: a convolution whose filters
are the windowed sines and cosines. What comes before it frame by frame (a
mean removed, preemphasis) is linear, too, and folded into the filters.
"""

import torch
from emoclust_lobes.encoders.front_ends import SSLFrontEnd
from emoclust_lobes.encoders.wheel_encoders import KaldiFbank, leveled
from torch import nn
from torch.nn import functional as F
from torchaudio.compliance import kaldi

from speechbrain.lobes.features import Fbank


class Spectrum(nn.Module):
    """Spectra, [batch, samples] -> [batch, frames, bins, 2], as SpeechBrain's.

    ``before`` [length, length] is applied to each frame, float64; with
    ``pad_mode`` frames are centered, as ``torch.stft`` does.
    """

    filters: torch.Tensor

    def __init__(self, window, n_fft, hop, pad_mode=None, before=None):
        super().__init__()
        length = len(window)
        # A window that is shorter than the transform stands in its middle
        start = (n_fft - length) // 2 if pad_mode else 0
        times = torch.arange(start, start + length, dtype=torch.float64)
        bins = torch.arange(n_fft // 2 + 1, dtype=torch.float64)
        # Whole turns off first, for which large angles lose digits
        angles = torch.outer(bins, times) % n_fft * (2 * torch.pi / n_fft)
        filters = torch.cat([angles.cos(), -angles.sin()]) * window.double()
        filters = filters if before is None else filters @ before
        self.register_buffer("filters", filters.float()[:, None])
        self.hop, self.pad_mode, self.pad = hop, pad_mode, n_fft // 2 - start

    def forward(self, wavs):
        wavs = wavs[:, None]
        if self.pad_mode:
            wavs = F.pad(wavs, (self.pad, self.pad), mode=self.pad_mode)
        parts = F.conv1d(wavs, self.filters, stride=self.hop).chunk(2, dim=1)
        return torch.stack(parts, dim=-1).transpose(1, 2)


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
        self.spectrum = Spectrum(
            window**0.85, n_fft, hop=160, before=before @ remove
        )
        mels, _ = kaldi.get_mel_banks(
            *(80, n_fft, 16000.0, 20.0, 0.0, 100.0, -500.0, 1.0)
        )
        # The last bin counts nothing
        self.register_buffer("mels", F.pad(mels, (0, 1)))

    def forward(self, wavs):
        spectra = self.spectrum(leveled(wavs, self.level))
        energies = spectra.square().sum(dim=-1) @ self.mels.T
        return energies.clamp(min=torch.finfo(torch.float32).eps).log()


class ConvolvedWhisperMels(nn.Module):
    """Log-mels of one waveform [samples], in the place of a wrapper's."""

    filters: torch.Tensor

    def __init__(self, wrapper):
        super().__init__()
        n_fft, hop = wrapper._n_fft, wrapper._hop_length
        window = torch.hann_window(n_fft)
        self.spectrum = Spectrum(window, n_fft, hop, "reflect")
        self.register_buffer("filters", wrapper._mel_filters)

    def forward(self, audio):
        power = self.spectrum(audio[None])[0, :-1].square().sum(dim=-1)
        mels = (self.filters @ power.T).clamp(min=1e-10).log10()
        return (torch.maximum(mels, mels.max() - 8.0) + 4.0) / 4.0


def exportable_features(module):
    """Return what computes the same as these features, without a transform."""
    if isinstance(module, Fbank):
        stft = module.compute_STFT
        module.compute_STFT = Spectrum(
            stft.window, stft.n_fft, stft.hop_length, stft.pad_mode
        )
    elif isinstance(module, KaldiFbank):
        return ConvolvedKaldiFbank(module.level)
    elif isinstance(module, SSLFrontEnd):
        wrapper = module.load().wrapper
        if hasattr(wrapper, "log_mel_spectrogram"):
            wrapper.log_mel_spectrogram = ConvolvedWhisperMels(wrapper)
        for part in (module.beside, module.speaker):
            if part is not None:
                part.add_module("filterbank", ConvolvedKaldiFbank())
        for each in (module.states, module.beside, module.speaker):
            if each is not None:  # stays: an export takes no moves
                vars(each)["to"] = lambda device, each=each: each
    return module
