"""Models of speech: speaker encoders, front ends, mixes of their layers."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "dimensions_head": ["DimensionsHead"],
        "front_ends": ["SSLFrontEnd"],
        "layer_mix": ["MixedEncoder", "NoNormalization", "make_encoder"],
        "speaker_encoders": ["SpeakerEncoder"],
        "wheel_encoders": ["CamPlusPlusEncoder", "KaldiFbank"],
    },
)
