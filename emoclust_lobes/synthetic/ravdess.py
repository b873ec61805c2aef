"""A miniature RAVDESS: ``Actor_01/03-01-EE-II-SS-RR-01.wav``."""

from emoclust_lobes.synthetic.tree import Clip, miniature
from emoclust_lobes.synthetic.voice import make_speaker

EMOTION_CODES = ("neu", "cal", "hap", "sad", "ang", "fea", "dis", "sur")
STRENGTH = {1: 0.8, 2: 1.3}  # of normal and strong intensity


@miniature("RAVDESS", n_speakers=24, n_statements=2, n_repetitions=2)
def make_ravdess(
    folder,
    *,
    n_speakers=24,
    n_statements=2,
    n_repetitions=2,
    sample_rate=16000,
    seed=1,
):
    """Make a synthetic corpus with RAVDESS's folders and file names.

    Each actor says ``15 * n_statements * n_repetitions`` clips: seven emotions
    at two intensities, and neutral, which has no strong intensity.

    There are 1 to 24 speakers, odd numbers men and even ones women, 1 or 2 sentences
    (statements), and 1 or 2 takes of each (repetitions).

    Example
    -------
    >>> folder = getfixture("tmp_path") / "RAVDESS"
    >>> counts = make_ravdess(
    ...     folder, n_speakers=1, n_statements=1, n_repetitions=1
    ... )
    >>> counts["Actor_01"]["neu"], counts["Actor_01"]["ang"]
    (1, 2)
    >>> (folder / "Actor_01" / "03-01-05-02-01-01-01.wav").exists()
    True
    """
    return (
        Clip(
            path=f"Actor_{actor:02d}/03-01-{code:02d}-{intensity:02d}"
            f"-{statement:02d}-{repetition:02d}-{actor:02d}.wav",
            speaker=make_speaker(f"Actor_{actor:02d}", "FM"[actor % 2], seed),
            emotion=emotion,
            label=emotion,
            sentence=f"RAVDESS-{statement}",
            strength=STRENGTH[intensity],
        )
        for actor in range(1, n_speakers + 1)
        for code, emotion in enumerate(EMOTION_CODES, start=1)
        for intensity in ((1,) if emotion == "neu" else (1, 2))
        for statement in range(1, n_statements + 1)
        for repetition in range(1, n_repetitions + 1)
    )
