"""Cached features of a frozen front end, as a training reads them.

``emoclust_lobes.features.extraction`` computes them.
"""

import pathlib

import numpy as np
import torch
from data_prep.errors import EmoclustError
from data_prep.storage.files import read_json
from emoclust_lobes.features.shards import read_index

from speechbrain.utils.data_pipeline import provides, takes


class FeatureCacheError(EmoclustError):
    """Features cannot be computed or are missing; says which and why."""


class FeatureCache:
    """Reads cached features; every process opens its own memory maps.

    Arguments
    ---------
    feature_folder : str or pathlib.Path
        Where the cache lies.

    Attributes
    ----------
    identity : dict
        The front end's, see ``front_end_identity``.
    n_layers, size, hop : int
        As of ``SSLFrontEnd``.

    Raises
    ------
    FeatureCacheError
        When there is no cache.

    Example
    -------
    >>> FeatureCache(getfixture("tmp_path"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    emoclust_lobes.features.reading.FeatureCacheError: no features in ...: \
compute them first
    """

    def __init__(self, feature_folder):
        self.folder = pathlib.Path(feature_folder)
        front_end = read_json(self.folder / "front_end.json")
        if front_end is None:
            raise FeatureCacheError(
                f"no features in {self.folder}: compute them first"
            )
        self.identity = front_end["identity"]
        self.n_layers, self.size = front_end["n_layers"], front_end["size"]
        self.hop = front_end["hop"]
        index = read_index(self.folder)
        places = index[["shard", "first", "frames"]].itertuples(
            index=False, name=None
        )
        self._places = dict(zip(index["ID"], places, strict=True))
        self._maps = {}

    def __getstate__(self):
        return {**self.__dict__, "_maps": {}}

    def frames(self, utterance_id):
        """Number of frames of an utterance."""
        return self._place(utterance_id)[2]

    def read(self, utterance_id, first=0, count=None):
        """Read a stretch of an utterance's features, and nothing else.

        Arguments
        ---------
        utterance_id : str
            The utterance.
        first : int
            The first frame.
        count : int
            Number of frames; all from the first one on without it.

        Returns
        -------
        torch.Tensor
            float32, shape [count, n_layers * size].

        Raises
        ------
        FeatureCacheError
            When the utterance has no features.
        IndexError
            When it has no such frames.
        """
        shard, start, frames = self._place(utterance_id)
        stop = frames if count is None else first + count
        if not 0 <= first <= stop <= frames:
            raise IndexError(
                f"{utterance_id} has {frames} frames, asked for {first} to "
                f"{stop}"
            )
        if shard not in self._maps:
            self._maps[shard] = np.load(shard, mmap_mode="r")
        stretch = self._maps[shard][start + first : start + stop]
        return torch.from_numpy(stretch.astype(np.float32))

    def _place(self, utterance_id):
        """Shard, first frame in it, and number of frames."""
        try:
            return self._places[utterance_id]
        except KeyError:
            raise FeatureCacheError(
                f"{utterance_id} has no features in {self.folder}: compute "
                "them first"
            ) from None


def feature_pipeline(cache, crop=None):
    """Make the dynamic item that reads an utterance's features.

    Arguments
    ---------
    cache : FeatureCache
        Where they are.
    crop : RandomCrop
        Cuts them, its ``hop`` set to that of the cache; they stay whole
        without one.

    Returns
    -------
    DynamicItem
        Takes ``utterance_id`` and ``id`` (which says where the crop is) and
        provides ``sig``, shape [frames, n_layers * size].

    Example
    -------
    >>> from emoclust_lobes.features.shards import ShardWriter
    >>> from data_prep.storage.files import write_json
    >>> import pandas
    >>> folder = getfixture("tmp_path")
    >>> shape = {"n_layers": 1, "size": 3, "hop": 320}
    >>> write_json(folder / "front_end.json", {"identity": {}, **shape})
    >>> ids, signatures = pandas.Series(["a"]), np.zeros((1, 4), "int64")
    >>> with ShardWriter(folder, ids, signatures, megabytes=1) as shards:
    ...     shards.add(0, np.ones((7, 3), "float16"))
    >>> feature_pipeline(FeatureCache(folder))("a", "a#1").shape
    torch.Size([7, 3])
    """
    if crop is not None:
        crop.hop = cache.hop

    @takes("utterance_id", "id")
    @provides("sig")
    def read(utterance_id, row_id):
        frames = cache.frames(utterance_id)
        if crop is None:
            return cache.read(utterance_id)
        if frames < crop.length:
            return crop(cache.read(utterance_id), row_id)
        first = crop.first(frames, row_id)
        return cache.read(utterance_id, first, crop.length)

    return read
