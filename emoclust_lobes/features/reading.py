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
from torch.nn.utils.rnn import pad_sequence

from speechbrain.dataio.batch import PaddedData
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
        return self._shard(shard)[start + first : start + stop].float()

    def read_batch(self, utterance_ids, crop=None, row_ids=()):
        """Read utterances padded, float32 [batch, frames, dim], and lengths.

        A crop, to which ``row_ids`` tell its places, leaves one length. The
        lengths, as SpeechBrain's, are relative to the longest.
        """
        places = [self._place(x) for x in utterance_ids]
        if crop is None:
            rows = [self._shard(x)[y : y + n] for x, y, n in places]
        else:
            rows = [
                self._cropped(crop, place, row_id)
                for place, row_id in zip(places, row_ids, strict=True)
            ]
        # Halves are collected, as they lie on the disk
        alike = crop is not None
        batch = torch.stack(rows) if alike else pad_sequence(rows, True)
        longest = batch.shape[1]
        lengths = torch.tensor([len(x) / longest for x in rows])
        return PaddedData(batch.float(), lengths)

    def _cropped(self, crop, place, row_id):
        shard, start, frames = place
        array, length = self._shard(shard), crop.length
        if frames < length:  # a crop repeats it
            return crop(array[start : start + frames], row_id)
        start += crop.first(frames, row_id)
        return array[start : start + length]

    def _shard(self, path):
        """Frames of a shard, float16 [frames, dim], mapped into memory."""
        if path not in self._maps:
            # Copied where written to, which nobody does: torch wants it so
            self._maps[path] = torch.from_numpy(np.load(path, mmap_mode="c"))
        return self._maps[path]

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

    With a crop, ``channels`` chooses the cache or one of its ``views``.
    """
    if crop is not None:
        crop.hop = cache.hop

    if channels is None:
        return FeatureItem(cache, crop)
    read = functools.partial(
        _read_row, caches=[cache, *views], crop=crop, channels=channels
    )
    return DynamicItem(
        takes=("utterance_id", "id"), func=read, provides=("sig",)
    )


class FeatureItem(DynamicItem):
    """Reads ``sig``, of one row as SpeechBrain asks, or of many at once."""

    def __init__(self, cache, crop):
        read = functools.partial(
            _read_row, caches=[cache], crop=crop, channels=None
        )
        super().__init__(
            takes=("utterance_id", "id"), func=read, provides=("sig",)
        )
        self.cache = cache
        self.crop = crop

    def read_batch(self, utterance_ids, row_ids):
        """Read rows as SpeechBrain's ``PaddedData``."""
        return self.cache.read_batch(utterance_ids, self.crop, row_ids)


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
