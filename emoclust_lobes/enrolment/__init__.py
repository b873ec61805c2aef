"""Embeddings relative to the speaker's other utterances."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "normalization": ["EnrolledClassifier", "SpeakerNormalization"]
    },
)
