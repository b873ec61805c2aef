"""A pool of noise: for what does not ask how speech sounds."""

import pathlib

import numpy as np
import soundfile
from data_prep.manifests.manifest import Source, Utterance, write_manifest


def write_noise(path, samples, rate=16000, channels=1, seed=0):
    """Write an audio file of noise of so many samples; return its path.

    Another seed, as another length, gives other noise.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng([samples, seed]).normal(
        0, 0.1, (samples, channels)
    )
    soundfile.write(path, noise, rate, subtype="FLOAT")
    return path


def make_noise(folder, lengths, name="pool", n_speakers=2):
    """Write a pool of noise of so many samples each, and its manifest; return that.

    Utterances are called by the pool's name and number, and dealt to the speakers in
    turn; paths in the manifest are below ``folder``.
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
