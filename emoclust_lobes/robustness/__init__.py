"""What models and clusters are worth on the telephone, and in noise."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"conditions": ["degrade"]}
)
