"""Utterance vectors that no speaker network makes, behind its interface.

``stats`` are mean and deviation of log-mels, where nothing is learned;
``egemaps`` the 88 functionals of the extended Geneva minimalistic acoustic
parameter set (Eyben et al., IEEE Transactions on Affective Computing 7(2),
2016); ``ssl`` mean and deviation over time of one hidden layer of a
self-supervised model or Whisper's encoder. The last two keep the length of
their vectors: units differ (Hz, dB, seconds), and the deviations of hidden
units mean something by their size.
"""

import math

import torch
from emoclust_lobes.encoders.front_end_models import front_end_identity
from emoclust_lobes.encoders.front_ends import SSLFrontEnd
from emoclust_lobes.encoders.wheels import EncoderError
from huggingface_hub.constants import HF_HUB_CACHE
from torch import nn

from speechbrain.lobes.features import Fbank

SSL_SOURCE = "openai/whisper-base@4"


class LogMelStatistics(nn.Module):
    """Mean and standard deviation over time of 80 log-mels, in dB."""

    dim = 160

    def __init__(self):
        super().__init__()
        self.features = Fbank(n_mels=80)

    def forward(self, waveforms):
        """Embed waveforms of one length, [batch, time] -> [batch, 160]."""
        return mean_and_deviation(self.features(waveforms))


class EGeMAPS(nn.Module):
    """The 88 functionals of eGeMAPS v02, computed by openSMILE."""

    dim = 88
    normalize = False

    def __init__(self, sample_rate=16000):
        super().__init__()
        try:
            import opensmile
        except ImportError as error:
            raise EncoderError(
                "the encoder 'egemaps' needs the package opensmile: "
                'pip install "emoclust[egemaps]"'
            ) from error
        self.sample_rate = sample_rate
        self.smile = opensmile.Smile(
            feature_set=opensmile.FeatureSet.eGeMAPSv02,
            feature_level=opensmile.FeatureLevel.Functionals,
        )

    def forward(self, waveforms):
        """Embed waveforms of one length, [batch, time] -> [batch, 88]."""
        rows = [
            torch.from_numpy(self.smile(wave.numpy(), self.sample_rate))
            # openSMILE 2.6.0 makes integers of 16 bits without a limit: +1.0
            # turns over to -32768, and loud speech gets clicks
            for wave in waveforms.cpu().clamp(-1, 32767 / 32768)
        ]
        return torch.stack(rows).view(len(waveforms), self.dim)


class SSLStatistics(nn.Module):
    """Mean and deviation over time of a hidden layer of a pretrained model.

    An utterance of more than 30 s, which is all that Whisper takes at once,
    goes in equal parts; the statistics are those of all their frames.
    """

    normalize = False
    longest = 30 * 16000  # samples

    def __init__(self, source):
        super().__init__()
        hub, layer = split_layer(source)
        self.front_end = SSLFrontEnd(hub, HF_HUB_CACHE, layers=[layer])
        self.dim = 2 * self.front_end.size

    def forward(self, waveforms):
        """Embed waveforms of one length, [batch, time] -> [batch, dim]."""
        parts = waveforms.chunk(math.ceil(waveforms.shape[1] / self.longest), 1)
        frames = [self.front_end(part) for part in parts]
        return mean_and_deviation(torch.cat(frames, dim=1))


def mean_and_deviation(frames):
    """Statistics over time: [batch, frames, size] -> [batch, 2 * size]."""
    return torch.cat([frames.mean(dim=1), frames.std(dim=1)], dim=-1)


def split_layer(source):
    """Split ``HUB@LAYER`` into a hub name or local folder, and a number."""
    hub, _, layer = str(source).rpartition("@")
    if not hub or not layer.isdecimal():
        raise EncoderError(
            "the encoder 'ssl' needs a hub name or a folder with a layer, as "
            f"in {SSL_SOURCE!r}, found {str(source)!r}"
        )
    return hub, int(layer)


def ssl_identity(source):
    """Tell what is known of an ``ssl`` encoder without loading it."""
    hub, layer = split_layer(source)
    return {"name": "ssl", **front_end_identity(hub, HF_HUB_CACHE, [layer])}
