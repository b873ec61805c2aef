"""What a trained model hears: in files, folders and long recordings."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"inputs": ["PredictError"]}
)
