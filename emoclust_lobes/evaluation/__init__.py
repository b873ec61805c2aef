"""Scores of predictions, and how far probabilities can be believed."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "calibration": ["calibrated"],
        "dimensions": ["concordance"],
        "distributions": ["distribution_metrics"],
    },
)
