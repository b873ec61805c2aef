"""Training speech as other channels would have carried it."""

import functools
import os
from typing import NamedTuple

import soundfile
import torch
from data_prep.errors import EmoclustError
from data_prep.manifests.manifest import read_manifests
from data_prep.recordings.audio_files import find_files
from data_prep.storage.files import file_digest, fingerprint
from emoclust_lobes.audio import channels
from emoclust_lobes.audio.reading import hash_number, read_utterance
from emoclust_lobes.audio.rooms import random_room

from speechbrain.augment.time_domain import DropFreq

N_ROOMS = 32  # as many different ones in a training


class Strength(NamedTuple):
    """How much is done: a share of clips, dB, seconds, meters, percent.

    Where there are two numbers, what is done is drawn between them.
    """

    clean: float
    gain: tuple
    snr: tuple
    reverberation: tuple
    distance: tuple
    speed: tuple


STRENGTHS = {
    "light": Strength(
        0.5, (-6, 6), (15, 25), (0.2, 0.4), (0.5, 1.5), (95, 105)
    ),
    "medium": Strength(
        0.3, (-15, 10), (5, 20), (0.2, 0.7), (0.5, 3), (90, 110)
    ),
    "heavy": Strength(0.1, (-25, 20), (-5, 15), (0.3, 1.2), (1, 4), (80, 120)),
}
# Speed is no part of all: it moves F0, by which an emotion is known
KINDS = ("none", "telephone", "far", "noisy", "all", "speed")


class WaveformAugmentation:
    """Carries training speech through random channels, repeatably.

    * ``telephone``: another level, a band of 4 kHz, then mu-law, GSM 6.10, MP3,
      Opus or none of them, then now and then a dropped band;
    * ``far``: another level, a simulated room, and colored noise;
    * ``noisy``: another level, and babble of the training speakers, colored
      noise, or a recording of ``noise_folder``;
    * ``all``: one of these three each time;
    * ``speed``: slower or faster, with other F0 and length.

    What is drawn depends on the key that is given alone: for waveforms, the
    seed, the epoch and the utterance, as a crop's place does; for the features
    of a frozen front end, which are cached, the utterance and the number of one
    of its ``views``, of which (or of the clean one) each epoch draws one.

    Arguments
    ---------
    kind : {"none", "telephone", "far", "noisy", "all", "speed"}
        What is done.
    strength : {"light", "medium", "heavy"}
        How much of it, and how seldom nothing at all.
    views : int
        How many are cached of each utterance.
    noise_folder : str or None
        Recordings that are added in the place of generated noise.
    sample_rate : int
        Of the waveforms, in Hz.
    sources : data_prep.Sources
        Whose split ``train`` babbles.

    Raises
    ------
    EmoclustError
        When an option is none of these, or the folder has no recordings.

    Example
    -------
    >>> augment = WaveformAugmentation(
    ...     "telephone", "medium", 3, None, 16000, None
    ... )
    >>> speech = torch.randn(16000)
    >>> again = augment(speech, "1|1|utterance")
    >>> torch.equal(again, augment(speech, "1|1|utterance")), again.shape
    (True, torch.Size([16000]))
    """

    def __init__(
        self, kind, strength, views, noise_folder, sample_rate, sources
    ):
        for name, value, choices in (
            ("waveform", kind, KINDS),
            ("strength", strength, STRENGTHS),
        ):
            if value not in choices:
                raise EmoclustError(
                    f"augment_{name} must be one of {', '.join(choices)}, not "
                    f"{value!r}"
                )
        if views < 1:
            raise EmoclustError(
                f"augment_views must be at least 1, not {views}"
            )
        self.kind, self.strength = kind, strength
        self.views = views if kind != "none" else 0
        self.noise_folder = noise_folder
        self.sample_rate = sample_rate
        self.sources = sources
        if noise_folder is not None and not self._noises:
            raise EmoclustError(
                f"augment_noise_folder: there is no audio in {noise_folder}"
            )

    def __bool__(self):
        return self.kind != "none"

    def view_of(self, key):
        """Which view this draw takes; 0 is the clean one."""
        return hash_number(f"view|{key}") % (self.views + 1)

    @property
    def name(self):
        """Of the cached views: of all that they depend on but the utterance."""
        name = f"{self.kind}_{self.strength}"
        if self.kind not in ("noisy", "all"):
            return name
        heard = [(x, os.stat(x).st_size) for x in self._noises]
        heard += [file_digest(x.csv) for x in self.sources.of_splits(["train"])]
        return f"{name}_{fingerprint(heard)[:12]}"

    def __call__(self, waveform, key, always=False):
        """Carry a waveform [time]; ``always``, some of it is done."""
        generator = torch.Generator().manual_seed(hash_number(key))
        how = STRENGTHS[self.strength]
        between = functools.partial(_between, generator=generator)
        draw = functools.partial(_draw, generator=generator)
        if between((0, 1)) < how.clean and not always:
            return waveform
        kind = self.kind
        if kind == "all":
            kind = draw(("telephone", "far", "noisy"))
        if kind == "speed":
            return channels.sped(waveform, round(between(how.speed)))
        rate = self.sample_rate
        waveform = channels.amplified(waveform, between(how.gain))
        if kind == "far":
            room = draw(range(N_ROOMS))
            response = random_room(room, how.reverberation, how.distance, rate)
            waveform = channels.in_room(waveform, response)
        if kind != "telephone":
            noise = self._noise(kind, len(waveform), generator)
            snr = between(how.snr) + (10 if kind == "far" else 0)
            return channels.with_noise(waveform, noise, snr).clamp(-1, 1)
        waveform = channels.narrowband(waveform, rate)
        codec = draw((None, *channels.CODECS))
        if codec:
            waveform = channels.through(waveform, rate, codec)
        if between((0, 1)) < 0.3:
            waveform = _drop_band(waveform, generator)
        return waveform

    def _noise(self, kind, samples, generator):
        babbling = kind == "noisy" and _draw((True, False), generator)
        if kind == "noisy" and self._noises and not babbling:
            return self._recorded_noise(samples, generator)
        if not babbling:
            alpha = _between((0, 2), generator)
            return channels.colored_noise(samples, alpha, generator)
        rows = self._voices
        voices = [
            self._read(_draw(rows, generator))
            for _ in range(_draw(range(4, 9), generator))
        ]
        return channels.babble(voices, samples, generator)

    def _read(self, row):
        wav, start, stop = row
        return read_utterance(wav, start, stop, self.sample_rate)

    def _recorded_noise(self, samples, generator):
        path = _draw(self._noises, generator)
        found = soundfile.info(path)
        wanted = -(-samples * found.samplerate // self.sample_rate)
        start = _draw(range(max(1, found.frames - wanted)), generator)
        stop = min(start + wanted, found.frames)
        return read_utterance(path, start, stop, self.sample_rate)

    @functools.cached_property
    def _noises(self):
        if self.noise_folder is None:
            return []
        return [
            os.path.join(self.noise_folder, name)
            for name in find_files(self.noise_folder)
        ]

    @functools.cached_property
    def _voices(self):
        found = read_manifests(self.sources.of_splits(["train"]))
        return found[["wav", "start", "stop"]].to_numpy()


def _drop_band(waveform, generator):
    """Drop a band with SpeechBrain's module, whose draws are PyTorch's."""
    seed = _draw(range(2**31), generator)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return DropFreq(drop_freq_count_high=1)(waveform[None])[0]


def _between(ends, generator):
    least, most = ends
    return least + (most - least) * torch.rand((), generator=generator).item()


def _draw(choices, generator):
    return choices[int(torch.randint(len(choices), (), generator=generator))]
