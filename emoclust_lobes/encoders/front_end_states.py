"""Hidden states of pretrained speech models, up to the highest one wanted."""

import math

import torch
from torch import nn
from torch.nn import functional as F

# That of the transformers library's feature extractor
LEVEL_EPSILON = 1e-7


class Wav2Vec2States(nn.Module):
    """Hidden states of wav2vec 2.0, HuBERT or WavLM, up to a depth.

    ``hop`` is the number of samples per frame; ``shortest`` and ``longest``
    say how many samples an utterance may have.
    """

    longest = math.inf

    def __init__(self, wrapper, depth):
        super().__init__()
        self.wrapper = wrapper
        # SpeechBrain's own leveling leaves soft speech softer than the model
        # has been trained on.
        self.levels, wrapper.normalize_wav = wrapper.normalize_wav, False
        config, encoder = wrapper.model.config, wrapper.model.encoder
        config.layerdrop = 0.0
        # The states are taken off the layers: there must be one of them.
        encoder.layers = encoder.layers[: max(depth, 1)]
        if config.do_stable_layer_norm:
            # The norm behind the last layer is part of no hidden state.
            encoder.layer_norm = nn.Identity()
        self.body = (wrapper.model.feature_projection, encoder)
        self.hop = math.prod(config.conv_stride)
        # From one frame back to the samples that it takes
        self.shortest = 1
        for kernel, stride in zip(
            reversed(config.conv_kernel), reversed(config.conv_stride)
        ):
            self.shortest = (self.shortest - 1) * stride + kernel

    @property
    def transformer(self):
        """The layers."""
        return self.wrapper.model.encoder.layers

    def forward(self, wavs, wav_lens):
        """[batch, samples] -> [1 + depth, batch, frames, size]."""
        if self.levels:
            wavs = F.layer_norm(wavs, wavs.shape[1:], eps=LEVEL_EPSILON)
        return self.wrapper(wavs, wav_lens)


class WhisperStates(nn.Module):
    """Hidden states of Whisper's encoder, up to a depth, without padding.

    Whisper's own code pads to half a minute: ten times the work for 3 s.
    """

    def __init__(self, wrapper, depth):
        super().__init__()
        self.wrapper = wrapper
        encoder = wrapper.model.encoder
        if depth < len(encoder.layers):
            # The norm behind the very last layer is part of its state alone.
            encoder.layer_norm = nn.Identity()
        encoder.layers = encoder.layers[:depth]
        self.body = (encoder.layers, encoder.layer_norm)
        extractor = wrapper.feature_extractor
        self.hop = extractor.hop_length * encoder.conv2.stride[0]
        self.shortest = extractor.n_fft
        self.longest = self.hop * encoder.embed_positions.num_embeddings

    @property
    def transformer(self):
        """The layers."""
        return self.wrapper.model.encoder.layers

    def forward(self, wavs, wav_lens):
        """[batch, samples] -> 1 + depth of [batch, frames, size]."""
        encoder = self.wrapper.model.encoder
        # One by one: log-mels are cut off below the loudest of the whole input,
        # and no vector should depend on its batch.
        mels = [self.wrapper.log_mel_spectrogram(wav) for wav in wavs]
        frames = F.gelu(encoder.conv1(torch.stack(mels)))
        frames = F.gelu(encoder.conv2(frames)).transpose(1, 2)
        positions = encoder.embed_positions.weight[: frames.shape[1]]
        states = [frames + positions]
        for layer in encoder.layers:
            states.append(layer(states[-1], None))
        states[-1] = encoder.layer_norm(states[-1])
        return states
