"""A miniature SAVEE: ``DC/a01.wav``."""

from emoclust_lobes.synthetic.tree import Clip, make_tree
from emoclust_lobes.synthetic.voice import make_speaker

SPEAKERS = ("DC", "JE", "JK", "KL")
LETTERS = ("a", "d", "f", "h", "n", "sa", "su")
EMOTIONS = ("ang", "dis", "fea", "hap", "neu", "sad", "sur")


def make_savee(
    folder, *, n_speakers=4, n_sentences=2, sample_rate=16000, seed=1
):
    """Make a synthetic corpus with SAVEE's folders and file names.

    Every sentence is another one, and there are twice as many neutral ones.

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
        for letters, emotion in zip(LETTERS, EMOTIONS, strict=True)
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
