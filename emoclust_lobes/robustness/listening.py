"""The utterances of a manifest, heard under one condition after another."""

import functools

import numpy as np
from data_prep.errors import EmoclustError
from data_prep.manifests.manifest import Source, read_manifest
from emoclust_lobes.audio.reading import hash_number, read_utterance
from emoclust_lobes.robustness.conditions import N_TALKERS, degrade
from tqdm import tqdm


class Listening:
    """Labeled utterances of a manifest, in ``utterances``, to be embedded.

    Babble is of other speakers of the manifest, where it has any.
    """

    def __init__(self, manifest, data_folder, rate):
        table = read_manifest(Source(str(manifest), str(data_folder)))
        table = table[table["emotion"] != ""].reset_index(drop=True)
        if table.empty:
            raise EmoclustError(
                f"{manifest} has no utterance with an emotion: nothing can be "
                "scored"
            )
        self.utterances = table
        self.rate = rate
        self.read = functools.lru_cache(512)(self._read)

    def _read(self, row):
        wav, start, stop = self.utterances.loc[row, ["wav", "start", "stop"]]
        try:
            return read_utterance(wav, start, stop, self.rate)
        except (OSError, RuntimeError, ValueError) as error:
            raise EmoclustError(
                f"{wav} cannot be read: {error}. Repair it, or leave its row out"
            ) from error

    def under(self, condition):
        """Yield each waveform [time] as it is under a condition."""
        for row, name in enumerate(
            tqdm(self.utterances["ID"], condition, leave=False)
        ):
            others: list = []
            if "babble" in condition:
                others = [self.read(x) for x in self._talkers(row, name)]
            waveform = self.read(row)
            yield degrade(waveform, self.rate, condition, name, others)

    def _talkers(self, row, name):
        """Draw rows of other speakers, the same ones every time."""
        speakers = self.utterances["spk_id"].to_numpy()
        others = np.flatnonzero(speakers != speakers[row])
        if len(others) == 0:
            others = np.flatnonzero(np.arange(len(speakers)) != row)
        rng = np.random.default_rng(hash_number(f"babble|{name}", 8))
        return rng.choice(others, min(N_TALKERS, len(others)), replace=False)
