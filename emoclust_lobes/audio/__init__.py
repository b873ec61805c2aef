"""Utterances as waveforms: read, cropped, put into batches."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "augmentation": ["WaveformAugmentation"],
        "reading": ["RandomCrop", "audio_pipeline"],
    },
)
