"""A miniature a user's own corpus: ``SPEAKER/EMOTION/01.wav``."""

from emoclust_lobes.synthetic.speakers import make_speaker
from emoclust_lobes.synthetic.tree import Clip, check_sizes, make_tree

EMOTIONS = {"angry": "ang", "happy": "hap", "neutral": "neu", "sad": "sad"}


def make_generic(
    folder, *, n_speakers=6, n_sentences=2, sample_rate=16000, seed=1
):
    """Make a synthetic corpus with a user's own corpus's folders and file names.

    Beside the folders ``recordings.csv`` lists the same. A finished tree is
    left as it is, a half-made one is completed.

    Arguments
    ---------
    folder : str or pathlib.Path
        New folder for the tree.
    n_speakers : int
        Speakers, women and men in turn, 1 to 999.
    n_sentences : int
        Clips of each speaker in each of four emotions, 1 to 99.
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
    >>> folder = getfixture("tmp_path") / "mine"
    >>> make_generic(folder, n_speakers=1, n_sentences=1)["spk001"]["sad"]
    1
    >>> print((folder / "recordings.csv").read_text().splitlines()[1])
    spk001/angry/01.wav,spk001,angry,01,M
    """
    sizes = {"n_speakers": n_speakers, "n_sentences": n_sentences}
    check_sizes("a corpus", sizes, {"n_speakers": 999, "n_sentences": 99})
    clips, rows = [], ["path,speaker,emotion,sentence,gender"]
    for place in range(1, n_speakers + 1):
        speaker = make_speaker(f"spk{place:03d}", "FM"[place % 2], seed)
        for label, emotion in EMOTIONS.items():
            for number in range(1, n_sentences + 1):
                sentence = f"{number:02d}"
                path = f"{speaker.name}/{label}/{sentence}.wav"
                rows.append(
                    f"{path},{speaker.name},{label},{sentence},{speaker.gender}"
                )
                clips.append(
                    Clip(
                        path=path,
                        speaker=speaker,
                        emotion=emotion,
                        label=label,
                        sentence=sentence,
                    )
                )
    return make_tree(
        folder,
        "a user's own corpus",
        clips,
        sizes=sizes,
        sample_rate=sample_rate,
        seed=seed,
        tables={"recordings.csv": "\n".join([*rows, ""])},
    )
