"""Pretrained speech models with random weights, small enough for tests."""

import torch

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


def save_tiny(kind, folder, do_normalize=True, **settings):
    """Leave a model of three layers, always the same, in a folder.

    ``kind`` is wav2vec2, hubert, wavlm or whisper, ``settings`` are its own.
    Without the transformers library, the test that asks is skipped.
    """
    import pytest  # only tests need it

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
