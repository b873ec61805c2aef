"""A page on this machine: drop or record a clip, see its emotion."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"server": ["ServeError"]}
)
