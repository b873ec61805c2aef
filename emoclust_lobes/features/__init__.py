"""Frames of frozen front ends, computed once and kept."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"extraction": ["cache_features", "signal_pipeline"]}
)
