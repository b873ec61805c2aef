"""Cached features of a frozen front end, as a training reads them.

``emoclust_lobes.features.extraction`` computes them.
"""

import functools
import pathlib

import numpy as np
import torch
from data_prep.errors import EmoclustError
from data_prep.storage.files import read_json
from emoclust_lobes.features.shards import read_index

from speechbrain.utils.data_pipeline import DynamicItem


class FeatureCacheError(EmoclustError):
    """Features cannot be computed or are missing; says which and why."""


class FeatureCache:
    """Reads cached features; every process opens its own memory maps."""

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
        # What goes to a loader worker must not bring the arrays along
        return {**self.__dict__, "_maps": {}}

    def frames(self, utterance_id):
        """Number of frames of an utterance."""
        return self._place(utterance_id)[2]

    def read(self, utterance_id, first=0, count=None):
        """Read so many frames, or all, from the first: float32 [count, dim]."""
        shard, start, frames = self._place(utterance_id)
        stop = frames if count is None else first + count
        if not 0 <= first <= stop <= frames:
            raise IndexError(
                f"{utterance_id} has {frames} frames, asked for {first} to "
                f"{stop}"
            )
        if shard not in self._maps:
            self._maps[shard] = np.load(shard, mmap_mode="r")
        segment = self._maps[shard][start + first : start + stop]
        return torch.from_numpy(segment.astype(np.float32))

    def _place(self, utterance_id):
        """Shard, first frame in it, and number of frames."""
        try:
            return self._places[utterance_id]
        except KeyError:
            raise FeatureCacheError(
                f"{utterance_id} has no features in {self.folder}: compute "
                "them first"
            ) from None


def feature_pipeline(cache, crop=None, views=(), channels=None):
    """Make the dynamic item that reads features, ``sig`` [frames, dim].

    A crop, which ``id`` says the place of, is told the hop of the frames. With
    one, ``channels`` chooses the cache or one of its ``views``.
    """
    if crop is not None:
        crop.hop = cache.hop

    return DynamicItem(
        takes=("utterance_id", "id"),
        func=functools.partial(
            _read_row, caches=[cache, *views], crop=crop, channels=channels
        ),
        provides=("sig",),
    )


# Not inside: where loader workers are not forked, it has to be pickled.
def _read_row(utterance_id, row_id, *, caches, crop, channels):
    if crop is None:
        return caches[0].read(utterance_id)
    view = channels.view_of(crop.key(row_id)) if channels else 0
    cache = caches[view]
    frames = cache.frames(utterance_id)
    if frames < crop.length:
        return crop(cache.read(utterance_id), row_id)
    # Only what the crop holds is read
    first = crop.first(frames, row_id)
    return cache.read(utterance_id, first, crop.length)
