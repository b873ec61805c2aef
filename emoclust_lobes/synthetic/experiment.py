"""A miniature experiment, over in seconds, for examples."""

import pathlib

from emoclust_lobes.synthetic.ravdess import make_ravdess


def tiny_ravdess(folder):
    """Make a corpus of three actors; return overrides of ``ravdess.yaml``.

    They say where it is, and name a speaker encoder with nothing to download.
    """
    corpus = pathlib.Path(folder, "corpus")
    make_ravdess(corpus, n_speakers=3, n_statements=1, n_repetitions=1)
    return {
        "data_folder": str(corpus),
        "output_folder": str(pathlib.Path(folder, "results")),
        "expect_complete": False,
        "speaker_encoder": "stats",
    }
