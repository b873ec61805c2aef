"""A miniature EMO-DB: ``wav/03a01Fa.wav``."""

from emoclust_lobes.synthetic.tree import Clip, make_tree
from emoclust_lobes.synthetic.voice import make_speaker

MEN = ("03", "10", "11", "12", "15")
ACTORS = ("03", "16", "08", "15", "09", "10", "11", "13", "12", "14")
TEXTS = ("a01", "a02", "a04", "a05", "a07", "b01", "b02", "b03", "b09", "b10")
LABELS = ("ang", "bor", "dis", "fea", "hap", "neu", "sad")
LETTERS = "WLEAFNT"


def make_emodb(
    folder, *, n_speakers=10, n_sentences=2, sample_rate=16000, seed=1
):
    """Make a synthetic corpus with EMO-DB's folders and file names.

    Each actor says every sentence once in each of seven emotions. (In the corpus
    the emotions are not balanced.)

    Example
    -------
    >>> folder = getfixture("tmp_path") / "EMO-DB"
    >>> make_emodb(folder, n_speakers=1, n_sentences=1)["03"]["bor"]
    1
    >>> (folder / "wav" / "03a01La.wav").exists()
    True
    """
    clips = (
        Clip(
            path=f"wav/{actor}{text}{letter}a.wav",
            speaker=make_speaker(actor, "M" if actor in MEN else "F", seed),
            emotion="cal" if label == "bor" else label,
            label=label,
            sentence=f"EMO-DB-{text}",
        )
        for actor in ACTORS[:n_speakers]
        for text in TEXTS[:n_sentences]
        for letter, label in zip(LETTERS, LABELS, strict=True)
    )
    return make_tree(
        folder,
        "EMO-DB",
        clips,
        sizes={
            "n_speakers": (n_speakers, 10),
            "n_sentences": (n_sentences, 10),
        },
        sample_rate=sample_rate,
        seed=seed,
    )
