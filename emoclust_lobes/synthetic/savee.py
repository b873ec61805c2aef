"""A miniature SAVEE: ``DC/a01.wav``."""

from emoclust_lobes.synthetic.tree import Clip, make_tree
from emoclust_lobes.synthetic.voice import make_speaker

SPEAKERS = ("DC", "JE", "JK", "KL")
EMOTIONS = {
    "a": "ang",
    "d": "dis",
    "f": "fea",
    "h": "hap",
    "n": "neu",
    "sa": "sad",
    "su": "sur",
}


def make_savee(
    folder, *, n_speakers=4, n_sentences=2, sample_rate=16000, seed=1
):
    """Make a synthetic corpus with SAVEE's folders and file names.

    Every sentence is another one, and there are twice as many neutral ones.

    Arguments
    ---------
    folder : str or pathlib.Path
        New folder for the tree; a finished tree is left as it is, a half-made
        one is completed.
    n_speakers : int
        Actors, 1 to 4.
    n_sentences : int
        Clips of each emotion but neutral, 1 to 15.
    sample_rate : int
        In Hz.
    seed : int
        Other seeds give other people.

    Returns
    -------
    dict of dict of int
        Number of clips, ``counts[speaker][emotion]``.

    Raises
    ------
    EmoclustError
        When a number is out of the corpus's range.
    FileExistsError
        When the folder holds anything but this tree.

    Example
    -------
    >>> folder = getfixture("tmp_path") / "SAVEE"
    >>> make_savee(folder, n_speakers=1, n_sentences=1)["DC"]["neu"]
    2
    >>> (folder / "DC" / "sa01.wav").exists()
    True
    """
    clips = (
        Clip(
            path=f"{name}/{letters}{number:02d}.wav",
            speaker=make_speaker(name, "M", seed),
            emotion=emotion,
            label=emotion,
            sentence=f"SAVEE-{letters}-{number}",
        )
        for name in SPEAKERS[:n_speakers]
        for letters, emotion in EMOTIONS.items()
        for number in range(1, n_sentences * (1 + (emotion == "neu")) + 1)
    )
    return make_tree(
        folder,
        "SAVEE",
        clips,
        sizes={"n_speakers": (n_speakers, 4), "n_sentences": (n_sentences, 15)},
        sample_rate=sample_rate,
        seed=seed,
    )
