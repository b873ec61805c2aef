"""Opening a cache of embeddings and reading those of one speaker."""

import json
import pathlib
import tempfile

import numpy as np
import pandas
from emoclust_lobes.embeddings.cache import read_cache
from emoclust_lobes.embeddings.parts import Embeddings, PartWriter, merge_parts

from benchmarks.part import Part

DIM = 192
UTTERANCES = 182  # of a speaker of VoxCeleb2
BLOCK = 10_000


def _ids(size):
    """Names such as VoxCeleb2's, in no order."""
    numbers = np.random.default_rng(0).permutation(size)
    return np.array([f"id{n // UTTERANCES:05}/{n:011}" for n in numbers])


def _speaker(ids):
    """The utterances of one speaker."""
    return [name for name in ids if name.startswith("id00001/")]


def ours(size):
    """The index and the vectors as memory maps."""
    kept, ids = tempfile.TemporaryDirectory(), _ids(size)
    random = np.random.default_rng(1)
    signatures = np.zeros((size, 4), dtype="int64")
    with PartWriter(kept.name, {"name": "e"}, ids, signatures, BLOCK) as parts:
        for first in range(0, size, BLOCK):
            rows = np.arange(first, min(first + BLOCK, size))
            parts.add(rows, random.random((len(rows), DIM), dtype="float32"))
    merge_parts(kept.name, "e")
    wanted = _speaker(ids)

    def run(folder=kept):
        return read_cache(folder.name, "e").select(wanted)

    return run


def whole_file(size):
    """One ``.npz`` that is loaded whole, and an index of pandas."""
    kept, ids = tempfile.TemporaryDirectory(), _ids(size)
    path = pathlib.Path(kept.name, "e.npz")
    vectors = np.random.default_rng(1).random((size, DIM), dtype="float32")
    signatures = np.zeros((size, 4), dtype="int64")
    Embeddings({"name": "e"}, ids, signatures, vectors).save(path)
    wanted = _speaker(ids)

    def run(folder=kept):
        with np.load(pathlib.Path(folder.name, "e.npz")) as arrays:
            json.loads(str(arrays["identity"]))
            rows = pandas.Index(arrays["ids"]).get_indexer(wanted)
            return arrays["vectors"][rows]

    return run


PART = Part(
    name="embeddings of one speaker, from a cache on disk",
    unit="utterances in the cache",
    sizes=(10_000, 100_000),
    growth=(10_000, 100_000, 1_100_000),
    sides={"ours": ours, "npz, loaded whole": whole_file},
    aim="milliseconds at 1.1 million",
)
