"""What both stages share: Brain, datasets, weights, histories."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "brain": ["EncoderBrain"],
        "frozen": ["Frozen"],
        "history": ["History"],
        "weights": ["export_encoder", "initialize_encoder"],
    },
)
