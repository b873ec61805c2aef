"""The embeddings of every window of many recordings."""

import collections
import dataclasses

import torch
from data_prep.errors import UnusableAudio
from emoclust_lobes.predict.inputs import Clip, PredictError
from emoclust_lobes.predict.windows import read_windows

from speechbrain.dataio.preprocess import AudioNormalizer


@dataclasses.dataclass
class EmbeddedClip:
    """A recording's windows, or the ``problem`` for which there are none.

    Spans are (start, end) in seconds, embeddings have the shape [dim].
    """

    clip: Clip
    spans: list = dataclasses.field(default_factory=list)
    embeddings: list = dataclasses.field(default_factory=list)
    problem: str = ""

    @property
    def seconds(self):
        """Length of the recording, or of its part."""
        return self.spans[-1][1] - self.spans[0][0]

    @property
    def mean(self):
        """Embedding of the recording: the mean of its windows', [dim]."""
        return torch.stack(self.embeddings).mean(dim=0)


def embed_clips(
    model, clips, *, window, hop, batch_seconds, on_windows, channels=None
):
    """Embed recordings, in batches of windows of exactly equal length.

    Yields an EmbeddedClip each, in their order, as soon as it is done; one that
    cannot be used stops no other. ``on_windows`` is told the size of each batch.
    """
    # Windows of several recordings share a batch, and nothing is padded, to
    # which ECAPA-TDNN is not indifferent: no embedding depends on the others.
    normalizer = AudioNormalizer(model.hparams.sample_rate)
    limit = batch_seconds * model.hparams.sample_rate
    queue: collections.deque[EmbeddedClip] = collections.deque()
    batch, held = [], 0
    for clip in clips:
        found = EmbeddedClip(clip)
        queue.append(found)
        reading = (window, hop, normalizer, channels)
        for each in _windows_of(found, *reading):
            found.spans.append((each.start, each.end))
            batch.append((found, each.waveform))
            held += len(each.waveform)
            if held >= limit:
                _embed(model, batch, on_windows)
                batch, held = [], 0
                while queue[0] is not found:
                    yield queue.popleft()
    _embed(model, batch, on_windows)
    yield from queue


def _windows_of(found, *reading):
    """Yield the windows of a recording; note what ends them too early."""
    try:
        _refuse_odd_name(found.clip.name)
        yield from read_windows(found.clip, *reading)
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
def _embed(model, batch, on_windows):
    """Give the windows of a batch, (EmbeddedClip, waveform), their embeddings."""
    groups = collections.defaultdict(list)
    for found, waveform in batch:
        groups[len(waveform)].append((found, waveform))
    rate = model.hparams.sample_rate
    for samples, group in groups.items():
        owners, waveforms = zip(*group, strict=True)
        try:
            embeddings = model.encode_batch(torch.stack(waveforms)).cpu()
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
        embeddings = embeddings.reshape(len(group), -1).float()
        for found, embedding in zip(owners, embeddings, strict=True):
            if not embedding.isfinite().all():
                found.problem = "its embedding is not finite"
            found.embeddings.append(embedding)
        on_windows(len(group))
