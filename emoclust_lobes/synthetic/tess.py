"""A miniature TESS: ``OAF_angry/OAF_back_angry.wav``."""

from emoclust_lobes.synthetic.tree import Clip, make_tree
from emoclust_lobes.synthetic.voice import make_speaker

SPEAKERS = ("OAF", "YAF")
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
    one of OAF's, as in the corpus.)

    Example
    -------
    >>> folder = getfixture("tmp_path") / "TESS"
    >>> make_tess(folder, n_speakers=1, n_words=1)["OAF"]["sur"]
    1
    >>> (folder / "OAF_ps" / "OAF_back_ps.wav").exists()
    True
    """
    clips = (
        Clip(
            path=f"{name}_{written}/{name}_{word}_{written}.wav".replace(
                "/OAF_bite_neutral", "/OA_bite_neutral"
            ),
            speaker=make_speaker(name, "F", seed),
            emotion=emotion,
            label=emotion,
            sentence=f"TESS-{word}",
        )
        for name in SPEAKERS[:n_speakers]
        for word in WORDS[:n_words]
        for written, emotion in EMOTIONS.items()
    )
    return make_tree(
        folder,
        "TESS",
        clips,
        sizes={
            "n_speakers": (n_speakers, len(SPEAKERS)),
            "n_words": (n_words, len(WORDS)),
        },
        sample_rate=sample_rate,
        seed=seed,
    )
