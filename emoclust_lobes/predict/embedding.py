"""The embeddings of every window of many recordings."""

import collections
import dataclasses

import torch
from data_prep.errors import UnusableAudio
from emoclust_lobes.predict.errors import PredictError
from emoclust_lobes.predict.inputs import Clip
from emoclust_lobes.predict.windows import read_windows

from speechbrain.dataio.preprocess import AudioNormalizer


@dataclasses.dataclass
class EmbeddedClip:
    """A recording with the embeddings of its windows, or why there are none.

    Arguments
    ---------
    clip : Clip
        The recording.
    spans : list of (float, float)
        Start and end of each window, in seconds.
    embeddings : list of torch.Tensor
        Of each window, shape [dim].
    problem : str
        Why the recording cannot be used; empty otherwise.

    Example
    -------
    >>> embeddings = [torch.zeros(2), torch.ones(2)]
    >>> clip = EmbeddedClip(Clip("a", "a.wav"), [(0, 2), (1, 3)], embeddings)
    >>> clip.seconds, clip.mean.tolist()
    (3, [0.5, 0.5])
    """

    clip: Clip
    spans: list = dataclasses.field(default_factory=list)
    embeddings: list = dataclasses.field(default_factory=list)
    problem: str = ""

    @property
    def seconds(self):
        """Length of the recording."""
        return self.spans[-1][1]

    @property
    def mean(self):
        """Embedding of the recording: the mean of its windows', [dim]."""
        return torch.stack(self.embeddings).mean(dim=0)


def embed_clips(model, clips, *, window, hop, batch_seconds, heard):
    """Embed recordings, in batches of windows of exactly equal length.

    Windows of several recordings share a batch, and nothing is padded, to
    which ECAPA-TDNN is not indifferent: the embeddings do not depend on
    ``batch_seconds``, nor on what else is embedded.

    Arguments
    ---------
    model : speechbrain.inference.classifiers.EncoderClassifier
        With ``sample_rate`` among its ``hparams``.
    clips : iterable of Clip
        The recordings.
    window, hop : float
        As for ``read_windows``, in seconds.
    batch_seconds : float
        So much audio is held and embedded together, and one window more.
    heard : callable
        Told the number of windows of each batch that is done.

    Yields
    ------
    EmbeddedClip
        In the order of the clips, as soon as they are done. What cannot be
        used has a ``problem`` and does not stop the others.

    Raises
    ------
    PredictError
        When the device's memory is too small for a batch.

    Example
    -------
    >>> from emoclust_lobes.encoders.front_ends import NoNormalization
    >>> from emoclust_lobes.synthetic.noise import write_noise
    >>> from speechbrain.inference.classifiers import EncoderClassifier
    >>> from speechbrain.lobes.features import Fbank
    >>> from speechbrain.nnet.pooling import StatisticsPooling
    >>> model = EncoderClassifier(
    ...     modules={
    ...         "compute_features": Fbank(n_mels=8),
    ...         "mean_var_norm": NoNormalization(),
    ...         "embedding_model": StatisticsPooling(return_std=False),
    ...         "classifier": torch.nn.Identity(),
    ...     },
    ...     hparams={"sample_rate": 16000},
    ... )
    >>> path = write_noise(getfixture("tmp_path") / "a.wav", samples=24000)
    >>> (found,) = embed_clips(
    ...     model,
    ...     [Clip("a.wav", path)],
    ...     window=1.0,
    ...     hop=0.5,
    ...     batch_seconds=60.0,
    ...     heard=lambda windows: print(windows, "windows"),
    ... )
    2 windows
    >>> found.spans, found.mean.shape
    ([(0.0, 1.0), (0.5, 1.5)], torch.Size([8]))
    """
    normalizer = AudioNormalizer(model.hparams.sample_rate)
    limit = batch_seconds * model.hparams.sample_rate
    queue: collections.deque[EmbeddedClip] = collections.deque()
    batch, held = [], 0
    for clip in clips:
        found = EmbeddedClip(clip)
        queue.append(found)
        try:
            _refuse_odd_name(clip.name)
            for each in read_windows(clip.path, window, hop, normalizer):
                found.spans.append((each.start, each.end))
                batch.append((found, each.waveform))
                held += len(each.waveform)
                if held >= limit:
                    _embed(model, batch, heard)
                    batch, held = [], 0
                    while queue[0] is not found:
                        yield queue.popleft()
        except UnusableAudio as error:
            found.problem = str(error)
    _embed(model, batch, heard)
    yield from queue


def _refuse_odd_name(name):
    """Raise where a name cannot be a file's, or cannot stand in a result."""
    if "\0" in name:
        raise UnusableAudio("its name holds a NUL: give one path a line")
    try:
        name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UnusableAudio("its name is not UTF-8: rename it") from error


@torch.inference_mode()
def _embed(model, batch, heard):
    """Give recordings the embeddings of a batch of their windows.

    ``batch`` holds pairs of EmbeddedClip and waveform; the windows of a
    recording come in their order.
    """
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
        heard(len(group))
