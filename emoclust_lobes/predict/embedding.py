"""The embeddings of every window of many recordings."""

import collections
import dataclasses
import functools

import torch
from data_prep.errors import UnusableAudio
from emoclust_lobes.predict.inputs import Clip, PredictError
from emoclust_lobes.turns.windows import read_windows

from speechbrain.dataio.preprocess import AudioNormalizer

# A processor computes more at once no faster: it no longer fits its cache
CACHED_SECONDS = 12.0
PRECISIONS = ("fp32", "bf16")


@dataclasses.dataclass
class EmbeddedClip:
    """A recording's windows, or the ``problem`` for which there are none.

    Spans and ``bounds`` are (start, end) in seconds, embeddings have the shape
    [dim]. Each window is in one (``turn_of``) of the ``turns``, if there are.
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
    precision="fp32",
):
    """Embed recordings, in batches of windows of exactly equal length.

    Yields an EmbeddedClip each, in their order; one that cannot be used stops
    no other. With a ``listener`` the windows lie in the turns that it hears.
    ``advance`` is told how many seconds further it is read.
    """
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
            batch.append((found, len(found.embeddings) - 1, each.waveform))
            held += len(each.waveform)
            if held >= limit:
                _embed(model, batch, precision)
                batch, held = [], 0
                while queue[0] is not found:
                    yield queue.popleft()
    _embed(model, batch, precision)
    yield from queue


def usable(found, problems):
    """Pass on what can be used; note what cannot."""
    for each in found:
        if each.problem:
            problems.append(f"{each.clip.name}: {each.problem}")
        else:
            yield each


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


@torch.inference_mode()
def _embed(model, batch, precision):
    """Give the windows of a batch their embeddings.

    They are (EmbeddedClip, number of the window, waveform).
    """
    groups = collections.defaultdict(list)
    for found, number, waveform in batch:
        groups[len(waveform)].append((found, number, waveform))
    rate = model.hparams.sample_rate
    for samples, group in groups.items():
        owners, numbers, waveforms = zip(*group, strict=True)
        try:
            embeddings = _encode(model, torch.stack(waveforms), precision)
        except torch.OutOfMemoryError as error:
            raise PredictError(
                f"the memory of {model.device} is too small for {len(group)} "
                f"windows of {samples / rate:.2f} s at once: give a smaller "
                "--batch_seconds or --window"
            ) from error
        except (RuntimeError, ValueError) as error:  # too short, as a rule
            reason = str(error).partition("\n")[0]
            for found in owners:
                found.problem = (
                    f"the model refuses {samples / rate:.3f} s: {reason}"
                )
            continue
        for found, number, embedding in zip(
            owners, numbers, embeddings, strict=True
        ):
            if not embedding.isfinite().all():
                found.problem = "its embedding is not finite"
            found.embeddings[number] = embedding


def _encode(model, waveforms, precision):
    """Embed waveforms of one length, [batch, time] -> [batch, dim]."""
    kind = torch.device(model.device).type
    at_once = len(waveforms)
    if kind == "cpu":
        seconds = waveforms.shape[1] / model.hparams.sample_rate
        at_once = max(1, int(CACHED_SECONDS / seconds))
    rounded = precision == "bf16"
    with torch.autocast(kind, dtype=torch.bfloat16, enabled=rounded):
        parts = [model.encode_batch(x) for x in waveforms.split(at_once)]
    return torch.cat(parts).reshape(len(waveforms), -1).float().cpu()
