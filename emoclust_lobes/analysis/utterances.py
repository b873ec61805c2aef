"""What is known of each utterance that its cluster might follow.

Beside the manifests' columns that is the intensity, where RAVDESS (fourth
field: 01 normal, 02 strong) and CREMA-D (last: LO, MD, HI; XX is not known)
name it, the duration (s) and the level (dB re full scale). The last two are
cut at the quartiles of each speaker: ranks inside a speaker do not depend on
how far the microphone stood or how fast somebody speaks.
"""

import math
import os
import pathlib
import re

import joblib
import numpy as np
import pandas
from data_prep.manifests.manifest import read_manifest
from data_prep.manifests.summary import find_summary
from data_prep.recordings.tar_shards import audio_status
from data_prep.storage.files import replacing
from emoclust_lobes.audio.reading import read_utterance
from tqdm import tqdm

from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)

# What clusters are compared with inside speakers -> column of the table.
TARGETS = {
    "emotion": "emotion",
    "sentence": "sentence",
    "session": "session",
    "intensity": "intensity",
    "duration": "duration_quarter",
    "loudness": "loudness_quarter",
}
# Corpus, as its manifest.json has it -> where an ID tells the intensity.
INTENSITY = {
    "RAVDESS": re.compile(r"(?:\d\d-){3}(01|02)(?:-\d\d){3}"),
    "CREMA-D": re.compile(r"\d{4}_[A-Z]{3}_[A-Z]{3}_(LO|MD|HI)"),
}
SILENCE = -120.0  # dB, what digital silence counts as


def describe_utterances(sources, loudness_csv, n_jobs=1):
    """Read manifests and add what else is known of each utterance.

    Rows are sorted by speaker and ID; text that is not known is "". The CSV
    keeps levels from one call to the next.
    """
    tables = []
    for source in sources:
        summary = find_summary(pathlib.Path(source[0]).parent) or {}
        table = read_manifest(source)
        table["intensity"] = [
            intensity(summary.get("corpus"), name) for name in table["ID"]
        ]
        tables.append(table.assign(corpus=summary.get("corpus", "")))
    table = pandas.concat(tables, ignore_index=True).drop_duplicates("ID")
    if table["corpus"].nunique() > 1:  # which may number their sentences alike
        names = table["corpus"] + "/" + table["sentence"]
        table["sentence"] = names.where(table["sentence"] != "", "")
    table = table.sort_values(["spk_id", "ID"], ignore_index=True)
    table["loudness"] = measure_loudness(table, loudness_csv, n_jobs)
    for name in ("duration", "loudness"):
        by_speaker = table.groupby("spk_id")[name]
        table[f"{name}_quarter"] = by_speaker.transform(quarters).astype(str)
    return table


def intensity(corpus, utterance_id):
    """Tell how strong an emotion was meant to be, "" where nobody says."""
    pattern = INTENSITY.get(corpus)
    found = pattern and pattern.fullmatch(utterance_id)
    return found[1] if found else ""


def quarters(values):
    """Number the quarters between the quartiles of values, [n], from 1.

    Equal values share a quarter, so that there are fewer where many are equal.
    """
    borders = np.quantile(values, [0.25, 0.5, 0.75])
    return 1 + np.searchsorted(borders, values, side="left")


def measure_loudness(utterances, loudness_csv, n_jobs=1):
    """Measure the level of each utterance, [n] in dB, once for each file state.

    Levels that the CSV holds are read from it, and all are written.
    """
    columns = ["ID", "bytes", "mtime_ns", "start", "stop"]
    status = [audio_status(wav) for wav in utterances["wav"]]
    keys = utterances.assign(
        bytes=[end for end, _ in status],
        mtime_ns=[mtime_ns for _, mtime_ns in status],
    )[columns].astype(str)
    known = {}
    if os.path.exists(loudness_csv):
        known = _read_levels(loudness_csv, columns)
    keys = list(keys.itertuples(index=False, name=None))
    stale = [row for row, key in enumerate(keys) if key not in known]
    if stale:
        rows = utterances.iloc[stale][["wav", "start", "stop"]]
        pool = joblib.Parallel(n_jobs=n_jobs, return_as="generator")
        levels = pool(
            joblib.delayed(level)(*row)
            for row in rows.itertuples(index=False, name=None)
        )
        progress = tqdm(levels, "loudness", len(stale), unit="utt")
        known.update(zip([keys[row] for row in stale], progress))
        table = pandas.DataFrame(keys, columns=columns)
        table["loudness_db"] = [known[key] for key in keys]
        with replacing(loudness_csv) as stream:
            table.to_csv(stream, index=False)
    return np.array([known[key] for key in keys])


def _read_levels(loudness_csv, columns):
    """Read the levels of file states; none of a file that is damaged."""
    try:
        before = pandas.read_csv(loudness_csv, dtype=str, keep_default_na=False)
        levels = before["loudness_db"].astype(float)
        keys = before[columns].itertuples(index=False, name=None)
    except (KeyError, ValueError) as error:
        logger.warning(f"{loudness_csv} is damaged, and made anew: {error}")
        return {}
    return dict(zip(keys, levels))


def level(wav, start="", stop=""):
    """Root mean square of a manifest's utterance, in dB relative to full scale.

    A sine of full amplitude has -3.01 dB; silence counts -120 dB.
    """
    waveform = read_utterance(wav, start, stop).double()
    power = waveform.square().mean().item()
    return round(max(10 * math.log10(power + 1e-30), SILENCE), 2)


def explain_missing(utterances):
    """Tell which targets cannot be compared with, and why."""
    reasons = {}
    for target, column in {**TARGETS, "gender": "gender"}.items():
        known = utterances[utterances[column] != ""]
        values = known.groupby("spk_id")[column].nunique()
        if known.empty:
            reasons[target] = "nobody says what it is in this corpus"
        elif target == "gender":
            if known["gender"].nunique() < 2:
                reasons[target] = "it is the same for all speakers"
        elif (values < 2).all():
            reasons[target] = "it is the same for all utterances of a speaker"
    return reasons
