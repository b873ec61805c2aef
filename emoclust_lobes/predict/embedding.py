"""The embeddings of every window of many recordings."""

import collections
import dataclasses
import functools

import torch
from data_prep.errors import UnusableAudio
from emoclust_lobes.predict.inputs import Clip, PredictError
from emoclust_lobes.predict.sharing import FrameSharing, Overlaps, between
from emoclust_lobes.turns.windows import read_windows

from speechbrain.dataio.preprocess import AudioNormalizer

# A processor computes more at once no faster: it no longer fits its cache
CACHED_SECONDS = 12.0


@dataclasses.dataclass
class EmbeddedClip:
    """A recording's windows, or the ``problem`` for which there are none.

    Spans are (start, end) in seconds, embeddings have the shape [dim]. Where
    somebody listened, there are ``turns``, of which each window is in one
    (``turn_of``), and ``bounds``, (start, end) of the recording.
    """

    clip: Clip
    spans: list = dataclasses.field(default_factory=list)
    embeddings: list = dataclasses.field(default_factory=list)
    problem: str = ""
    turns: list | None = None
    turn_of: list = dataclasses.field(default_factory=list)
    bounds: tuple = ()

    @property
    def seconds(self):
        """Length of the recording, or of its part."""
        start, end = self.bounds or (self.spans[0][0], self.spans[-1][1])
        return end - start

    @property
    def mean(self):
        """Embedding of the recording: the mean of its windows', [dim]."""
        return torch.stack(self.embeddings).mean(dim=0)

    def windows_of(self, turn):
        """List which windows are a turn's, of its number."""
        return [at for at, of in enumerate(self.turn_of) if of == turn]


@dataclasses.dataclass(eq=False)
class HeldWindow:
    """A window until its batch is computed, and the neighbors it is between."""

    found: EmbeddedClip
    number: int
    waveform: torch.Tensor
    start: float
    turn: int
    left: "HeldWindow | None" = None
    right: "HeldWindow | None" = None
    frames: torch.Tensor | None = None


def embed_clips(
    model,
    clips,
    *,
    window,
    hop,
    batch_seconds,
    advance=lambda seconds: None,
    channels=None,
    listener=None,
    share_frames=False,
):
    """Embed recordings, in batches of windows of exactly equal length.

    Yields an EmbeddedClip each, in their order, as soon as it is done; one that
    cannot be used stops no other. With a ``listener`` the windows lie in the
    turns that it hears. ``advance`` is told how many seconds further it is read.
    ``share_frames`` computes every other window that overlaps by half.
    """
    sharing = FrameSharing(model) if share_frames else None
    overlaps = Overlaps(model.hparams.sample_rate)
    # Windows of several recordings share a batch, and nothing is padded, to
    # which ECAPA-TDNN is not indifferent: no embedding depends on the others.
    normalizer = AudioNormalizer(model.hparams.sample_rate)
    read = functools.partial(
        read_windows,
        window=window,
        hop=hop,
        normalizer=normalizer,
        channels=channels,
    )
    limit = batch_seconds * model.hparams.sample_rate
    queue: collections.deque[EmbeddedClip] = collections.deque()
    batch, held = [], 0
    for clip in clips:
        found = EmbeddedClip(clip)
        queue.append(found)
        for each in _windows_of(found, listener, advance, read):
            found.spans.append((each.start, each.end))
            found.turn_of.append(each.turn)
            found.embeddings.append(None)  # until its batch is computed
            batch.append(
                HeldWindow(
                    found,
                    number=len(found.embeddings) - 1,
                    waveform=each.waveform,
                    start=each.start,
                    turn=each.turn,
                )
            )
            held += len(each.waveform)
            if sharing:
                overlaps.add(batch[-1])
            if held >= limit and not overlaps.open:
                _embed(model, batch, sharing)
                batch, held = [], 0
                while queue[0] is not found:
                    yield queue.popleft()
    _embed(model, batch, sharing)
    yield from queue


def _windows_of(found, listener, advance, read):
    """Yield the windows of a recording; note what ends them too early."""
    spans = None
    try:
        _refuse_odd_name(found.clip.name)
        if listener:
            found.turns, found.bounds = listener.hear(found.clip, advance)
            spans = [(each.start, each.end) for each in found.turns]
        yield from read(found.clip, turns=spans, advance=advance)
    except UnusableAudio as error:
        found.problem = str(error)
    except Exception as error:  # a decoder's may be any; others go on
        reason = str(error).partition("\n")[0]
        found.problem = f"cannot be read: {type(error).__name__}: {reason}"


def _refuse_odd_name(name):
    """Raise where a name cannot be a file's, or cannot stand in a result."""
    if "\0" in name:
        raise UnusableAudio("its name holds a NUL: give one path a line")
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UnusableAudio("its name is not UTF-8: rename it") from error


def _embed(model, batch, sharing):
    """Give the windows of a batch, which are HeldWindow, their embeddings."""
    groups = collections.defaultdict(list)
    for held in batch:
        groups[len(held.waveform)].append(held)
    rate = model.hparams.sample_rate
    for samples, group in groups.items():
        try:
            embeddings = _compute(model, group, sharing)
        except torch.OutOfMemoryError as error:
            raise PredictError(
                f"the memory of {model.device} is too small for {len(group)} "
                f"windows of {samples / rate:.2f} s at once: give a smaller "
                "--batch_seconds or --window"
            ) from error
        except (RuntimeError, ValueError) as error:  # too short, as a rule
            reason = str(error).partition("\n")[0]
            for held in group:
                held.found.problem = (
                    f"the model refuses {samples / rate:.3f} s: {reason}"
                )
            continue
        for held, embedding in zip(group, embeddings, strict=True):
            if not embedding.isfinite().all():
                held.found.problem = "its embedding is not finite"
            held.found.embeddings[held.number] = embedding
    for held in batch:
        held.left = held.right = None  # or all would stay in memory


@torch.inference_mode()
def _compute(model, group, sharing):
    """Embed windows of one length, [n, dim]."""
    at_once = len(group)
    if torch.device(model.device).type == "cpu":
        seconds = len(group[0].waveform) / model.hparams.sample_rate
        at_once = max(1, int(CACHED_SECONDS / seconds))

    def in_parts(function, rows):
        parts = [
            function(torch.stack(rows[first : first + at_once]))
            for first in range(0, len(rows), at_once)
        ]
        return torch.cat(parts)

    if sharing is None:
        waveforms = [held.waveform for held in group]
        found = in_parts(model.encode_batch, waveforms)
    else:
        computed = [held for held in group if held.right is None]
        waveforms = [held.waveform for held in computed]
        frames = in_parts(sharing.frames, waveforms)
        for held, own in zip(computed, frames, strict=True):
            held.frames = own
        rows = [
            held.frames
            if held.right is None
            else between(held.left.frames, held.right.frames)
            for held in group
        ]
        found = in_parts(sharing.pool, rows)
    return found.reshape(len(group), -1).float().cpu()
