"""Clusters inside each speaker's embeddings, and what they agree with."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, submod_attrs={"clusters": ["cluster_utterances"]}
)
