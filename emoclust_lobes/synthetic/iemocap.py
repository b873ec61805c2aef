"""A miniature IEMOCAP_full_release, with the traps of its names and files."""

import collections

from emoclust_lobes.synthetic.annotators import choose, rate
from emoclust_lobes.synthetic.tree import Clip, miniature
from emoclust_lobes.synthetic.voice import generator, make_channel, make_speaker

# Labels that do not sound as they are called, or not as strongly
VOICES = {"fru": ("ang", 0.6), "xxx": ("neu", 1.0), "oth": ("dis", 0.5)}
VOICES |= {"hap": ("hap", 0.9), "exc": ("hap", 1.3)}
# What annotators write for a label; of xxx each writes something else
WORDS = {"ang": "Anger", "dis": "Disgust", "exc": "Excited", "fea": "Fear"}
WORDS |= {"fru": "Frustration", "hap": "Happiness", "neu": "Neutral"}
WORDS |= {"oth": "Other", "sad": "Sadness", "sur": "Surprise"}
OUTSIDE = ("fru", "xxx", "sur", "oth", "fea", "dis")
# In the corpus, too, some names end in a letter that names no speaker.
DIALOGUES = {
    1: ("Ses01F_impro01", "Ses01M_script01_1"),
    2: ("Ses02F_impro02", "Ses02M_script02_2"),
    3: ("Ses03F_script01_3", "Ses03M_impro05a", "Ses03M_impro08b"),
    4: ("Ses04F_impro03", "Ses04M_script03_1"),
    5: ("Ses05F_impro07", "Ses05M_script01_1b"),
}
GAP_SECONDS = 0.4  # between two turns
# By the computer on which the corpus was packed, beside every label file
LEFT_BEHIND = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X\xff\xfe"


def _session_turns(session, labels, seed):
    """List a session's turns, its speakers taking turns in its dialogues."""
    speakers = [make_speaker(f"Ses{session:02d}{x}", x, seed) for x in "FM"]
    orders = [
        generator(seed, "order", session, speaker.gender).permutation(labels)
        for speaker in speakers
    ]
    for i, spoken in enumerate(zip(*orders, strict=True)):
        number, place = divmod(i, len(DIALOGUES[session]))
        dialogue = DIALOGUES[session][place]
        for speaker, label in zip(speakers, spoken, strict=True):
            turn = f"{dialogue}_{speaker.gender}{number:03d}"
            emotion, strength = VOICES.get(label, (str(label), 1.0))
            yield Clip(
                path=f"Session{session}/sentences/wav/{dialogue}/{turn}.wav",
                speaker=speaker,
                emotion=emotion,
                label=str(label),
                sentence=turn,
                strength=strength,
                channel=make_channel(f"Session{session}", seed),
            )


def _label_files(clips, seconds, seed):
    """Write each dialogue's evaluation, annotators' files and transcript."""
    dialogues = collections.defaultdict(list)
    for clip, duration in zip(clips, seconds, strict=True):
        session, _, _, dialogue, wav = clip.path.split("/")
        turn = wav.removesuffix(".wav")
        dialogues[session, dialogue].append((turn, clip, duration))
    files: dict[str, str | bytes] = {}
    for (session, dialogue), turns in dialogues.items():
        evaluation = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
        transcript = categories = attributes = ""
        stop = 0.0
        for turn, clip, duration in turns:
            start = stop + GAP_SECONDS
            stop = start + duration
            evaluation += (
                f"[{start:.4f} - {stop:.4f}]\t{turn}\t{clip.label}\t"
                + _annotate(turn, clip, generator(seed, "annotators", turn))
            )
            transcript += f"{turn} [{start:08.4f}-{stop:08.4f}]: ...\n"
            categories += f"{turn} :Neutral state; ()\n"
            attributes += f"{turn} :act 2; :val 3; :dom  2; ()\n"
        labels = f"{session}/dialog/EmoEvaluation"
        files |= {
            f"{labels}/{dialogue}.txt": evaluation,
            f"{labels}/Categorical/{dialogue}_e2_cat.txt": categories,
            f"{labels}/Attribute/{dialogue}_e3_atr.txt": attributes,
            f"{session}/dialog/transcriptions/{dialogue}.txt": transcript,
            f"{labels}/._{dialogue}.txt": LEFT_BEHIND,
        }
    return files


def _annotate(turn, clip, rng):
    """Write what annotators, and the actor, say of a turn."""
    n = 1 if rng.random() < 0.1 and clip.label != "xxx" else 3
    label = WORDS.get(clip.label)
    words = choose(label, list(WORDS.values()), n, rng)
    if label and n == 3 and rng.random() < 0.2:
        words[-1] = (
            f"{words[-1]}; Frustration" if label != "Frustration" else label
        )
    said = [f"C-E{i}:\t{word};\t()\n" for i, word in enumerate(words, 1)]
    said.append(f"C-{clip.speaker.gender}1:\tSurprise;\t()\n")
    ratings = rate(clip.emotion, 2, 5, rng)[:, [1, 0, 2]]
    for i, (valence, activation, dominance) in enumerate(ratings, 1):
        said.append(
            f"A-E{i}:\tval {valence}; act {activation}; dom  {dominance};\t()\n"
        )
    means = ratings.mean(axis=0)
    if turn == "Ses01F_impro01_F000":  # as a few are in the corpus
        means[0] = 5.5
    return f"[{', '.join(f'{x:.4f}' for x in means)}]\n{''.join(said)}\n"


@miniature("IEMOCAP", tables=_label_files, n_sessions=5)
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
    are labeled ``exc``; some labels are outside the four classes. Three annotators
    rarely agree, may choose two emotions or be alone, and one valence is off its
    scale; the actors' own evaluations stand among theirs.

    There are 1 to 5 sessions, of one woman and one man each; ``n_per_emotion`` turns of
    each in each of the four classes, and ``n_outside`` in fru, xxx, sur, oth, fea and
    dis in turn.

    Example
    -------
    >>> folder = getfixture("tmp_path") / "IEMOCAP_full_release"
    >>> counts = make_iemocap(
    ...     folder, n_sessions=1, n_per_emotion=2, n_outside=1
    ... )
    >>> counts["Ses01F"]
    {'ang': 2, 'exc': 1, 'fru': 1, 'hap': 1, 'neu': 2, 'sad': 2}
    """
    labels = [
        label
        for i in range(n_per_emotion)
        for label in ("neu", "ang", "sad", ("hap", "exc")[i % 2])
    ]
    labels += [OUTSIDE[i % len(OUTSIDE)] for i in range(n_outside)]
    sessions = range(1, n_sessions + 1)
    return (y for x in sessions for y in _session_turns(x, labels, seed))
