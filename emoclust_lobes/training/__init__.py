"""What both stages share: Brain, datasets, weights, histories."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"history": ["History"]}
)
