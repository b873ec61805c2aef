"""From a recording to the turns in it."""

import itertools

import numpy as np
import torch
from data_prep.errors import UnusableAudio
from data_prep.manifests.parts import locate_part
from data_prep.recordings.probe import probe
from emoclust_lobes.encoders.speaker_encoders import load_speaker_encoder
from emoclust_lobes.turns.speakers import (
    HOP,
    WINDOW,
    SpeakerFinder,
    turns_of_windows,
)
from emoclust_lobes.turns.speech import CHUNK, RATE, SpeechFinder, TurnsError
from emoclust_lobes.turns.turn import Turn
from emoclust_lobes.turns.windows import Channels, read_blocks, read_windows

from speechbrain.dataio.preprocess import AudioNormalizer

# Whole chunks, of which an hour has a hundred: 32 s
BLOCK_SECONDS = 1000 * CHUNK / RATE
BATCH = 32  # windows whose speakers are computed together


class Listener:
    """Finds the turns in recordings, or takes those that somebody has.

    Arguments
    ---------
    speech : str
        What finds speech: ``silero``, ``energy``, or ``none``: all is speech.
    speakers : str, int or None
        ``auto`` or the number of people; with None they are not told apart.
    turns : dict or None
        Recording -> list of Turn, see ``turns.turn_files.read_turns``, in
        the place of those that would be found.
    speaker_encoder : str
        By what people are told apart, see ``emoclust embed``.
    device : str
        Where to compute.
    channels : Channels or None
        Which channel is heard.

    Example
    -------
    >>> Listener("energy", speakers="two")
    Traceback (most recent call last):
    ...
    emoclust_lobes.turns.speech.TurnsError: the speakers are auto or their \
number, not 'two'
    """

    def __init__(
        self,
        speech="silero",
        speakers=None,
        turns=None,
        speaker_encoder="campplus",
        device="cpu",
        channels=None,
    ):
        self.turns = turns
        self.channels = channels or Channels()
        self.has_speakers = speakers is not None or turns is not None
        self.normalizer = AudioNormalizer(RATE)
        self.speech = self.speakers = None
        if turns is None and speech != "none":
            self.speech = SpeechFinder(speech)
        if turns is None and speakers is not None:
            self.speakers = SpeakerFinder(_number(speakers))
        if self.speakers:
            self.encoder = load_speaker_encoder(speaker_encoder, device=device)
        # How often a recording is read
        self.passes = bool(self.speech) + bool(self.speakers)

    def hear(self, clip, advance=lambda seconds: None):
        """Return the turns of a Clip, by their starts, and its start and end.

        All are in seconds from the start of the file. ``advance`` is told how many
        seconds further the clip is read, in each pass.
        """
        frames, rate, _ = probe(clip.path)
        first, after = locate_part(clip.start, clip.stop, frames, rate)
        bounds = (first / rate, after / rate)
        if self.turns is not None:
            return self._given(clip, *bounds), bounds
        stretches = [bounds]
        if self.speech:
            how = (self.normalizer, self.channels, advance)
            blocks = (
                each.waveform for each in read_blocks(clip, BLOCK_SECONDS, *how)
            )
            stretches = [
                (start + bounds[0], min(end + bounds[0], bounds[1]))
                for start, end in self.speech.find(blocks)
            ]
        if self.speakers and stretches:
            spans, vectors = self._voices(clip, stretches, advance)
            labels = self.speakers.labels(vectors)
            pause = self.speech.pause if self.speech else 0
            turns = turns_of_windows(spans, labels, stretches, pause)
            return turns, bounds
        return [Turn(*each) for each in stretches], bounds

    def _given(self, clip, start, end):
        """Return somebody's turns of a recording, if they can be its."""
        known = self.turns
        stem = clip.path.replace("\\", "/").rpartition("/")[2]
        for name in (clip.name, stem, stem.rpartition(".")[0], ""):
            if name in known:
                break
        else:
            raise UnusableAudio(
                f"none of its turns are given: they are of {', '.join(known)}"
            )
        for turn in known[name]:
            inside = turn.start < end and turn.end <= end + 0.05
            if turn.start < start - 0.05 or not inside:
                raise UnusableAudio(
                    f"the turn {turn.start:g}-{turn.end:g} s is not in it: it "
                    f"lasts from {start:g} to {end:g} s"
                )
        return [
            turn._replace(start=max(start, turn.start), end=min(end, turn.end))
            for turn in sorted(known[name])
        ]

    def _voices(self, clip, stretches, advance):
        """Embed short windows of speech: their spans, and vectors [n, dim]."""
        windows = read_windows(
            clip,
            WINDOW,
            HOP,
            self.normalizer,
            self.channels,
            stretches,
            advance,
        )
        spans, vectors = [], []
        while batch := list(itertools.islice(windows, BATCH)):
            spans += [(each.start, each.end, each.turn) for each in batch]
            vectors += self._embed([each.waveform for each in batch])
        return spans, np.stack(vectors)

    def _embed(self, waveforms):
        """Embed waveforms, those of one length together; a list of vectors."""
        vectors: list = [None] * len(waveforms)
        for length in {len(each) for each in waveforms}:
            at = [n for n, each in enumerate(waveforms) if len(each) == length]
            rows = self.encoder(torch.stack([waveforms[n] for n in at]))
            for n, row in zip(at, rows.float().cpu().numpy(), strict=True):
                vectors[n] = row
        return vectors


def _number(speakers):
    """Read how many people speak; None is to be found out."""
    if speakers == "auto":
        return None
    try:
        number = int(speakers)
    except ValueError:
        number = 0
    if number < 1:
        raise TurnsError(
            f"the speakers are auto or their number, not {speakers!r}"
        )
    return number
