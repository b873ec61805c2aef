"""A miniature IEMOCAP_full_release, with the traps of its names and files."""

import collections
import pathlib

from data_prep.storage.files import replacing
from emoclust_lobes.synthetic.speakers import (
    generator,
    make_channel,
    make_speaker,
)
from emoclust_lobes.synthetic.tree import (
    Clip,
    close_tree,
    count_labels,
    open_tree,
    write_clips,
    write_text,
)

# What the labels outside the four classes sound like, and how strongly.
OUTSIDE = {
    "fru": ("ang", 0.6),
    "xxx": ("neu", 1.0),
    "sur": ("sur", 1.0),
    "oth": ("dis", 0.5),
    "fea": ("fea", 1.0),
    "dis": ("dis", 1.0),
}
HAPPY = {"hap": ("hap", 0.9), "exc": ("hap", 1.3)}
PLAIN = {label: (label, 1.0) for label in ("neu", "ang", "sad")}
VOICES = {**OUTSIDE, **HAPPY, **PLAIN}
# In the corpus, too, some names end in a letter that names no speaker.
DIALOGUES = {
    1: ("Ses01F_impro01", "Ses01M_script01_1"),
    2: ("Ses02F_impro02", "Ses02M_script02_2"),
    3: ("Ses03F_script01_3", "Ses03M_impro05a", "Ses03M_impro08b"),
    4: ("Ses04F_impro03", "Ses04M_script03_1"),
    5: ("Ses05F_impro07", "Ses05M_script01_1b"),
}
GAP_SECONDS = 0.4  # between two turns


def make_iemocap(
    folder,
    *,
    n_sessions=5,
    n_per_emotion=8,
    n_outside=6,
    sample_rate=16000,
    seed=1,
):
    """Make a synthetic corpus laid out as IEMOCAP_full_release.

    The tree has what trips up a careless reader: in every dialogue both
    speakers talk, and the letter in the turn's last field says who; some
    dialogues' names end in a letter; EmoEvaluation holds binary ``._*.txt``
    files and the single annotators' folders; half of the happy turns
    are labeled ``exc``; and some labels are outside the four classes. A
    finished tree is left as it is, a half-made one is completed.

    Arguments
    ---------
    folder : str or pathlib.Path
        New folder for the tree.
    n_sessions : int
        Sessions, 1 to 5, of one woman and one man each.
    n_per_emotion : int
        Turns of each speaker in each of the four classes.
    n_outside : int
        Turns of each speaker with a label outside of them: fru, xxx, sur,
        oth, fea and dis in turn.
    sample_rate : int
        In Hz.
    seed : int
        Other seeds give other people.

    Returns
    -------
    dict of dict of int
        Number of turns, ``counts[speaker][label]``, labels as written.

    Raises
    ------
    ValueError
        When the number of sessions is out of the corpus's range.
    FileExistsError
        When the folder holds anything but this tree.

    Example
    -------
    >>> folder = getfixture("tmp_path") / "IEMOCAP_full_release"
    >>> counts = make_iemocap(
    ...     folder, n_sessions=1, n_per_emotion=2, n_outside=1
    ... )
    >>> counts["Ses01F"]
    {'ang': 2, 'exc': 1, 'fru': 1, 'hap': 1, 'neu': 2, 'sad': 2}
    """
    if not 1 <= n_sessions <= 5:
        raise ValueError(f"n_sessions is {n_sessions}: IEMOCAP has 1 to 5")
    labels = [
        label
        for i in range(n_per_emotion)
        for label in (*PLAIN, ("hap", "exc")[i % 2])
    ]
    labels += [list(OUTSIDE)[i % len(OUTSIDE)] for i in range(n_outside)]
    clips = []
    for session in range(1, n_sessions + 1):
        clips += _session_turns(session, labels, seed)
    arguments = {
        "n_sessions": n_sessions,
        "n_per_emotion": n_per_emotion,
        "n_outside": n_outside,
        "sample_rate": sample_rate,
        "seed": seed,
    }
    if not open_tree(folder, "IEMOCAP", arguments):
        seconds = write_clips(folder, clips, seed, sample_rate)
        _write_labels(pathlib.Path(folder), clips, seconds)
        close_tree(folder)
    return count_labels(clips)


def _session_turns(session, labels, seed):
    """List a session's turns, its speakers taking turns in its dialogues."""
    orders = {
        make_speaker(f"Ses{session:02d}{gender}", gender, seed): generator(
            seed, "order", session, gender
        ).permutation(labels)
        for gender in "FM"
    }
    numbers: collections.Counter[tuple] = collections.Counter()
    turns = []
    for i in range(len(labels)):
        dialogue = DIALOGUES[session][i % len(DIALOGUES[session])]
        for speaker, order in orders.items():
            number = numbers[dialogue, speaker]
            numbers[dialogue, speaker] += 1
            turn = f"{dialogue}_{speaker.gender}{number:03d}"
            emotion, strength = VOICES[order[i]]
            turns.append(
                Clip(
                    path=f"Session{session}/sentences/wav/{dialogue}/{turn}.wav",
                    speaker=speaker,
                    emotion=emotion,
                    label=str(order[i]),
                    sentence=turn,
                    strength=strength,
                    channel=make_channel(f"Session{session}", seed),
                )
            )
    return turns


def _write_labels(folder, clips, seconds):
    """Write each dialogue's evaluation, annotators' files and transcript."""
    dialogues = collections.defaultdict(list)
    for clip, duration in zip(clips, seconds, strict=True):
        wav = pathlib.PurePosixPath(clip.path)
        dialogues[wav.parts[0], wav.parts[-2]].append(
            (wav.stem, clip.label, duration)
        )
    for (session, dialogue), turns in dialogues.items():
        evaluation = [
            "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
        ]
        transcript, categories, attributes = [], [], []
        stop = 0.0
        for turn, label, duration in turns:
            start = stop + GAP_SECONDS
            stop = start + duration
            evaluation.append(
                f"[{start:.4f} - {stop:.4f}]\t{turn}\t{label}\t"
                "[2.5000, 2.5000, 2.5000]\n"
                "C-E2:\tNeutral state;\t()\n"
                "A-E3:\tval 3; act 2; dom  2;\t()\n\n"
            )
            transcript.append(f"{turn} [{start:08.4f}-{stop:08.4f}]: ...\n")
            categories.append(f"{turn} :Neutral state; ()\n")
            attributes.append(f"{turn} :act 2; :val 3; :dom  2; ()\n")
        labels = f"{session}/dialog/EmoEvaluation"
        for path, lines in (
            (f"{labels}/{dialogue}.txt", evaluation),
            (f"{labels}/Categorical/{dialogue}_e2_cat.txt", categories),
            (f"{labels}/Attribute/{dialogue}_e3_atr.txt", attributes),
            (f"{session}/dialog/transcriptions/{dialogue}.txt", transcript),
        ):
            write_text(folder, path, "".join(lines))
        # Left behind by the computer on which the corpus was packed.
        with replacing(folder / f"{labels}/._{dialogue}.txt", "wb") as stream:
            stream.write(b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X\xff\xfe")
