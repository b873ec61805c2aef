"""Windows that overlap by half, of which every other one is computed.

What lies between two computed windows is put together of the second half of
one's frames and the first half of the other's, and pooled as any window is: every
second is heard once, not twice. Such frames have seen another part of the
recording than those of the window by itself, so that its probabilities differ.
"""

import torch
from emoclust_lobes.encoders.layer_mix import MixedEncoder
from emoclust_lobes.encoders.wheel_encoders import CamPlusPlusEncoder
from emoclust_lobes.predict.inputs import PredictError

from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN


class Overlaps:
    """Finds the windows that lie between two others, one after another."""

    def __init__(self, rate):
        self.rate = rate
        self.last = None

    def add(self, held):
        """Take the next window; the one before it may lie between two now."""
        before, self.last = self.last, held
        if before is None or not self._half_later(before, held):
            return
        if before.left is not None:
            before.right = held
        else:
            held.left = before

    @property
    def open(self):
        """Whether the next window decides what becomes of the last one."""
        return self.last is not None and self.last.left is not None

    def _half_later(self, one, other):
        samples = len(one.waveform)
        later = (other.start - one.start) * self.rate
        return (
            one.found is other.found
            and one.turn == other.turn
            and samples == len(other.waveform)
            and abs(later - samples / 2) <= 1
        )


class FrameSharing:
    """A model in two parts: from waveforms to frames, from these to vectors.

    PredictError says of which model the parts are not known.
    """

    def __init__(self, model):
        self.model = model
        network = model.mods.embedding_model
        if isinstance(network, MixedEncoder) and not network.vector_size:
            self.parts = (_unchanged, MixedEncoder.forward)
        elif isinstance(network, ECAPA_TDNN):
            self.parts = (_ecapa_frames, _ecapa_pool)
        elif isinstance(network, CamPlusPlusEncoder):
            self.parts = (_campplus_frames, _campplus_pool)
        else:
            raise PredictError(
                "--share_frames is for models whose frames can be told from "
                "their pooling (ECAPA-TDNN, CAM++, a mix of a front end's "
                f"layers), not for {type(network).__name__}: leave it out"
            )

    def frames(self, waveforms):
        """Compute [batch, time] -> [batch, frames, size]."""
        waveforms = waveforms.to(self.model.device)
        whole = torch.ones(len(waveforms), device=waveforms.device)
        features = self.model.mods.compute_features(waveforms)
        features = self.model.mods.mean_var_norm(features, whole)
        network, (frames, _) = self.model.mods.embedding_model, self.parts
        return frames(network, features)

    def pool(self, frames):
        """Compute [batch, frames, size] -> [batch, 1, dim]."""
        return self.parts[1](self.model.mods.embedding_model, frames)


def between(left, right):
    """Join the halves of frames [frames, size] of two windows."""
    first = len(left) - len(left) // 2
    return torch.cat([left[first:], right[:first]])


def _unchanged(network, features):
    return features


def _ecapa_frames(network, features):
    x, outputs = features.transpose(1, 2), []
    for block in network.blocks:
        x = block(x)
        outputs.append(x)
    return network.mfa(torch.cat(outputs[1:], dim=1)).transpose(1, 2)


def _ecapa_pool(network, frames):
    pooled = network.asp_bn(network.asp(frames.transpose(1, 2)))
    return network.fc(pooled).transpose(1, 2)


def _campplus_frames(network, features):
    x = network.network.head(features.transpose(1, 2))
    for name, layer in network.network.xvector.named_children():
        if name == "stats":
            break
        x = layer(x)
    return x.transpose(1, 2)


def _campplus_pool(network, frames):
    layers = network.network.xvector
    return layers.dense(layers.stats(frames.transpose(1, 2))).unsqueeze(1)
