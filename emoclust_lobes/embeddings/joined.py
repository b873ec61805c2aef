"""Vectors of several speaker encoders, put side by side.

Named together (``campplus+ge2e``), each has its own cache, as when it is named
alone. Encoders follow the sentence, the channel and the emotion each in its own
way: what they have in common counts more when they are joined.
"""

import numpy as np
from emoclust_lobes.encoders.wheels import EncoderError


def split_encoders(encoder):
    """Name the encoders that one name stands for.

    Arguments
    ---------
    encoder : str
        Name of a speaker encoder, or several joined by ``+``.

    Returns
    -------
    list of str

    Example
    -------
    >>> split_encoders("campplus+ge2e")
    ['campplus', 'ge2e']
    """
    return encoder.split("+")


def check_joined(names, source=None):
    """Raise where vectors of these encoders cannot be put side by side.

    Arguments
    ---------
    names : list of str
        Names of several encoders.
    source : str or None
        Where their weights come from, if not from the usual places.

    Raises
    ------
    EncoderError
        When one is named twice, when vectors of one have no fixed length and
        would drown the others, or when there is a source.

    Example
    -------
    >>> check_joined(["campplus", "ge2e"])
    >>> check_joined(["campplus", "ssl"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    emoclust_lobes.encoders.wheels.EncoderError: ssl cannot stand in campplus+ssl: ...
    """
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

    What one encoder takes from the sentence another may not, so that together
    they tell more of what both follow.

    Arguments
    ---------
    caches : list of EmbeddingCache
        Of each encoder. All count alike where their vectors have one length.

    Attributes
    ----------
    identity : dict
        ``name``, and under the name of each encoder what else it is.
    dim : int
        Size of the joined vectors.

    Example
    -------
    >>> from emoclust_lobes.embeddings.cache import read_cache
    >>> from emoclust_lobes.embeddings.extraction import embed_utterances
    >>> from emoclust_lobes.synthetic.noise import make_noise
    >>> folder = getfixture("tmp_path")
    >>> embed_utterances(make_noise(folder, [8000, 9000]), folder, "stats")
    >>> cache = read_cache(folder, "stats")
    >>> joined = JoinedCaches([cache, cache])
    >>> joined.select(["pool1", "pool0"]).shape, len(joined)
    ((2, 320), 2)
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
        """Read vectors, as ``EmbeddingCache.select``."""
        ids = list(ids)
        return np.hstack([cache.select(ids) for cache in self.caches])
