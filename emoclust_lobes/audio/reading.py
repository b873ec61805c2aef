"""Reading utterances: any rate and channel count in, one mono waveform out."""

import functools
import hashlib
import math

import torch
from data_prep.recordings.tar_shards import name_audio, open_audio

from speechbrain.dataio import audio_io
from speechbrain.dataio.preprocess import AudioNormalizer
from speechbrain.utils.data_pipeline import DynamicItem


def hash_number(text, n_bytes=7):
    """Return a number that depends on a text alone, as the seed of a draw."""
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:n_bytes], "big")


# One per rate: it keeps the resampling kernels it has computed.
_normalizer = functools.lru_cache(AudioNormalizer)


def read_utterance(wav, start="", stop="", sample_rate=16000):
    """Read one utterance as a mono waveform [time] at the wanted rate.

    ``wav`` is what libsndfile reads, or the address of a file in a tar, of
    which no more is read (see ``data_prep.recordings.tar_shards``); ``start``
    and ``stop`` are the first sample and the one after the last, at the file's
    own rate, empty for all of it. Raises a ValueError when there is no sample.
    """
    first = int(start or 0)
    count = int(stop) - first if str(stop) else -1
    audio, rate = audio_io.load(
        open_audio(str(wav)),
        channels_first=False,
        frame_offset=first,
        num_frames=count,
    )
    if audio.shape[0] == 0:
        raise ValueError(
            f"{name_audio(wav)} holds no audio in samples {first} to {stop}"
        )
    return _normalizer(sample_rate)(audio, rate)


class RandomCrop:
    """Cut a segment of fixed length out of an utterance, repeatably.

    Where the segment begins depends on the seed, the epoch and the utterance's
    ID alone, so the same epoch has the same crops whatever the number of
    loader workers and wherever a run was interrupted. Utterances that are too
    short are repeated until they fill the crop: every batch has one length
    and needs no padding, to which ECAPA-TDNN would not be indifferent.

    Arguments
    ---------
    seconds : float
        Length of the crop.
    sample_rate : int
        Samples per second of the waveforms.
    seed : int
        Seed of the experiment.

    Attributes
    ----------
    hop : int
        Samples per row of what is cut: 1 for waveforms; the hop of frames,
        which ``feature_pipeline`` sets, for features.

    Example
    -------
    >>> import torch
    >>> crop = RandomCrop(seconds=0.5, sample_rate=16000, seed=1)
    >>> crop(torch.randn(16000), "utterance").shape
    torch.Size([8000])
    >>> crop(torch.randn(100), "short").shape
    torch.Size([8000])
    >>> crop.hop = 320
    >>> crop(torch.randn(50, 80), "utterance").shape
    torch.Size([25, 80])
    """

    def __init__(self, seconds, sample_rate, seed):
        self.samples = int(seconds * sample_rate)
        self.hop = 1
        self.seed = seed
        self.epoch = 0

    @property
    def length(self):
        """Length of the crop in rows."""
        return round(self.samples / self.hop)

    def set_epoch(self, epoch):
        """Choose other segments: call before the epoch's loader starts."""
        self.epoch = epoch

    def key(self, utterance_id):
        """What all draws of an utterance in this epoch depend on."""
        return f"{self.seed}|{self.epoch}|{utterance_id}"

    def first(self, rows, utterance_id):
        """Where the crop begins among so many rows, at least its own."""
        draw = hash_number(self.key(utterance_id), 8)
        return draw % (rows - self.length + 1)

    def __call__(self, signal, utterance_id):
        """Return the crop of one utterance, [rows, ...] -> [length, ...]."""
        if len(signal) < self.length:
            repeats = math.ceil(self.length / len(signal))
            signal = torch.cat([signal] * repeats)
        first = self.first(len(signal), utterance_id)
        return signal[first : first + self.length]


def audio_pipeline(sample_rate, crop=None, channels=None):
    """Make the dynamic item that reads the utterance of a manifest row.

    Arguments
    ---------
    sample_rate : int
        Rate of the waveforms, in Hz.
    crop : RandomCrop
        Cuts the utterances; they stay whole without one.
    channels : WaveformAugmentation
        Carries what is cropped, that is what is trained on.

    Returns
    -------
    DynamicItem
        Takes ``wav, start, stop, id`` and provides ``sig``, shape [time].

    Example
    -------
    >>> import torch
    >>> path = str(getfixture("tmp_path") / "a.wav")
    >>> audio_io.save(path, torch.zeros(1, 16000), 16000)
    >>> crop = RandomCrop(seconds=0.25, sample_rate=16000, seed=1)
    >>> audio_pipeline(16000, crop)(path, "", "", "a").shape
    torch.Size([4000])
    """

    return DynamicItem(
        takes=("wav", "start", "stop", "id"),
        func=functools.partial(
            _read_row, sample_rate=sample_rate, crop=crop, channels=channels
        ),
        provides=("sig",),
    )


# Not inside: where loader workers are not forked, it has to be pickled.
def _read_row(wav, start, stop, row_id, *, sample_rate, crop, channels):
    waveform = read_utterance(wav, start, stop, sample_rate)
    if crop is None:
        return waveform
    if channels:
        waveform = channels(waveform, crop.key(row_id))
    return crop(waveform, row_id)
