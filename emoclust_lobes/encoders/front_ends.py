"""Pretrained self-supervised speech models in front of an embedding model.

wav2vec 2.0, HuBERT, WavLM and the encoder of Whisper stand behind SpeechBrain's
own wrappers; the ``model_type`` in a model's ``config.json`` says which. All of
them take 16 kHz and give 50 frames per second.
"""

import functools
import pathlib

import torch
from emoclust_lobes.encoders.front_end_models import (
    FrontEndError,
    front_end_identity,
    load_wrapper,
    read_sizes,
)
from emoclust_lobes.encoders.front_end_states import (
    Wav2Vec2States,
    WhisperStates,
)
from emoclust_lobes.encoders.lora import AdaptedModule, add_adapters
from emoclust_lobes.encoders.wheel_encoders import (
    CamPlusPlus,
    CamPlusPlusFrames,
)
from emoclust_lobes.encoders.wheels import CAMPPLUS
from torch import nn


class SSLFrontEnd(AdaptedModule):
    """Hidden states of a pretrained speech model, side by side.

    Usable as ``compute_features`` of SpeechBrain's ``EncoderClassifier``.

    Layer 0 is the input of the first transformer layer, layer ``i`` the output
    of the ``i``-th, as in the ``hidden_states`` of the transformers library;
    layers above the highest chosen one are dropped from the model. No layer is
    skipped at random in training (LayerDrop): all of them are needed.

    Only what trains is ever in training mode. A frozen model is loaded when it
    first computes: where its features are cached, never.

    Give batches of one length. The models whose input is normalized or whose
    convolutions have a group norm give a padded utterance other frames than
    the utterance alone, whatever its length says; Whisper takes no lengths.

    Arguments
    ---------
    source : str
        Hub name or local folder of the model; ``ssl_hub`` in the YAML files.
    save_path : str
        Where the hub's models are kept; what is there is not asked for again.
    layers : str or list of int
        ``"all"``, or the indices of the layers in the wanted order.
    trainable_layers : int or str
        How many of the topmost computed transformer layers train; ``"all"``
        for everything but the convolutional feature extractor.
    gradient_checkpointing : bool
        Compute layers again in the backward pass: less memory, more time.
    pooled_frames : int
        So many neighboring frames are averaged to one, for less to train on;
        1 keeps them all. What is left over at the end is dropped, except from
        an utterance that has fewer: these are averaged.
    speaker_frames : bool
        Put the frames of CAM++, a speaker encoder, beside the layers. They
        never train.
    speaker_vector : bool
        Put the vector of CAM++ beside the layers, at every frame. It is that
        of all that is computed at once: where features are cached, of the
        whole utterance. It never trains.
    lora_rank : int
        Rank of adapters in all computed transformer layers, which train while
        the model stays as it is; checkpoints hold them alone. 0 has none.

    Attributes
    ----------
    n_layers, size : int
        Number of layers and size of each.
    beside_size : int
        Size of the frames that are beside the layers, 0 where there are none.
    vector_size : int
        Size of the vector that is behind these, 0 where there is none.
    trains : bool
        Whether any of it does.

    Raises
    ------
    FrontEndError
        When the model cannot be had, is none of the four or has no such layer.

    Example
    -------
    >>> from emoclust_lobes.synthetic.models import save_tiny
    >>> folder = save_tiny("wavlm", getfixture("tmp_path"))
    >>> front_end = SSLFrontEnd(folder, save_path=folder, layers=[1, 2])
    >>> front_end(torch.randn(4, 16000)).shape
    torch.Size([4, 49, 32])
    """

    sample_rate = 16000
    # Where the digest of its files is kept
    digest_cache: pathlib.Path | None = None

    def __init__(
        self,
        source,
        save_path,
        layers="all",
        trainable_layers=0,
        gradient_checkpointing=False,
        pooled_frames=1,
        speaker_frames=False,
        speaker_vector=False,
        lora_rank=0,
    ):
        super().__init__()
        self.source, self.save_path = str(source), str(save_path)
        depth, self.size = read_sizes(self.source, self.save_path)
        self.layers = _choose(layers, depth, self.source)
        self.n_layers = len(self.layers)
        if trainable_layers != 0 and lora_rank:
            raise FrontEndError(
                f"ssl_lora_rank={lora_rank} trains adapters and leaves the "
                f"model as it is, ssl_trainable_layers={trainable_layers} "
                "trains the model: set one of the two to 0"
            )
        self.lora_rank = lora_rank
        self.trains = trainable_layers != 0 or lora_rank > 0
        self.pooled_frames = pooled_frames
        self.beside_size = CamPlusPlusFrames.dim if speaker_frames else 0
        self.vector_size = CamPlusPlus.dim if speaker_vector else 0
        self.states: Wav2Vec2States | WhisperStates | None = None
        self.beside: CamPlusPlusFrames | None = None
        self.speaker: CamPlusPlus | None = None
        self.trained: tuple[nn.Module, ...] = ()
        if self.trains:
            states = self.load()
            if lora_rank:
                self.trained = add_adapters(states.wrapper.model, lora_rank)
            else:
                self.trained = self._choose_trained(states, trainable_layers)
                for module in self.trained:
                    module.requires_grad_(True)
            if gradient_checkpointing:
                # Re-entrant checkpoints lose the gradient above frozen layers.
                states.wrapper.model.gradient_checkpointing_enable(
                    gradient_checkpointing_kwargs={"use_reentrant": False}
                )
        self.train()

    def load(self):
        """Load the model, unless it was, and return its hidden states."""
        if self.states is not None:
            return self.states
        wrapper = self._load_wrapper()
        is_whisper = wrapper.model.config.model_type == "whisper"
        family = WhisperStates if is_whisper else Wav2Vec2States
        self.states = family(wrapper, depth=max(self.layers))
        if self.beside_size:
            self.beside = CamPlusPlusFrames()
        if self.vector_size:
            self.speaker = CamPlusPlus()
        self.requires_grad_(False)
        self.train(self.training)
        return self.states

    def _load_wrapper(self):
        return load_wrapper(self.source, self.save_path)

    @functools.cached_property
    def identity(self):
        """As of ``front_end_identity``, with what is made of the layers."""
        identity = front_end_identity(
            self.source, self.save_path, self.layers, self.digest_cache
        )
        identity["pooled_frames"] = self.pooled_frames
        if self.beside_size:
            identity["speaker_frames"] = CAMPPLUS["sha256"]
        if self.vector_size:
            identity["speaker_vector"] = CAMPPLUS["sha256"]
        return identity

    @property
    def hop(self):
        """Samples per frame."""
        return self.load().hop * self.pooled_frames

    def _choose_trained(self, states, trainable_layers):
        if trainable_layers == "all":
            return states.body
        depth, computed = max(self.layers), states.transformer
        if trainable_layers not in range(depth + 1):
            raise FrontEndError(
                f"trainable_layers must be all or from 0 to {depth}, the "
                f"number of layers that are computed for layers {self.layers} "
                f"of {self.source}; found {trainable_layers!r}"
            )
        return tuple(computed[depth - trainable_layers : depth])

    def train(self, mode=True):
        """Put what trains, and nothing else, in training mode."""
        super().train(False)
        for module in self.trained:
            module.train(mode)
        return self

    def forward(self, wavs, wav_lens=None):
        """16 kHz [batch, samples] -> [batch, frames, n_layers * size].

        What stands beside the layers makes the frames longer. All but Whisper do not attend to what is beyond the relative lengths
        [batch]. Raises a ValueError for what is too short or too long.
        """
        model = self.load().to(wavs.device)  # where it is, it stays
        samples = wavs.shape[1]
        if not model.shortest <= samples <= model.longest:
            raise ValueError(
                f"{self.source} takes {model.shortest} to {model.longest} "
                f"samples at 16 kHz, found {samples} ({samples / 16000:g} s)"
            )
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.trains):
            states = model(wavs, wav_lens)
            frames = torch.cat([states[x] for x in self.layers], dim=-1)
        if self.beside is not None:
            with torch.no_grad():
                others = self.beside.to(wavs.device)(wavs)
            others = _fitted(others, frames.shape[1])
            frames = torch.cat([frames, others], dim=-1)
        if self.speaker is not None:
            with torch.no_grad():
                vectors = self.speaker.to(wavs.device)(_long_enough(wavs))
            vectors = nn.functional.normalize(vectors, dim=-1)
            vectors = vectors[:, None].expand(-1, frames.shape[1], -1)
            frames = torch.cat([frames, vectors], dim=-1)
        return self._pool(frames)

    def _pool(self, frames):
        """Average neighbors, [batch, frames, size] over time."""
        pooled = min(self.pooled_frames, frames.shape[1])
        if pooled == 1:
            return frames
        kept = frames[:, : frames.shape[1] // pooled * pooled]
        return kept.unflatten(1, (-1, pooled)).mean(dim=2)


def _long_enough(wavs, shortest=8000):
    """Repeat waveforms to half a second, as before they are clustered."""
    return wavs.repeat(1, -(-shortest // wavs.shape[1]))


def _fitted(frames, count):
    """Take so many of the frames [batch, frames, size]."""
    # CAM++ and the models both give fifty per second; at the end one or the
    # other may have one or two more, for which the last is repeated.
    missing = count - frames.shape[1]
    if missing > 0:
        last = frames[:, -1:].expand(-1, missing, -1)
        frames = torch.cat([frames, last], dim=1)
    return frames[:, :count]


def _choose(layers, depth, source):
    chosen = list(range(depth + 1)) if layers == "all" else list(layers)
    if not chosen or not set(chosen) <= set(range(depth + 1)):
        raise FrontEndError(
            f"layers must be all or a list of indices from 0 to {depth}, the "
            f"number of layers of {source}; found {layers!r}"
        )
    return chosen
