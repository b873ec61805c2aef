"""Vectors of several speaker encoders (``campplus+ge2e``), put side by side.

Encoders follow the sentence, the channel and the emotion each in its own way: what
they have in common counts more when they are joined. Each has its own cache.
"""

import numpy as np
from emoclust_lobes.encoders.wheels import EncoderError


def split_encoders(encoder):
    """Name the encoders that one name such as ``campplus+ge2e`` stands for."""
    return encoder.split("+")


def check_joined(names, source=None):
    """Raise where vectors of these encoders cannot be put side by side."""
    joined = "+".join(names)
    for name in names:
        if name in ("ssl", "egemaps"):
            raise EncoderError(
                f"{name} cannot stand in {joined}: its vectors have no fixed "
                "length and would drown the others"
            )
        if names.count(name) > 1:
            raise EncoderError(f"{name} stands twice in {joined}")
    if source:
        raise EncoderError(
            f"the encoders {joined} take no source, found {source!r}"
        )


class JoinedCaches:
    """Looks up the vectors of several encoders, put side by side.

    All encoders count alike where their vectors have length one.
    """

    def __init__(self, caches):
        self.caches = caches
        self.dim = sum(cache.dim for cache in caches)
        self.identity = {"name": "+".join(x.identity["name"] for x in caches)}
        for cache in caches:
            rest = [str(x) for k, x in cache.identity.items() if k != "name"]
            self.identity[cache.identity["name"]] = ", ".join(rest)

    def __len__(self):
        """Number of utterances that every encoder has embedded, at most."""
        return min(map(len, self.caches))

    def select(self, ids):
        """Vectors of these utterances, in their order, float32 [n, dim]."""
        ids = list(ids)
        return np.hstack([cache.select(ids) for cache in self.caches])
