"""A pool of noise: for what does not ask how speech sounds."""

import pathlib

import numpy as np
import soundfile
from data_prep.manifests.manifest import Source, Utterance, write_manifest


def write_noise(path, samples, rate=16000, channels=1, seed=0):
    """Write an audio file of noise.

    Arguments
    ---------
    path : pathlib.Path
        The file; its folder is made.
    samples : int
        Its length.
    rate : int
        In Hz.
    channels : int
        How many.
    seed : int
        Another seed, as another length, gives other noise.

    Returns
    -------
    pathlib.Path
        The file.

    Example
    -------
    >>> path = write_noise(getfixture("tmp_path") / "a.wav", samples=800)
    >>> soundfile.info(path).frames
    800
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng([samples, seed]).normal(
        0, 0.1, (samples, channels)
    )
    soundfile.write(path, noise, rate, subtype="FLOAT")
    return path


def make_noise(folder, lengths, name="pool", n_speakers=2):
    """Write a pool of noise and its manifest.

    Arguments
    ---------
    folder : str or pathlib.Path
        Where they go; the root of the manifest's paths.
    lengths : sequence of int
        Samples of each utterance, at 16 kHz.
    name : str
        Of the pool; utterances are called by it and their number.
    n_speakers : int
        To whom the utterances are dealt in turn.

    Returns
    -------
    list of Source
        The manifest.

    Example
    -------
    >>> from data_prep.manifests.manifest import read_manifests
    >>> sources = make_noise(getfixture("tmp_path"), [8000, 16000])
    >>> read_manifests(sources)[["ID", "spk_id"]].values.tolist()
    [['pool0', 's0'], ['pool1', 's1']]
    """
    folder = pathlib.Path(folder)
    utterances = []
    for number, samples in enumerate(lengths):
        wav = f"{name}/audio/{number}.wav"
        write_noise(folder / wav, samples, seed=number)
        utterances.append(
            Utterance(
                ID=f"{name}{number}",
                duration=samples / 16000,
                wav=wav,
                spk_id=f"s{number % n_speakers}",
            )
        )
    write_manifest(folder / name, {"pool": utterances}, {"fingerprint": "0"})
    return [Source(str(folder / name / "pool.csv"), str(folder))]
