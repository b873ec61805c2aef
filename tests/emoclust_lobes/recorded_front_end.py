"""A front end that remembers what it heard, and a cache of its features."""

from emoclust_lobes.encoders.front_ends import SSLFrontEnd
from emoclust_lobes.features.extraction import cache_features
from emoclust_lobes.features.reading import FeatureCache


class RecordedFrontEnd(SSLFrontEnd):
    """A front end that remembers its batches, and breaks when it is told."""

    break_after = None

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.batches = []

    def forward(self, wavs, wav_lens=None):
        if len(self.batches) == self.break_after:
            raise KeyboardInterrupt
        self.batches.append(tuple(wavs.shape))
        return super().forward(wavs, wav_lens)


def cached(sources, folder, front_end, **options):
    """Fill a folder with the features of some sources."""
    cache_features(sources, folder, front_end, **options)
    return FeatureCache(folder)
