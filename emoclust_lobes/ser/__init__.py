"""Stage 2: emotions, with the speakers beside them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"goals": ["Goal"]}
)
