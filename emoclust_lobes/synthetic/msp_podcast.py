"""A miniature MSP-Podcast: ``Audios/MSP-PODCAST_0001_0001.wav``."""

from emoclust_lobes.synthetic.annotators import choose, rate
from emoclust_lobes.synthetic.tree import Clip, miniature
from emoclust_lobes.synthetic.voice import generator, make_channel, make_speaker

SPLITS = ("Train", "Train", "Train", "Development", "Test1", "Test2")
# How letters are spoken: contempt like disgust, the last two neutral.
SPOKEN = "ang sad hap sur fea dis dis neu neu neu".split()
# What annotators write for a letter; there is none for X, no agreement
_WORDS = "Angry Sad Happy Surprise Fear Disgust Contempt Neutral Other-bored"
WORDS = dict(zip("ASHUFDCNO", _WORDS.split(), strict=True))
EMOTIONS = dict(zip("ASHUFDCNOX", SPOKEN, strict=True))


def _tables(clips, seconds, seed):
    rows = ["FileName,EmoClass,EmoAct,EmoVal,EmoDom,SpkrID,Gender,Split_Set"]
    details = ["FileName,EmoDetail"]
    for clip in clips:
        podcast = int(clip.sentence.split("_")[1])
        gender = {"F": "Female", "M": "Male"}[clip.speaker.gender]
        rng = generator(seed, "annotators", clip.sentence)
        n = 1 if clip.speaker.name == "Unknown" else 5
        ratings = rate(clip.emotion, n, 7, rng)
        heard = choose(WORDS.get(clip.label), list(WORDS.values()), n, rng)
        for worker, (word, (a, v, d)) in enumerate(zip(heard, ratings)):
            detail = f"WORKER{worker:08d}; {word}; {word},Amused; A:{a}; V:{v}; D:{d};"
            details.append(f'{clip.sentence},"{detail}"')
        means = ",".join(str(x) for x in ratings.mean(axis=0))
        rows.append(
            f"{clip.sentence},{clip.label},{means},{clip.speaker.name},"
            f"{gender},{SPLITS[(podcast - 1) % len(SPLITS)]}"
        )
    return {
        "Labels/labels_consensus.csv": "\n".join([*rows, ""]),
        "Labels/labels_detailed.csv": "\n".join([*details, ""]),
    }


@miniature("MSP-Podcast", tables=_tables, n_speakers=60, n_segments=100)
def make_msp_podcast(
    folder, *, n_speakers=6, n_segments=1, sample_rate=16000, seed=1
):
    """Make a synthetic corpus with MSP-Podcast's folders and file names.

    Each speaker has a podcast; three of six train, and one each is in
    Development, Test1 and Test2. As in the corpus, some segments are of
    unknown speakers: one of each podcast, which a single annotator heard.

    There are 1 to 60 known speakers, men and women in turn, and 1 to 100 segments with
    each of ten labels.

    Example
    -------
    >>> folder = getfixture("tmp_path") / "MSP-Podcast"
    >>> make_msp_podcast(folder, n_speakers=1, n_segments=1)["1"]["A"]
    1
    >>> (folder / "Labels" / "labels_consensus.csv").read_text().split()[1]
    'MSP-PODCAST_0001_0000.wav,A,5.6,2.0,5.8,1,Male,Train'
    """
    for podcast in range(1, n_speakers + 1):
        speaker = make_speaker(str(podcast), "FM"[podcast % 2], seed)
        guest = make_speaker("Unknown", speaker.gender, seed + podcast)
        segments = [(letter, speaker) for letter in EMOTIONS] * n_segments
        for number, (letter, who) in enumerate([*segments, ("N", guest)]):
            name = f"MSP-PODCAST_{podcast:04d}_{number:04d}.wav"
            yield Clip(
                path=f"Audios/{name}",
                speaker=who,
                emotion=EMOTIONS[letter],
                label=letter,
                sentence=name,
                channel=make_channel(podcast, seed),
            )
