"""A miniature of a user's own corpus: ``SPEAKER/EMOTION/01.wav``."""

from emoclust_lobes.synthetic.annotators import choose, rate
from emoclust_lobes.synthetic.tree import Clip, miniature
from emoclust_lobes.synthetic.voice import generator, make_speaker

EMOTIONS = {"angry": "ang", "happy": "hap", "neutral": "neu", "sad": "sad"}


def _tables(clips, seconds, seed):
    rows = ["path,speaker,emotion,sentence,gender"]
    columns = ",".join(f"votes_{label}" for label in EMOTIONS)
    votes = [f"path,speaker,{columns},arousal,valence,dominance"]
    for path, speaker, emotion, label, sentence, *_ in clips:
        rows.append(
            f"{path},{speaker.name},{label},{sentence},{speaker.gender}"
        )
        rng = generator(seed, "annotators", path)
        n = 1 if rng.random() < 0.1 else 4
        heard = choose(label, list(EMOTIONS), n, rng)
        if n == 4 and rng.random() < 0.2:
            heard = [*EMOTIONS]  # no agreement
        counts = ",".join(str(heard.count(x)) for x in EMOTIONS)
        a, v, d = rate(emotion, 4, 5, rng).mean(axis=0)
        votes.append(
            f'{path},{speaker.name},{counts},"{f"{a:g}".replace(".", ",")}",{v},{d}'
        )
    return {
        "recordings.csv": "\n".join([*rows, ""]),
        "recordings_votes.csv": "\n".join([*votes, ""]),
    }


@miniature(
    "a user's own corpus", tables=_tables, n_speakers=999, n_sentences=99
)
def make_generic(
    folder, *, n_speakers=6, n_sentences=2, sample_rate=16000, seed=1
):
    """Make a synthetic corpus with folders and a list as a user's own has.

    Beside the folders ``recordings.csv`` lists the same, and ``recordings_votes.csv``
    what annotators say of it instead of the emotion: some are alone, some tie, and
    arousal has a decimal comma.

    There are 1 to 999 speakers, women and men in turn, and 1 to 99 clips of each in
    each of four emotions.

    Example
    -------
    >>> folder = getfixture("tmp_path") / "mine"
    >>> make_generic(folder, n_speakers=1, n_sentences=1)["spk001"]["sad"]
    1
    >>> print((folder / "recordings.csv").read_text().splitlines()[1])
    spk001/angry/01.wav,spk001,angry,01,M
    """
    return (
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
