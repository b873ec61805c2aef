"""One speaker embedding per utterance, computed once and kept on disk.

An utterance is computed again only when its audio file, its segment of that
file or the encoder changes.
"""

import itertools

import numpy as np
from data_prep.manifests.manifest import read_manifests
from data_prep.storage.locks import locked_by_main
from emoclust_lobes.audio.batches import equal_length_batches, speech_progress
from emoclust_lobes.audio.signatures import sign_utterances
from emoclust_lobes.embeddings.cache import (
    EmbeddingError,
    cache_path,
    read_cache,
    whole_cache,
)
from emoclust_lobes.embeddings.joined import check_joined, split_encoders
from emoclust_lobes.embeddings.parts import PartWriter, merge_parts
from emoclust_lobes.encoders.speaker_encoders import (
    load_speaker_encoder,
    offline_identity,
)
from emoclust_lobes.parallel.batches import cores_for, map_batches
from emoclust_lobes.parallel.processes import gather_objects, own_rows

from speechbrain.utils.distributed import run_on_main


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

    Batches are of exactly equal length, without any padding, so that a vector does
    not depend on its batch. When nothing is missing, the encoder is not even loaded.
    Another run that embeds with the same encoder is waited for. When all processes of
    a distributed run call it, they share the utterances; the main process alone, as
    inside ``run_on_main``, does everything.

    Arguments
    ---------
    sources : list of (str, str)
        Manifests and the folders their ``$data_root`` stands for.
    embedding_folder : str or pathlib.Path
        Where the cache lies.
    encoder : str
        ``ecapa``, ``xvector``, ``resnet``, ``campplus``, ``ge2e``, ``stats``,
        ``egemaps`` or ``ssl``; or several of the first six, side by side
        (``"campplus+ge2e"``).
    encoder_source : str or None
        Hub id or local folder of the encoder, where not the default.
    sample_rate : int
        Rate to read the audio at; must be the encoder's own, in Hz.
    max_batch_seconds : float
        Upper limit of the speech in the batches that are computed at a time,
        one on each core of a CPU; a longer utterance goes alone.
    device : str
        Where to compute.
    save_every : int
        Utterances after which the finished part is saved.

    Raises
    ------
    EmbeddingError
        Lists all audio files that cannot be embedded, after the others were
        saved; or when the sample rate is not the encoder's.

    Example
    -------
    >>> from emoclust_lobes.synthetic.noise import make_noise
    >>> folder = getfixture("tmp_path")
    >>> sources = make_noise(folder, [8000, 16000])
    >>> embed_utterances(sources, folder / "embeddings", "stats")
    >>> read_embeddings(folder / "embeddings", "stats", ["pool1"]).shape
    (1, 160)
    """
    names = split_encoders(encoder)
    if len(names) > 1:
        check_joined(names, encoder_source)
        for name in names:  # before the first is computed
            offline_identity(name)
        for name in names:
            embed_utterances(
                sources,
                embedding_folder,
                name,
                sample_rate=sample_rate,
                max_batch_seconds=max_batch_seconds,
                device=device,
                save_every=save_every,
            )
        return
    utterances, signatures, problems = sign_utterances(read_manifests(sources))
    ids = utterances["ID"].to_numpy(dtype=str)
    folder = cache_path(embedding_folder, encoder)

    def stale(identity):
        cache = whole_cache(folder)
        if cache is None or not identity.items() <= cache.identity.items():
            return np.ones(len(ids), dtype=bool)
        return ~cache.is_current(ids, signatures)

    with locked_by_main(folder, wait=True):
        run_on_main(merge_parts, args=[embedding_folder, encoder])
        if stale(offline_identity(encoder, encoder_source)).any():
            model = load_speaker_encoder(encoder, encoder_source, device)
            if sample_rate != model.sample_rate:
                raise EmbeddingError(
                    f"the speaker encoder {encoder} takes {model.sample_rate} "
                    f"Hz, found sample_rate {sample_rate}"
                )
            # The revision of a hub's model is known only now.
            rows = _share(stale(model.identity), utterances["duration"])
            known = (model.identity, ids[rows], signatures[rows])
            parts = PartWriter(embedding_folder, *known, save_every)
            found = _embed(
                model, utterances.iloc[rows], max_batch_seconds, parts
            )
            problems += itertools.chain(*gather_objects(found))
            run_on_main(merge_parts, args=[embedding_folder, encoder])
    if problems:
        raise EmbeddingError(
            f"{len(problems)} utterances cannot be embedded; the others are "
            f"saved in {folder}. Repair these files or leave them out:\n"
            + "\n".join(problems)
        )


def compute_vectors(model, utterances, max_batch_seconds, problems):
    """Yield rows [n], waveforms [n, time] and vectors [n, dim] of each batch.

    A line about each file that cannot be read is added to ``problems``.
    """
    seconds = max_batch_seconds / cores_for(model.device)
    batches = equal_length_batches(
        utterances, model.sample_rate, seconds, problems
    )
    yield from map_batches(
        lambda waveforms: model(waveforms).cpu().numpy(), batches, model.device
    )


def read_embeddings(embedding_folder, encoder, ids):
    """Vectors of these utterances, in their order, float32 [n, dim]."""
    return read_cache(embedding_folder, encoder).select(ids)


def _share(wanted, durations):
    """Rows of the wanted utterances that this process takes."""
    rows = np.flatnonzero(wanted)
    # Dealt round by length, so that all processes have as much speech
    rows = rows[durations.to_numpy()[rows].argsort(kind="stable")]
    return rows[own_rows(len(rows))]


def _embed(model, utterances, max_batch_seconds, parts):
    """Embed utterances into parts; return what could not be embedded."""
    problems: list[str] = []
    wavs = utterances["wav"].to_numpy()
    progress = speech_progress(f"{model.name}: embedding", utterances)
    with parts, progress:
        for rows, waveforms, vectors in compute_vectors(
            model, utterances, max_batch_seconds, problems
        ):
            finite = np.isfinite(vectors).all(axis=1)
            broken = wavs[rows[~finite]]
            problems += [
                f"{wav}: its embedding is not finite" for wav in broken
            ]
            parts.add(rows[finite], vectors[finite])
            progress.update(waveforms.numel() / model.sample_rate)
    return problems
