"""Made-up utterances whose clusters are known, and what is measured on them."""

import functools

import numpy as np
import pandas
from emoclust_lobes.analysis.study import run_study


def make_table(
    n_speakers=4, emotions=("ang", "hap", "sad"), n_sentences=2, n_takes=3
):
    """Make up utterances with every emotion and sentence.

    Arguments
    ---------
    n_speakers : int
        Women and men in turn.
    emotions : sequence of str
        "" for utterances without a label.
    n_sentences, n_takes : int
        Of each speaker and emotion.

    Returns
    -------
    pandas.DataFrame
        As of ``describe_utterances``, without audio.

    Example
    -------
    >>> len(make_table()), make_table()["spk_id"].nunique()
    (72, 4)
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
    """Make vectors that follow one column, around speakers.

    Arguments
    ---------
    table : pandas.DataFrame
        From ``make_table``.
    column : str
        What they follow inside a speaker.
    noise : float
        How little else they follow.
    dim, seed : int
        Their size, and that of the draws.

    Returns
    -------
    numpy.ndarray
        float32, shape [n, dim].

    Example
    -------
    >>> plant(make_table()).shape
    (72, 12)
    """
    rng = np.random.default_rng(seed)
    vectors = noise * rng.normal(size=(len(table), dim))
    for name in ("spk_id", column):
        centers = rng.normal(size=(table[name].nunique(), dim))
        vectors += centers[table[name].astype("category").cat.codes]
    return vectors.astype("float32")


@functools.cache
def made_up_study():
    """Measure everything on vectors that follow emotion; only to be read.

    Returns
    -------
    Study

    Example
    -------
    >>> made_up_study().verdict()
    'Of the clusters inside each speaker of Made-up (kmeans, k = 3), those of \
planted follow emotion most ...
    """
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
