"""Utterance vectors that no speaker network makes.

They stand behind the same interface as the speaker encoders, so that what
"just a frozen vector" gives can be measured beside them:

* ``stats``: mean and deviation of log-mels, where nothing is learned;
* ``egemaps``: the 88 functionals of the extended Geneva minimalistic acoustic
  parameter set, the descriptors of the voice that emotion research agreed on
  (Eyben et al., IEEE Transactions on Affective Computing 7(2), 2016);
* ``ssl``: mean and deviation over time of one hidden layer of a
  self-supervised model (wav2vec 2.0, HuBERT, WavLM) or of Whisper's encoder.

A network whose attribute ``normalize`` is False keeps the length of its
vectors: the units of eGeMAPS differ (Hz, dB, seconds), and the deviations of
hidden units mean something by their size.
"""

import math

import torch
from emoclust_lobes.encoders.front_ends import (
    FrontEndError,
    SSLFrontEnd,
    front_end_identity,
)
from emoclust_lobes.encoders.wheels import EncoderError
from huggingface_hub.constants import HF_HUB_CACHE
from torch import nn

from speechbrain.lobes.features import Fbank

SSL_SOURCE = "openai/whisper-base@4"


class LogMelStatistics(nn.Module):
    """Mean and standard deviation over time of 80 log-mels, in dB.

    Example
    -------
    >>> LogMelStatistics()(torch.randn(3, 8000)).shape
    torch.Size([3, 160])
    """

    dim = 160

    def __init__(self):
        super().__init__()
        self.features = Fbank(n_mels=80)

    def forward(self, waveforms):
        """Embed waveforms of one length, [batch, time] -> [batch, 160]."""
        return mean_and_deviation(self.features(waveforms))


class EGeMAPS(nn.Module):
    """The 88 functionals of eGeMAPS v02, computed by openSMILE.

    They are not normalized: each has a unit of its own.

    Arguments
    ---------
    sample_rate : int
        Rate of the waveforms, in Hz.

    Raises
    ------
    EncoderError
        When the package ``opensmile`` is not installed.

    Example
    -------
    >>> EGeMAPS()(torch.randn(2, 16000)).shape  # doctest: +SKIP
    torch.Size([2, 88])
    """

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
            for wave in waveforms.cpu()
        ]
        return torch.stack(rows).view(len(waveforms), self.dim)


class SSLStatistics(nn.Module):
    """Mean and deviation over time of a hidden layer of a pretrained model.

    An utterance of more than 30 s, which is all that Whisper hears at once,
    is heard in equal parts; the statistics are those of all their frames.

    Arguments
    ---------
    source : str
        Hub name or local folder, and the layer: ``"openai/whisper-base@4"``.
        Layer 0 is the input of the first transformer layer.

    Raises
    ------
    EncoderError
        When there is no layer in the source, or the model cannot be had.

    Example
    -------
    >>> from emoclust_lobes.synthetic.models import save_tiny
    >>> folder = save_tiny("wavlm", getfixture("tmp_path"))
    >>> SSLStatistics(f"{folder}@1")(torch.randn(2, 16000)).shape
    torch.Size([2, 32])
    """

    normalize = False
    longest = 30 * 16000  # samples

    def __init__(self, source):
        super().__init__()
        hub, layer = split_layer(source)
        try:
            self.front_end = SSLFrontEnd(hub, HF_HUB_CACHE, layers=[layer])
        except FrontEndError as error:
            raise EncoderError(str(error)) from error
        self.dim = 2 * self.front_end.size

    def forward(self, waveforms):
        """Embed waveforms of one length, [batch, time] -> [batch, dim]."""
        parts = waveforms.chunk(math.ceil(waveforms.shape[1] / self.longest), 1)
        frames = [self.front_end(part) for part in parts]
        return mean_and_deviation(torch.cat(frames, dim=1))


def mean_and_deviation(frames):
    """Mean and standard deviation over time, side by side.

    Arguments
    ---------
    frames : torch.Tensor
        Shape [batch, frames, size], at least two frames.

    Returns
    -------
    torch.Tensor
        Shape [batch, 2 * size].

    Example
    -------
    >>> mean_and_deviation(torch.tensor([[[0.0], [2.0], [4.0]]]))
    tensor([[2., 2.]])
    """
    return torch.cat([frames.mean(dim=1), frames.std(dim=1)], dim=-1)


def split_layer(source):
    """Take the layer off the source of an ``ssl`` encoder.

    Arguments
    ---------
    source : str
        Hub name or local folder, ``@`` and the number of a layer.

    Returns
    -------
    hub : str
    layer : int

    Raises
    ------
    EncoderError
        When there is no layer.

    Example
    -------
    >>> split_layer("openai/whisper-base@4")
    ('openai/whisper-base', 4)
    """
    hub, _, layer = str(source).rpartition("@")
    if not hub or not layer.isdecimal():
        raise EncoderError(
            "the encoder 'ssl' needs a hub name or a folder with a layer, as "
            f"in {SSL_SOURCE!r}, found {str(source)!r}"
        )
    return hub, int(layer)


def ssl_identity(source):
    """Tell what can be known of an ``ssl`` encoder without loading it.

    Arguments
    ---------
    source : str
        As for ``SSLStatistics``.

    Returns
    -------
    dict
        ``name`` and the identity of the front end; of a hub's model that was
        never loaded the revision is missing.

    Raises
    ------
    EncoderError
        When there is no layer.

    Example
    -------
    >>> ssl_identity("nobody/whisper@4")
    {'name': 'ssl', 'source': 'nobody/whisper', 'layers': [4]}
    """
    hub, layer = split_layer(source)
    return {"name": "ssl", **front_end_identity(hub, HF_HUB_CACHE, [layer])}
