"""Small sample data for the tests of the recipes: synthetic corpora."""

import pathlib
from collections.abc import Callable

from emoclust_lobes.synthetic.cremad import make_cremad
from emoclust_lobes.synthetic.iemocap import make_iemocap
from emoclust_lobes.upstream.layout import SAMPLES

# One actor of each fold; three sessions, the fewest that make three splits.
# 8 kHz are enough to be resampled, and half as many bytes.
MAKERS: dict[str, tuple[Callable, dict]] = {
    "CREMA-D": (make_cremad, {"n_speakers": 5, "n_sentences": 1}),
    "IEMOCAP": (
        make_iemocap,
        {"n_sessions": 3, "n_per_emotion": 2, "n_outside": 0},
    ),
}


def sample_folder(dataset):
    """Say where the sample data of a dataset lies in SpeechBrain's tree.

    Arguments
    ---------
    dataset : str
        As SpeechBrain calls it.

    Returns
    -------
    str

    Example
    -------
    >>> sample_folder("CREMA-D")
    'tests/samples/emotion/CREMA-D'
    """
    return f"{SAMPLES}/{dataset}"


def write_samples(destination, datasets):
    """Write sample data.

    Arguments
    ---------
    destination : str or pathlib.Path
        Root of the tree.
    datasets : iterable of str
        Which.

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> write_samples(folder, ["CREMA-D"])
    >>> clips = (folder / sample_folder("CREMA-D")).glob("AudioWAV/*.wav")
    >>> len(list(clips)) > 0
    True
    """
    for dataset in datasets:
        make, sizes = MAKERS[dataset]
        folder = pathlib.Path(destination, sample_folder(dataset))
        make(folder, **sizes, sample_rate=8000)
        # What only matters to those who make or misread such a tree
        for hidden in folder.rglob(".*"):
            hidden.unlink()
