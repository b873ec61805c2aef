"""A miniature ESD: ``0011/Angry/0011_000351.wav``."""

import itertools

from emoclust_lobes.synthetic.speakers import make_speaker
from emoclust_lobes.synthetic.tree import Clip, check_sizes, make_tree

WOMEN = (1, 2, 3, 7, 9, 15, 16, 17, 18, 19)
# In the order of their numbers.
EMOTIONS = ("Neutral", "Angry", "Happy", "Sad", "Surprise")


def make_esd(
    folder, *, n_speakers=20, n_sentences=1, sample_rate=16000, seed=1
):
    """Make a synthetic corpus with ESD's folders and file names.

    Half of the speakers speak Mandarin, half English. The folders train,
    evaluation and test are left out, as in the copies that have none. A
    finished tree is left as it is, a half-made one is completed.

    Arguments
    ---------
    folder : str or pathlib.Path
        New folder for the tree.
    n_speakers : int
        Speakers, 1 to 20, of both languages in turn.
    n_sentences : int
        Sentences in each of five emotions, 1 to 350.
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
    >>> folder = getfixture("tmp_path") / "ESD"
    >>> make_esd(folder, n_speakers=1, n_sentences=1)["0001"]["ang"]
    1
    >>> (folder / "0001" / "Angry" / "0001_000351.wav").exists()
    True
    """
    sizes = {"n_speakers": n_speakers, "n_sentences": n_sentences}
    check_sizes("ESD", sizes, {"n_speakers": 20, "n_sentences": 350})
    clips, tables = [], {}
    in_turn = [10 * (n % 2) + n // 2 + 1 for n in range(n_speakers)]
    for number in sorted(in_turn):
        gender = "F" if number in WOMEN else "M"
        speaker = make_speaker(f"{number:04d}", gender, seed)
        language = "mandarin" if number <= 10 else "english"
        tables[f"{speaker.name}/{speaker.name}.txt"] = "made-up sentences\n"
        for (place, emotion), sentence in itertools.product(
            enumerate(EMOTIONS), range(1, n_sentences + 1)
        ):
            clip = f"{speaker.name}_{350 * place + sentence:06d}"
            clips.append(
                Clip(
                    path=f"{speaker.name}/{emotion}/{clip}.wav",
                    speaker=speaker,
                    emotion=emotion[:3].lower(),
                    label=emotion[:3].lower(),
                    sentence=f"ESD-{language}-{sentence}",
                )
            )
    return make_tree(
        folder,
        "ESD",
        clips,
        sizes=sizes,
        sample_rate=sample_rate,
        seed=seed,
        tables=tables,
    )
