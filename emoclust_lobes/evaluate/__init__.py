"""A trained model, or predictions, on labeled recordings of others."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"table": ["EvaluateError"]}
)
