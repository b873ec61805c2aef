"""A manifest of a pool, from the CSV to the first items of the dataset.

It has VoxCeleb's shape: 180 utterances of a speaker, 12 of a video, each
video in a folder. The audio is not there and is not asked for. Ours checks
every cell and every folder on the way, which SpeechBrain does not.
"""

import pathlib
import tempfile

import numpy as np
from data_prep.manifests.manifest import (
    Source,
    Utterance,
    read_manifest,
    write_manifest,
)
from data_prep.manifests.validation import check_text, validate
from emoclust_lobes.training.dataset import ColumnarDataset

from benchmarks.part import Part
from speechbrain.dataio.dataset import DynamicItemDataset

PER_SPEAKER, PER_VIDEO = 180, 12
TOUCHED = 1000
KEYS = ["id", "wav", "start", "stop", "spk_id"]
ROOT = "/data/VoxCeleb2"


def _utterances(size):
    for number in range(size):
        speaker = f"id{number // PER_SPEAKER:05d}"
        video = f"{number // PER_VIDEO:011d}"
        stem = f"{speaker}/{video}/{number % PER_VIDEO:05d}"
        yield Utterance(
            ID=f"VoxCeleb2/{stem}",
            duration=3 + number % 700 / 100,
            wav=f"{stem}.wav",
            spk_id=f"VoxCeleb2/{speaker}",
            session=video,
        )


def _loading(load):
    """A side that loads the manifest and touches some of its items."""

    def side(size):
        folder = tempfile.TemporaryDirectory()
        write_manifest(folder.name, {"pool": list(_utterances(size))}, {})
        path = str(pathlib.Path(folder.name, "pool.csv"))
        rows = np.random.default_rng(0).integers(size, size=TOUCHED).tolist()

        def run():
            assert folder.name in path  # the folder lives as long as the task
            dataset = load(path)
            return [dataset[row] for row in rows]

        return run

    return side


def _load_ours(path):
    return ColumnarDataset(read_manifest(Source(path, ROOT)), output_keys=KEYS)


def _load_theirs(path):
    return DynamicItemDataset.from_csv(
        path, replacements={"data_root": ROOT}, output_keys=KEYS
    )


def validating(size):
    """Our checks before a manifest is written."""
    utterances = list(_utterances(size))

    def run():
        check_text("VoxCeleb2", utterances)
        validate({"pool": utterances}, ())

    return run


def writing(size):
    """Our manifest, written."""
    utterances = list(_utterances(size))
    folder = tempfile.TemporaryDirectory()

    def run():
        write_manifest(folder.name, {"pool": utterances}, {})

    return run


PART = Part(
    name="manifest, from the CSV into the dataset",
    unit="utterances",
    sizes=(10_000, 100_000, 1_100_000),
    growth=(10_000, 100_000, 1_100_000),
    sides={
        "ours": _loading(_load_ours),
        "DynamicItemDataset.from_csv": _loading(_load_theirs),
        "ours, validating": validating,
        "ours, writing": writing,
    },
    repeats=3,
    aim="5x from_csv in a third of its memory at 1,100,000",
)
