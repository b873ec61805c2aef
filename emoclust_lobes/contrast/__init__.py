"""Stage 1: contrast between the clusters of a speaker."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "distillation": ["DistillationTargets"],
        "losses": ["ClusterContrastiveLoss"],
        "pool": ["clustered_pool", "pool_sampler"],
    },
)
