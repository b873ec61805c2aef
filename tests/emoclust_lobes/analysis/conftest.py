"""A made-up corpus whose clusters are known, and a browser."""

import os
import shutil

import numpy as np
import pandas
import pytest
import soundfile
from data_prep.manifests.manifest import (
    COLUMNS,
    Source,
    Utterance,
    write_manifest,
)
from emoclust_lobes.embeddings.cache import read_cache
from emoclust_lobes.embeddings.parts import Embeddings
from emoclust_lobes.synthetic.embeddings import add_embeddings

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="session")
def chromium():
    """Path of a headless browser, or a skip that says how to get one."""
    found = os.environ.get("CHROMIUM") or next(
        filter(None, map(shutil.which, BROWSERS)), None
    )
    if not found:
        pytest.skip(
            "needs a browser: install chromium, or set CHROMIUM to its path"
        )
    return found


@pytest.fixture(scope="session")
def make_table():
    """Function that makes utterances with every emotion and sentence."""

    def make(
        n_speakers=4, emotions=("ang", "hap", "sad"), n_sentences=2, n_takes=3
    ):
        rows = [
            {
                **dict.fromkeys(["start", "stop", "label_source"], ""),
                **dict.fromkeys(["session", "intensity"], ""),
                "ID": f"s{speaker}-{emotion or 'x'}{sentence}{take}",
                "duration": 1.0,
                "wav": f"/nowhere/{speaker}.wav",
                "spk_id": f"s{speaker}",
                "gender": "FM"[speaker % 2],
                "sentence": str(sentence),
                "emotion": emotion,
                "loudness": 0.0,
                "duration_quarter": str(1 + take % 2),
                "loudness_quarter": "1",
            }
            for speaker in range(n_speakers)
            for emotion in emotions
            for sentence in range(n_sentences)
            for take in range(n_takes)
        ]
        table = pandas.DataFrame(rows)
        return table.sort_values(["spk_id", "ID"], ignore_index=True)

    return make


@pytest.fixture(scope="session")
def plant():
    """Function that makes vectors which follow one column, around speakers."""

    def make(table, column="emotion", noise=0.05, dim=12, seed=0):
        rng = np.random.default_rng(seed)
        vectors = noise * rng.normal(size=(len(table), dim))
        for name in ("spk_id", column):
            centers = rng.normal(size=(table[name].nunique(), dim))
            vectors += centers[table[name].astype("category").cat.codes]
        return vectors.astype("float32")

    return make


@pytest.fixture(scope="session")
def make_corpus(tmp_path_factory, make_table, plant):
    """Function that writes a manifest with audio; returns sources, caches."""

    def make(encoders=("one", "two"), **options):
        table = make_table(**options)
        folder = tmp_path_factory.mktemp("corpus")
        rng = np.random.default_rng(1)
        utterances = []
        for row in table.itertuples():
            samples = int(rng.integers(3000, 6000))
            noise = rng.uniform(0.01, 0.3) * rng.uniform(-1, 1, samples)
            soundfile.write(folder / f"{row.ID}.wav", noise, 16000)
            given = {x: getattr(row, x, "") for x in COLUMNS[5:]}
            known = {x: value for x, value in given.items() if value != ""}
            what = {"ID": row.ID, "wav": f"{row.ID}.wav", **known}
            utterances.append(Utterance(**what, duration=samples / 16000))
        write_manifest(folder, {"pool": utterances}, {"fingerprint": "0"})
        caches = {}
        for seed, name in enumerate(encoders):
            embeddings = Embeddings(
                {"name": name, "source": "made up"},
                table["ID"].to_numpy(dtype=str),
                np.zeros((len(table), 4), dtype="int64"),
                plant(table, noise=0.3 * (seed + 1), seed=seed),
            )
            add_embeddings(folder / "embeddings", embeddings)
            caches[name] = read_cache(folder / "embeddings", name)
        return [Source(str(folder / "pool.csv"), str(folder))], caches

    return make
