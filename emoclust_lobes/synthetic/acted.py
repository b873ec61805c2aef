"""Miniatures of corpora whose files are named after their clips alone."""

from emoclust_lobes.synthetic.tree import Clip, miniature
from emoclust_lobes.synthetic.voice import make_speaker

_EMODB_MEN = ("03", "10", "11", "12", "15")
_EMODB_ACTORS = ("03", "16", "08", "15", "09", "10", "11", "13", "12", "14")
_EMODB_TEXTS = "a01 a02 a04 a05 a07 b01 b02 b03 b09 b10".split()
_EMODB_LABELS = ("ang", "bor", "dis", "fea", "hap", "neu", "sad")


@miniature("EMO-DB", n_speakers=10, n_sentences=10)
def make_emodb(
    folder, *, n_speakers=10, n_sentences=2, sample_rate=16000, seed=1
):
    """Make a synthetic corpus with EMO-DB's folders and file names.

    Each actor says every sentence once in each of seven emotions. (In the corpus
    the emotions are not balanced.)

    There are 1 to 10 speakers, a man and a woman in turn, and 1 to 10 sentences.

    Example
    -------
    >>> folder = getfixture("tmp_path") / "EMO-DB"
    >>> make_emodb(folder, n_speakers=1, n_sentences=1)["03"]["bor"]
    1
    >>> (folder / "wav" / "03a01La.wav").exists()
    True
    """
    return (
        Clip(
            path=f"wav/{actor}{text}{letter}a.wav",
            speaker=make_speaker(
                actor, "M" if actor in _EMODB_MEN else "F", seed
            ),
            emotion="cal" if label == "bor" else label,
            label=label,
            sentence=f"EMO-DB-{text}",
        )
        for actor in _EMODB_ACTORS[:n_speakers]
        for text in _EMODB_TEXTS[:n_sentences]
        for letter, label in zip("WLEAFNT", _EMODB_LABELS, strict=True)
    )


_ESD_WOMEN = (1, 2, 3, 7, 9, 15, 16, 17, 18, 19)
# In the order of their numbers.
_ESD_EMOTIONS = ("Neutral", "Angry", "Happy", "Sad", "Surprise")


def _transcripts(clips, seconds, seed):
    numbers = dict.fromkeys(clip.speaker.name for clip in clips)
    return {f"{x}/{x}.txt": "made-up sentences\n" for x in numbers}


@miniature("ESD", tables=_transcripts, n_speakers=20, n_sentences=350)
def make_esd(
    folder, *, n_speakers=20, n_sentences=1, sample_rate=16000, seed=1
):
    """Make a synthetic corpus with ESD's folders and file names.

    Half of the speakers speak Mandarin, half English. The folders train,
    evaluation and test are left out, as in the copies that have none.

    There are 1 to 20 speakers, of both languages in turn, and 1 to 350 sentences in
    each of five emotions.

    Example
    -------
    >>> folder = getfixture("tmp_path") / "ESD"
    >>> make_esd(folder, n_speakers=1, n_sentences=1)["0001"]["ang"]
    1
    >>> (folder / "0001" / "Angry" / "0001_000351.wav").exists()
    True
    """
    in_turn = [10 * (n % 2) + n // 2 + 1 for n in range(n_speakers)]
    return (
        Clip(
            path=f"{number:04d}/{emotion}/{number:04d}_{350 * place + n:06d}.wav",
            speaker=make_speaker(
                f"{number:04d}", "F" if number in _ESD_WOMEN else "M", seed
            ),
            emotion=emotion[:3].lower(),
            label=emotion[:3].lower(),
            sentence=f"ESD-{'mandarin' if number <= 10 else 'english'}-{n}",
        )
        for number in sorted(in_turn)
        for place, emotion in enumerate(_ESD_EMOTIONS)
        for n in range(1, n_sentences + 1)
    )


_SAVEE_SPEAKERS = ("DC", "JE", "JK", "KL")
_SAVEE_LETTERS = ("a", "d", "f", "h", "n", "sa", "su")
_SAVEE_EMOTIONS = ("ang", "dis", "fea", "hap", "neu", "sad", "sur")


@miniature("SAVEE", n_speakers=4, n_sentences=15)
def make_savee(
    folder, *, n_speakers=4, n_sentences=2, sample_rate=16000, seed=1
):
    """Make a synthetic corpus with SAVEE's folders and file names.

    Every sentence is another one, and there are twice as many neutral ones.

    There are 1 to 4 speakers, and 1 to 15 clips of each emotion but neutral.

    Example
    -------
    >>> folder = getfixture("tmp_path") / "SAVEE"
    >>> make_savee(folder, n_speakers=1, n_sentences=1)["DC"]["neu"]
    2
    >>> (folder / "DC" / "sa01.wav").exists()
    True
    """
    return (
        Clip(
            path=f"{name}/{letters}{number:02d}.wav",
            speaker=make_speaker(name, "M", seed),
            emotion=emotion,
            label=emotion,
            sentence=f"SAVEE-{letters}-{number}",
        )
        for name in _SAVEE_SPEAKERS[:n_speakers]
        for letters, emotion in zip(_SAVEE_LETTERS, _SAVEE_EMOTIONS)
        for number in range(1, n_sentences * (1 + (emotion == "neu")) + 1)
    )


_TESS_SPEAKERS = ("OAF", "YAF")
# A few of the 200 words.
_TESS_WORDS = ("back", "bar", "base", "bath", "bean", "beg", "bite", "boat")
_TESS_WRITTEN = "angry disgust fear happy neutral ps sad".split()
_TESS_EMOTIONS = "ang dis fea hap neu sur sad".split()


@miniature("TESS", n_speakers=2, n_words=8)
def make_tess(folder, *, n_speakers=2, n_words=3, sample_rate=16000, seed=1):
    """Make a synthetic corpus with TESS's folders and file names.

    Both women say every word in seven emotions. (``OA_bite_neutral.wav`` is
    one of OAF's, as in the corpus.)

    There are 1 or 2 speakers, and 1 to 8 words.

    Example
    -------
    >>> folder = getfixture("tmp_path") / "TESS"
    >>> make_tess(folder, n_speakers=1, n_words=1)["OAF"]["sur"]
    1
    >>> (folder / "OAF_ps" / "OAF_back_ps.wav").exists()
    True
    """
    return (
        Clip(
            path=f"{name}_{written}/{name}_{word}_{written}.wav".replace(
                "/OAF_bite_neutral", "/OA_bite_neutral"
            ),
            speaker=make_speaker(name, "F", seed),
            emotion=emotion,
            label=emotion,
            sentence=f"TESS-{word}",
        )
        for name in _TESS_SPEAKERS[:n_speakers]
        for word in _TESS_WORDS[:n_words]
        for written, emotion in zip(_TESS_WRITTEN, _TESS_EMOTIONS)
    )
