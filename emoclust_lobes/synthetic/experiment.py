"""A miniature experiment, over in seconds, for examples."""

import pathlib

from emoclust_lobes.synthetic.ravdess import make_ravdess


def tiny_ravdess(folder):
    """Make a corpus of three actors, and what ``ravdess.yaml`` needs for it.

    Arguments
    ---------
    folder : str or pathlib.Path
        Where the corpus and the results go.

    Returns
    -------
    dict
        Overrides of the YAML: where the corpus is, and a speaker encoder that
        has nothing to download.

    Example
    -------
    >>> overrides = tiny_ravdess(getfixture("tmp_path"))
    >>> overrides["speaker_encoder"], overrides["expect_complete"]
    ('stats', False)
    """
    corpus = pathlib.Path(folder, "corpus")
    make_ravdess(corpus, n_speakers=3, n_statements=1, n_repetitions=1)
    return {
        "data_folder": str(corpus),
        "output_folder": str(pathlib.Path(folder, "results")),
        "expect_complete": False,
        "speaker_encoder": "stats",
    }
