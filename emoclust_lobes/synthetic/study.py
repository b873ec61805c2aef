"""Made-up utterances whose clusters are known, and what is measured on them."""

import functools

import numpy as np
import pandas
from emoclust_lobes.analysis.study import run_study


def make_table(
    n_speakers=4, emotions=("ang", "hap", "sad"), n_sentences=2, n_takes=3
):
    """Make up the table of ``describe_utterances``, women and men in turn.

    Every speaker has every emotion ("": no label) with every sentence.
    """
    rows = [
        {
            "ID": f"s{speaker}-{emotion or 'x'}{sentence}{take}",
            "duration": 1.0,
            "wav": f"/nowhere/{speaker}.wav",
            "start": "",
            "stop": "",
            "spk_id": f"s{speaker}",
            "gender": "FM"[speaker % 2],
            "session": "",
            "sentence": str(sentence),
            "emotion": emotion,
            "label_source": "",
            "intensity": "",
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


def plant(table, column="emotion", noise=0.05, dim=12, seed=0):
    """Make vectors that follow one column inside a speaker: float32, [n, dim].

    ``noise`` is how much else they follow.
    """
    rng = np.random.default_rng(seed)
    vectors = noise * rng.normal(size=(len(table), dim))
    for name in ("spk_id", column):
        centers = rng.normal(size=(table[name].nunique(), dim))
        vectors += centers[table[name].astype("category").cat.codes]
    return vectors.astype("float32")


@functools.cache
def made_up_study():
    """Measure everything on vectors that follow emotion; only to be read."""
    table = make_table()
    return run_study(
        title="Made-up",
        utterances=table,
        vectors={"planted": plant(table)},
        algorithms=["kmeans"],
        ks=[2, 3],
        default_k=3,
        n_seeds=2,
        n_init=1,
        n_permutations=20,
        seed=1,
        n_jobs=1,
    )
