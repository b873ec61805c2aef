"""A miniature of a user's own corpus: ``SPEAKER/EMOTION/01.wav``."""

from emoclust_lobes.synthetic.tree import Clip, make_tree
from emoclust_lobes.synthetic.voice import make_speaker

EMOTIONS = {"angry": "ang", "happy": "hap", "neutral": "neu", "sad": "sad"}


def make_generic(
    folder, *, n_speakers=6, n_sentences=2, sample_rate=16000, seed=1
):
    """Make a synthetic corpus with folders and a list as a user's own has.

    Beside the folders ``recordings.csv`` lists the same.

    Arguments
    ---------
    folder : str or pathlib.Path
        New folder for the tree; of a half-made one the rest is made.
    n_speakers : int
        Speakers, women and men in turn, 1 to 999.
    n_sentences : int
        Clips of each speaker in each of four emotions, 1 to 99.
    sample_rate, seed : int
        In Hz. Other seeds give other people.

    Example
    -------
    >>> folder = getfixture("tmp_path") / "mine"
    >>> make_generic(folder, n_speakers=1, n_sentences=1)["spk001"]["sad"]
    1
    >>> print((folder / "recordings.csv").read_text().splitlines()[1])
    spk001/angry/01.wav,spk001,angry,01,M
    """
    clips = (
        Clip(
            path=f"spk{place:03d}/{label}/{number:02d}.wav",
            speaker=make_speaker(f"spk{place:03d}", "FM"[place % 2], seed),
            emotion=emotion,
            label=label,
            sentence=f"{number:02d}",
        )
        for place in range(1, n_speakers + 1)
        for label, emotion in EMOTIONS.items()
        for number in range(1, n_sentences + 1)
    )
    return make_tree(
        folder,
        "a user's own corpus",
        clips,
        sizes={
            "n_speakers": (n_speakers, 999),
            "n_sentences": (n_sentences, 99),
        },
        sample_rate=sample_rate,
        seed=seed,
        tables=_table,
    )


def _table(clips, _):
    rows = ["path,speaker,emotion,sentence,gender"]
    for path, speaker, _, label, sentence, *_ in clips:
        rows.append(
            f"{path},{speaker.name},{label},{sentence},{speaker.gender}"
        )
    return {"recordings.csv": "\n".join([*rows, ""])}
