"""A miniature SAVEE: ``DC/a01.wav``."""

from emoclust_lobes.synthetic.speakers import make_speaker
from emoclust_lobes.synthetic.tree import Clip, check_sizes, make_tree

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
    A finished tree is left as it is, a half-made one is completed.

    Arguments
    ---------
    folder : str or pathlib.Path
        New folder for the tree.
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
    ValueError
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
    sizes = {"n_speakers": n_speakers, "n_sentences": n_sentences}
    check_sizes("SAVEE", sizes, {"n_speakers": 4, "n_sentences": 15})
    clips = []
    for name in SPEAKERS[:n_speakers]:
        speaker = make_speaker(name, "M", seed)
        clips += [
            Clip(
                path=f"{name}/{letters}{number:02d}.wav",
                speaker=speaker,
                emotion=emotion,
                label=emotion,
                sentence=f"SAVEE-{letters}-{number}",
            )
            for letters, emotion in EMOTIONS.items()
            for number in range(1, n_sentences * (1 + (emotion == "neu")) + 1)
        ]
    return make_tree(
        folder,
        "SAVEE",
        clips,
        sizes=sizes,
        sample_rate=sample_rate,
        seed=seed,
    )
