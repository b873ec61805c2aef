"""Features of a frozen front end, computed once and kept on disk.

One folder holds the features of one front end and serves all folds and seeds.
``front_end.json`` says which front end that is; the features lie in shards, see
``emoclust_lobes.features.shards``.
"""

import functools
import pathlib

import numpy as np
import pandas
from data_prep.manifests.manifest import read_manifests
from data_prep.storage.files import read_json, write_json
from data_prep.storage.locks import locked
from emoclust_lobes.audio.batches import equal_length_batches, speech_progress
from emoclust_lobes.audio.reading import audio_pipeline
from emoclust_lobes.audio.signatures import sign_utterances
from emoclust_lobes.features.reading import (
    FeatureCache,
    FeatureCacheError,
    feature_pipeline,
)
from emoclust_lobes.features.shards import SIGNATURE, ShardWriter, read_index

UNSEEN = ("valid", "test")  # splits that are never trained on


def cache_features(
    sources,
    feature_folder,
    front_end,
    sample_rate=16000,
    max_batch_seconds=60.0,
    device="cpu",
    shard_megabytes=128,
    channels=None,
):
    """Compute the features that are missing or out of date.

    Utterances are computed in batches of exactly equal length, without any
    padding. When nothing is missing, the front end is not even loaded; when it
    trains, nothing is computed. A run that is killed loses the shard it was
    filling, and no more. Another process that computes for the same folder is
    waited for.

    Arguments
    ---------
    sources : list of (str, str)
        Manifests and the folders their ``$data_root`` stands for.
    feature_folder : str or pathlib.Path
        Where the cache lies.
    front_end : SSLFrontEnd
        What computes them.
    sample_rate : int
        Rate to read the audio at; must be the front end's own, in Hz.
    max_batch_seconds : float
        Upper limit of the speech in a batch; a longer utterance goes alone.
    device : str
        Where to compute.
    shard_megabytes : float
        Size at which a shard is written.
    channels : WaveformAugmentation
        Where it does anything, its views of what is trained on are cached, too.

    Raises
    ------
    FeatureCacheError
        When the folder holds another front end's features, or features are
        too large for float16. When utterances cannot be computed: lists all of
        them, after the others were saved.
    FrontEndError
        When the front end cannot be had.

    Example
    -------
    >>> from emoclust_lobes.encoders.front_ends import SSLFrontEnd
    >>> from emoclust_lobes.synthetic.models import save_tiny
    >>> from emoclust_lobes.synthetic.noise import make_noise
    >>> folder = getfixture("tmp_path")
    >>> sources = make_noise(folder, [8000, 16000])
    >>> model = save_tiny("wavlm", folder / "model")
    >>> front_end = SSLFrontEnd(model, save_path=model, layers=[2])
    >>> cache_features(sources, folder / "features", front_end)
    >>> FeatureCache(folder / "features").read("pool1").shape
    torch.Size([49, 16])
    """
    if front_end.trains:
        return
    feature_folder = _folder_of(front_end, feature_folder)
    options = (front_end, sample_rate, max_batch_seconds, device)
    _cache(sources, feature_folder, *options, shard_megabytes)
    if channels:
        trained = [x for x in sources if pathlib.Path(x.csv).stem not in UNSEEN]
        for view, folder in enumerate(_views(feature_folder, channels), 1):
            change = functools.partial(_carry, channels=channels, view=view)
            _cache(trained, folder, *options, shard_megabytes, change)


def _views(feature_folder, channels):
    """Return the folder of each view."""
    folder = pathlib.Path(feature_folder, "views", channels.name)
    return [folder / str(view) for view in range(1, channels.views + 1)]


def _carry(waveform, utterance_id, *, channels, view):
    return channels(waveform, f"{view}|{utterance_id}", always=True)


def _cache(
    sources,
    folder,
    front_end,
    sample_rate,
    max_batch_seconds,
    device,
    shard_megabytes,
    change=None,
):
    folder = pathlib.Path(folder)
    utterances, signatures, problems = sign_utterances(read_manifests(sources))
    with locked(folder, wait=True):
        front_end.digest_cache = folder / "weights.json"
        found = read_json(folder / "front_end.json")
        if (
            found
            and not front_end.identity.items() <= found["identity"].items()
        ):
            raise FeatureCacheError(
                f"{folder} holds features of {found['identity']}, not of "
                f"{front_end.identity}: give another feature_folder, or remove "
                "this one"
            )
        stale = _stale(folder, utterances["ID"], signatures)
        if stale.any():
            _start(folder, front_end, sample_rate)
            utterances = utterances[stale]
            shards = ShardWriter(
                folder, utterances["ID"], signatures[stale], shard_megabytes
            )
            batches = equal_length_batches(
                utterances,
                sample_rate,
                max_batch_seconds,
                problems,
                change=change,
            )
            problems += _compute(front_end, utterances, batches, device, shards)
    if problems:
        raise FeatureCacheError(
            f"{len(problems)} utterances have no features; those of the others "
            f"are saved in {folder}. Repair these files or leave them out:\n"
            + "\n".join(problems)
        )


def signal_pipeline(
    sample_rate, front_end, feature_folder, crop=None, channels=None
):
    """Make the dynamic item that reads what the encoder is given.

    Arguments
    ---------
    sample_rate : int
        Rate of the waveforms, in Hz.
    front_end : SSLFrontEnd
        One that trains is given waveforms; the features of a frozen one are
        read from the cache.
    feature_folder : str or pathlib.Path
        Where the cache lies.
    crop : RandomCrop
        Cuts the utterances; they stay whole without one.
    channels : WaveformAugmentation
        Carries what is cropped, or chooses one of its cached views.

    Returns
    -------
    DynamicItem
        Provides ``sig``, as ``audio_pipeline`` or ``feature_pipeline``.

    Example
    -------
    >>> from types import SimpleNamespace
    >>> from emoclust_lobes.synthetic.noise import write_noise
    >>> path = write_noise(getfixture("tmp_path") / "a.wav", samples=800)
    >>> read = signal_pipeline(16000, SimpleNamespace(trains=True), "unused")
    >>> read(str(path), "", "", "a").shape
    torch.Size([800])
    """
    if front_end.trains:
        return audio_pipeline(sample_rate, crop, channels)
    feature_folder = _folder_of(front_end, feature_folder)
    cached = FeatureCache(feature_folder)
    if crop is None or not channels:
        return feature_pipeline(cached, crop)
    views = [FeatureCache(x) for x in _views(feature_folder, channels)]
    return feature_pipeline(cached, crop, views, channels)


def _folder_of(front_end, feature_folder):
    """Where features lie: those with a vector beside those without."""
    own = "speaker_vector" if front_end.vector_size else ""
    return pathlib.Path(feature_folder, own)


def _start(folder, front_end, sample_rate):
    """Say whose features the folder holds."""
    if sample_rate != front_end.sample_rate:
        raise FeatureCacheError(
            f"the front end {front_end.source} takes "
            f"{front_end.sample_rate} Hz, found sample_rate {sample_rate}"
        )
    for path in folder.glob(".*.tmp"):  # what kills have left half written
        path.unlink()
    shape = {x: getattr(front_end, x) for x in ("n_layers", "size", "hop")}
    write_json(
        folder / "front_end.json", {"identity": front_end.identity, **shape}
    )


def _stale(folder, ids, signatures):
    """Which utterances have no current features in the cache, shape [n]."""
    index = read_index(folder)
    if index.empty:
        return np.ones(len(ids), dtype=bool)
    rows = pandas.Index(index["ID"]).get_indexer(ids)
    found = index[SIGNATURE].to_numpy()[rows]
    return (rows < 0) | (found != signatures).any(axis=1)


def _compute(front_end, utterances, batches, device, shards):
    """Compute batches into shards; return what could not be computed."""
    problems = []
    wavs = utterances["wav"].to_numpy()
    progress = speech_progress(f"{front_end.source}: features", utterances)
    with shards, progress:
        for rows, waveforms in batches:
            progress.update(waveforms.numel() / front_end.sample_rate)
            try:
                features = front_end(waveforms.to(device)).cpu()
            except ValueError as error:  # too short or too long
                problems += [f"{wavs[row]}: {error}" for row in rows]
                continue
            for row, each in zip(rows, features, strict=True):
                if not each.isfinite().all():
                    problems.append(f"{wavs[row]}: its features are not finite")
                    continue
                half = each.half()
                if not half.isfinite().all():
                    raise FeatureCacheError(
                        f"the features of {wavs[row]} reach {each.abs().max()}"
                        ", too much for float16: choose other layers of "
                        f"{front_end.source}"
                    )
                shards.add(row, half.numpy())
    return problems
