"""Many runs, one answer: the results of folds, seeds and systems."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"report": ["README_TABLES"]}
)
