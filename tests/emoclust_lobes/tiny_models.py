"""Pretrained speech models with random weights, small enough for tests."""

import pytest
import torch
from emoclust_lobes.front_ends import SSLFrontEnd

WAV2VEC2 = {
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "conv_dim": (8,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 2,
}
WHISPER = {
    "d_model": 16,
    "encoder_layers": 3,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_layers": 1,
    "decoder_attention_heads": 2,
    "decoder_ffn_dim": 32,
    "vocab_size": 64,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
}
# Layer norms in the convolutions and before each sublayer, as the large models
# have them; the others are as the base models
LARGE = {"do_stable_layer_norm": True, "feat_extract_norm": "layer"}
KINDS = ["wav2vec2", "hubert", "wavlm", "wav2vec2-layer", "wavlm-layer"]
ALL_KINDS = [*KINDS, "whisper"]


def save_tiny(kind, folder, do_normalize=True, **settings):
    """Leave a model and its feature extractor in a folder.

    ``kind`` is wav2vec2, hubert, wavlm or whisper; ``settings`` change its
    configuration. The weights are the same each time.
    """
    transformers = pytest.importorskip("transformers")
    sizes = WHISPER if kind == "whisper" else WAV2VEC2
    config = transformers.AutoConfig.for_model(kind, **{**sizes, **settings})
    torch.manual_seed(0)
    transformers.AutoModel.from_config(config).save_pretrained(folder)
    if kind == "whisper":
        extractor = transformers.WhisperFeatureExtractor()
    else:
        extractor = transformers.Wav2Vec2FeatureExtractor(
            do_normalize=do_normalize
        )
    extractor.save_pretrained(folder)
    return folder


def save_model(kind, folder, normalize=True, **settings):
    """Leave a model that is loud, of one of ``ALL_KINDS``, in a folder.

    ``-layer`` stands for a large model.
    """
    name, _, layer = kind.partition("-")
    if name == "whisper":
        return save_tiny(name, folder, init_std=0.2, **settings)
    loud = {"initializer_range": 0.2, "layerdrop": 1.0}  # no layer is skipped
    settings = {**loud, **(LARGE if layer else {}), **settings}
    return save_tiny(name, folder, do_normalize=normalize, **settings)


def front_end(folder, **settings):
    """Make a front end of the model in a folder."""
    return SSLFrontEnd(folder, save_path=folder, **settings)
