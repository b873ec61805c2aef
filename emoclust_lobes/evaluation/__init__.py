"""Scores of predictions, and how far probabilities can be believed."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "calibration": ["calibrated"],
        "dimensions": ["concordance", "dimension_metrics"],
        "distributions": ["distribution_metrics", "jensen_shannon"],
        "metrics": ["cluster_auc", "emotion_metrics"],
        "selective": ["find_threshold", "risk_coverage"],
    },
)
