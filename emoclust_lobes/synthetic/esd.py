"""A miniature ESD: ``0011/Angry/0011_000351.wav``."""

from emoclust_lobes.synthetic.tree import Clip, make_tree
from emoclust_lobes.synthetic.voice import make_speaker

WOMEN = (1, 2, 3, 7, 9, 15, 16, 17, 18, 19)
# In the order of their numbers.
EMOTIONS = ("Neutral", "Angry", "Happy", "Sad", "Surprise")


def make_esd(
    folder, *, n_speakers=20, n_sentences=1, sample_rate=16000, seed=1
):
    """Make a synthetic corpus with ESD's folders and file names.

    Half of the speakers speak Mandarin, half English. The folders train,
    evaluation and test are left out, as in the copies that have none.

    Example
    -------
    >>> folder = getfixture("tmp_path") / "ESD"
    >>> make_esd(folder, n_speakers=1, n_sentences=1)["0001"]["ang"]
    1
    >>> (folder / "0001" / "Angry" / "0001_000351.wav").exists()
    True
    """
    in_turn = [10 * (n % 2) + n // 2 + 1 for n in range(n_speakers)]
    clips = (
        Clip(
            path=f"{number:04d}/{emotion}/{number:04d}_{350 * place + n:06d}.wav",
            speaker=make_speaker(
                f"{number:04d}", "F" if number in WOMEN else "M", seed
            ),
            emotion=emotion[:3].lower(),
            label=emotion[:3].lower(),
            sentence=f"ESD-{'mandarin' if number <= 10 else 'english'}-{n}",
        )
        for number in sorted(in_turn)
        for place, emotion in enumerate(EMOTIONS)
        for n in range(1, n_sentences + 1)
    )
    return make_tree(
        folder,
        "ESD",
        clips,
        sizes={
            "n_speakers": (n_speakers, 20),
            "n_sentences": (n_sentences, 350),
        },
        sample_rate=sample_rate,
        seed=seed,
        tables=lambda *_: {
            f"{number:04d}/{number:04d}.txt": "made-up sentences\n"
            for number in in_turn
        },
    )
