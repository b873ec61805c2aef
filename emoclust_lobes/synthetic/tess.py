"""A miniature TESS: ``OAF_angry/OAF_back_angry.wav``."""

from emoclust_lobes.synthetic.speakers import make_speaker
from emoclust_lobes.synthetic.tree import Clip, check_sizes, make_tree

# A few of the 200 words.
WORDS = ("back", "bar", "base", "bath", "bean", "beg", "bite", "boat")
EMOTIONS = {
    "angry": "ang",
    "disgust": "dis",
    "fear": "fea",
    "happy": "hap",
    "neutral": "neu",
    "ps": "sur",
    "sad": "sad",
}


def make_tess(folder, *, n_speakers=2, n_words=3, sample_rate=16000, seed=1):
    """Make a synthetic corpus with TESS's folders and file names.

    Both women say every word in seven emotions. (``OA_bite_neutral.wav`` is
    one of OAF's, as in the corpus.) A finished tree is left as it is, a
    half-made one is completed.

    Arguments
    ---------
    folder : str or pathlib.Path
        New folder for the tree.
    n_speakers : int
        1 or 2.
    n_words : int
        Words, 1 to 8 here.
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
    >>> folder = getfixture("tmp_path") / "TESS"
    >>> make_tess(folder, n_speakers=1, n_words=1)["OAF"]["sur"]
    1
    >>> (folder / "OAF_ps" / "OAF_back_ps.wav").exists()
    True
    """
    sizes = {"n_speakers": n_speakers, "n_words": n_words}
    check_sizes("TESS", sizes, {"n_speakers": 2, "n_words": len(WORDS)})
    clips = []
    for name in ("OAF", "YAF")[:n_speakers]:
        speaker = make_speaker(name, "F", seed)
        for word in WORDS[:n_words]:
            for written, emotion in EMOTIONS.items():
                clip = f"{name}_{word}_{written}".replace(
                    "OAF_bite_neutral", "OA_bite_neutral"
                )
                clips.append(
                    Clip(
                        path=f"{name}_{written}/{clip}.wav",
                        speaker=speaker,
                        emotion=emotion,
                        label=emotion,
                        sentence=f"TESS-{word}",
                    )
                )
    return make_tree(
        folder,
        "TESS",
        clips,
        sizes=sizes,
        sample_rate=sample_rate,
        seed=seed,
    )
