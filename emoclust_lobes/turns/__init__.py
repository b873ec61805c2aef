"""Who speaks when in a recording: speech, speakers, turns."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"listening": ["Listener"]}
)
