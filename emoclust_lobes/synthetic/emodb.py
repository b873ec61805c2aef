"""A miniature EMO-DB: ``wav/03a01Fa.wav``."""

from emoclust_lobes.synthetic.speakers import make_speaker
from emoclust_lobes.synthetic.tree import Clip, check_sizes, make_tree

MEN = ("03", "10", "11", "12", "15")
ACTORS = ("03", "16", "08", "15", "09", "10", "11", "13", "12", "14")
TEXTS = ("a01", "a02", "a04", "a05", "a07", "b01", "b02", "b03", "b09", "b10")
# Letter, label, and how it is spoken here: boredom is calm.
EMOTIONS = (
    ("W", "ang", "ang"),
    ("L", "bor", "cal"),
    ("E", "dis", "dis"),
    ("A", "fea", "fea"),
    ("F", "hap", "hap"),
    ("N", "neu", "neu"),
    ("T", "sad", "sad"),
)


def make_emodb(
    folder, *, n_speakers=10, n_sentences=2, sample_rate=16000, seed=1
):
    """Make a synthetic corpus with EMO-DB's folders and file names.

    Each actor says every sentence once in each of seven emotions. (In the corpus
    the emotions are not balanced.) A finished tree is left as it is, a
    half-made one is completed.

    Arguments
    ---------
    folder : str or pathlib.Path
        New folder for the tree.
    n_speakers : int
        Actors, 1 to 10, a man and a woman in turn.
    n_sentences : int
        Sentences, 1 to 10.
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
    >>> folder = getfixture("tmp_path") / "EMO-DB"
    >>> make_emodb(folder, n_speakers=1, n_sentences=1)["03"]["bor"]
    1
    >>> (folder / "wav" / "03a01La.wav").exists()
    True
    """
    sizes = {"n_speakers": n_speakers, "n_sentences": n_sentences}
    check_sizes("EMO-DB", sizes, {"n_speakers": 10, "n_sentences": 10})
    clips = []
    for actor in ACTORS[:n_speakers]:
        speaker = make_speaker(actor, "M" if actor in MEN else "F", seed)
        clips += [
            Clip(
                path=f"wav/{actor}{text}{letter}a.wav",
                speaker=speaker,
                emotion=emotion,
                label=label,
                sentence=f"EMO-DB-{text}",
            )
            for text in TEXTS[:n_sentences]
            for letter, label, emotion in EMOTIONS
        ]
    return make_tree(
        folder,
        "EMO-DB",
        clips,
        sizes=sizes,
        sample_rate=sample_rate,
        seed=seed,
    )
