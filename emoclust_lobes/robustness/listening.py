"""The utterances of a manifest, heard under one condition after another."""

import functools
import hashlib

import numpy as np
from data_prep.errors import EmoclustError
from data_prep.manifests.manifest import Source, read_manifest
from emoclust_lobes.audio.reading import read_utterance
from emoclust_lobes.robustness.conditions import N_TALKERS, degrade
from tqdm import tqdm


class Listening:
    """Labeled utterances of a manifest, for whoever embeds them.

    ``utterances`` is the table of those whose emotion is known. Babble is of
    other speakers of the manifest, where it has any.
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
        return read_utterance(wav, start, stop, self.rate)

    def under(self, condition):
        """Yield each waveform [time] as it is under a condition."""
        rows = self.utterances[["ID", "wav"]].itertuples(index=False)
        for row, (utterance_id, wav) in enumerate(
            tqdm(rows, condition, len(self.utterances), leave=False)
        ):
            others: list = []
            if "babble" in condition:
                others = [self.read(x) for x in self._talkers(row)]
            try:
                waveform = self.read(row)
            except (OSError, RuntimeError, ValueError) as error:
                raise EmoclustError(
                    f"{wav} cannot be read: {error}. Repair it, or leave its "
                    "row out"
                ) from error
            yield degrade(waveform, self.rate, condition, utterance_id, others)

    def _talkers(self, row):
        """Draw rows of other speakers, the same ones every time."""
        speakers = self.utterances["spk_id"].to_numpy()
        others = np.flatnonzero(speakers != speakers[row])
        if len(others) == 0:
            others = np.flatnonzero(np.arange(len(speakers)) != row)
        name = self.utterances.loc[row, "ID"]
        digest = hashlib.sha256(f"babble|{name}".encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
        return rng.choice(others, min(N_TALKERS, len(others)), replace=False)
