"""The recipes as a contribution to SpeechBrain: exported, and checked."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "contracts": ["broken_contracts"],
        "errors": ["UpstreamError"],
        "export": ["check_destination", "make_tree", "overlay"],
    },
)
