"""One speaker embedding per utterance, computed once and kept in one file.

An utterance is computed again only when its audio file, its stretch of that
file or the encoder changes.
"""

import itertools
import math
import os

import numpy as np
import torch
from data_prep.manifest import read_manifests
from emoclust_lobes.audio import read_utterance
from emoclust_lobes.embedding_cache import (
    EmbeddingError,
    PartWriter,
    cache_path,
    merge_parts,
    read_cache,
)
from emoclust_lobes.speaker_encoders import (
    load_speaker_encoder,
    offline_identity,
)
from tqdm import tqdm


def embed_utterances(
    sources,
    embedding_folder,
    encoder,
    encoder_source=None,
    sample_rate=16000,
    max_batch_seconds=60.0,
    device="cpu",
    save_every=256,
):
    """Compute the embeddings that are missing or out of date.

    Utterances are embedded in batches of exactly equal length, without any
    padding, so that a vector does not depend on its batch. When nothing is
    missing, the encoder is not even loaded.

    Arguments
    ---------
    sources : list of (str, str)
        Manifests and the folders their ``$data_root`` stands for.
    embedding_folder : str or pathlib.Path
        Where the cache lies.
    encoder : str
        Name of a speaker encoder: ``ecapa``, ``xvector``, ``resnet``,
        ``campplus``, ``ge2e``, ``stats``, ``egemaps`` or ``ssl``.
    encoder_source : str or None
        Hub id or local folder of the encoder, where not the default.
    sample_rate : int
        Rate to read the audio at; must be the encoder's own, in Hz.
    max_batch_seconds : float
        Upper limit of the speech in a batch; a longer utterance goes alone.
    device : str
        Where to compute.
    save_every : int
        Utterances after which the finished part is saved.

    Raises
    ------
    EmbeddingError
        When audio files cannot be embedded: lists all of them, after the
        others were saved. When the sample rate is not the encoder's.
    EncoderError
        When the encoder cannot be had.
    """
    utterances, signatures, problems = _sign(read_manifests(sources))
    ids = utterances["ID"].to_numpy(dtype=str)
    identity = offline_identity(encoder, encoder_source)
    cache = merge_parts(embedding_folder, encoder)
    stale = _stale(cache, identity, ids, signatures)
    if stale.any():
        model = load_speaker_encoder(encoder, encoder_source, device)
        if sample_rate != model.sample_rate:
            raise EmbeddingError(
                f"the speaker encoder {encoder} hears {model.sample_rate} Hz, "
                f"found sample_rate {sample_rate}"
            )
        # The revision of a hub's model is known only now.
        stale = _stale(cache, model.identity, ids, signatures)
        parts = PartWriter(
            embedding_folder,
            model.identity,
            ids[stale],
            signatures[stale],
            save_every,
        )
        problems += _embed(model, utterances[stale], max_batch_seconds, parts)
        merge_parts(embedding_folder, encoder)
    if problems:
        raise EmbeddingError(
            f"{len(problems)} utterances cannot be embedded; the others are "
            f"saved in {cache_path(embedding_folder, encoder)}. Repair these "
            "files or leave them out:\n" + "\n".join(problems)
        )


def read_embeddings(embedding_folder, encoder, ids):
    """Read the vectors of some utterances.

    Arguments
    ---------
    embedding_folder : str or pathlib.Path
        Where the cache lies.
    encoder : str
        Name of the speaker encoder.
    ids : iterable of str
        IDs of the utterances.

    Returns
    -------
    numpy.ndarray
        float32, shape [len(ids), dim], in the order of the IDs.

    Raises
    ------
    EmbeddingError
        When vectors are missing.

    Example
    -------
    >>> from emoclust_lobes.embedding_cache import Embeddings
    >>> folder = getfixture("tmp_path")
    >>> Embeddings(
    ...     {"name": "stats"},
    ...     np.array(["a", "b"]),
    ...     np.zeros((2, 4), dtype="int64"),
    ...     np.eye(2, dtype="float32"),
    ... ).save(folder / "stats.npz")
    >>> read_embeddings(folder, "stats", ["b", "a"])
    array([[0., 1.],
           [1., 0.]], dtype=float32)
    """
    return read_cache(embedding_folder, encoder).select(ids)


def _sign(utterances):
    """Signatures of the utterances whose file exists; what is missing."""
    signatures, problems = {}, []
    for row in utterances.itertuples():
        try:
            status = os.stat(row.wav)
        except OSError as error:
            problems.append(f"{row.wav}: {error.strerror}")
            continue
        stretch = [int(end) if end else -1 for end in (row.start, row.stop)]
        signatures[row.ID] = [status.st_size, status.st_mtime_ns, *stretch]
    utterances = utterances[utterances["ID"].isin(signatures.keys())]
    rows = np.array(list(signatures.values()), dtype=np.int64)
    return utterances, rows.reshape(-1, 4), problems


def _stale(cache, identity, ids, signatures):
    """Which utterances have no current vector in the cache, shape [n]."""
    if cache is None or not identity.items() <= cache.identity.items():
        return np.ones(len(ids), dtype=bool)
    rows = cache.positions(ids)
    return (rows < 0) | (cache.signatures[rows] != signatures).any(axis=1)


def _embed(model, utterances, max_batch_seconds, parts):
    """Embed utterances into parts; return what could not be embedded."""
    problems = []
    wavs = utterances["wav"].to_numpy()
    # Over seconds of speech, because they are what takes time.
    progress = tqdm(
        desc=f"{model.name}: embedding",
        total=math.ceil(utterances["duration"].sum()),
        unit="s",
        unit_scale=True,
    )
    with parts, progress:
        for rows, waveforms in _equal_length_batches(
            utterances, model.sample_rate, max_batch_seconds, problems
        ):
            vectors = model(waveforms).cpu().numpy()
            finite = np.isfinite(vectors).all(axis=1)
            problems += [
                f"{wavs[row]}: its embedding is not finite"
                for row in rows[~finite]
            ]
            parts.add(rows[finite], vectors[finite])
            progress.update(waveforms.numel() / model.sample_rate)
    return problems


def _equal_length_batches(utterances, sample_rate, max_seconds, problems):
    """Read utterances into batches [batch, time] of one exact length each.

    Arguments
    ---------
    utterances : pandas.DataFrame
        Rows of manifests.
    sample_rate : int
        Rate of the waveforms, in Hz.
    max_seconds : float
        Upper limit of the speech in a batch of several utterances.
    problems : list of str
        Receives a line about each file that cannot be read.

    Yields
    ------
    rows : numpy.ndarray
        Positions of the batch's utterances.
    waveforms : torch.Tensor
        Shape [len(rows), time].
    """

    # Sorted, utterances of equal length stand side by side.
    order = utterances["duration"].to_numpy().argsort(kind="stable")

    def readable():
        rows = utterances.iloc[order].itertuples()
        for row, utterance in zip(order, rows, strict=True):
            try:
                waveform = read_utterance(
                    utterance.wav, utterance.start, utterance.stop, sample_rate
                )
            except (OSError, RuntimeError, ValueError) as error:
                problems.append(f"{utterance.wav}: {error}")
            else:
                yield row, waveform

    for samples, group in itertools.groupby(readable(), lambda x: len(x[1])):
        size = max(1, int(max_seconds * sample_rate / samples))
        while batch := list(itertools.islice(group, size)):
            rows, waveforms = zip(*batch, strict=True)
            yield np.array(rows), torch.stack(waveforms)
