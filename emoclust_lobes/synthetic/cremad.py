"""A miniature CREMA-D checkout: ``AudioWAV/ACTOR_SENTENCE_EMOTION_LEVEL.wav``
and the label files of the official repository.
"""

import math

from emoclust_lobes.synthetic.tree import Clip, miniature
from emoclust_lobes.synthetic.voice import generator, make_speaker

# First and last actor of the blocks that are the folds' test groups.
BLOCKS = ((1001, 1018), (1019, 1036), (1037, 1054), (1055, 1072), (1073, 1091))
SENTENCES = "IEO TIE IOM IWW TAI MTI IWL ITH DFA ITS TSI WSI".split()
EMOTION_CODES = ("NEU", "HAP", "SAD", "ANG", "FEA", "DIS")
STRENGTH = {"XX": 1.0, "LO": 0.6, "MD": 1.0, "HI": 1.4}
# How often the crowd agrees with what is not neutral, and how often it ties.
CROWD = {"Voice": (0.37, 0.09), "Face": (0.64, 0.06), "MultiModal": (0.7, 0.06)}


def spread_actors(n_speakers, seed):
    """Choose actors from the five blocks in turn: [n_speakers] speakers."""
    places = sorted(
        (place, block, first + place)
        for block, (first, last) in enumerate(BLOCKS)
        for place in range(last - first + 1)
    )
    return sorted(
        make_speaker(str(actor), "MF"[(place + block) % 2], seed)
        for place, block, actor in places[:n_speakers]
    )


def _tables(clips, seconds, seed):
    speakers = dict.fromkeys(clip.speaker for clip in clips)
    """Write the four CSV files, quoted as the official ones are."""
    people = ['"ActorID","Age","Sex","Race","Ethnicity"']
    for speaker in speakers:
        age = generator(seed, "age", speaker.name).integers(20, 75)
        sex = {"F": "Female", "M": "Male"}[speaker.gender]
        people.append(f'{speaker.name},{age},"{sex}","Unknown","Unknown"')
    stimuli = ['"Stimulus_Number","Filename"']
    modes = [f'"{mode}Vote","{mode}Level"' for mode in CROWD]
    votes = [f'"","FileName",{",".join(modes)}']
    tabulated: dict[str, list[str]] = {mode: [] for mode in CROWD}
    heading = '"","A","D","F","H","N","S","fileName","numResponses",'
    heading += '"agreement","emoVote","meanEmoResp"'
    for i, clip in enumerate(clips, start=1):
        name = clip.path.removeprefix("AudioWAV/").removesuffix(".wav")
        stimuli.append(f'{i},"{name}"')
        cells = [str(i), name]
        for mode, (agree, tie) in CROWD.items():
            rng = generator(seed, "votes", mode, name)
            vote = draw_vote(clip.label[0].upper(), agree, tie, rng)
            cells += vote
            rng = generator(seed, "tabulated", mode, name)
            number = 100000 * (1 + [*CROWD].index(mode)) + i
            tabulated[mode].append(_tabulate(number, name, vote, rng))
        votes.append(",".join(f'"{cell}"' for cell in cells))
    return {
        "VideoDemographics.csv": "\n".join([*people, ""]),
        "SentenceFilenames.csv": "\n".join([*stimuli, ""]),
        "processedResults/summaryTable.csv": "\n".join([*votes, ""]),
        "processedResults/tabulatedVotes.csv": "\n".join(
            [heading, *sum(tabulated.values(), []), ""]
        ),
    }


def _tabulate(number, name, drawn, rng):
    """Write a row of four to twelve votes with this majority."""
    vote, level = drawn
    first = vote.split(":")
    most = rng.integers(4, 8) if len(first) == 1 else rng.integers(2, 5)
    counts = dict.fromkeys("ADFHNS", 0) | dict.fromkeys(first, most)
    for letter in rng.permutation([x for x in counts if x not in first])[:2]:
        counts[letter] = rng.integers(0, min(most, 3))
    total = sum(counts.values())
    cells = ",".join(str(counts[x]) for x in counts)
    level = float(level.split(":")[0])
    return f'"{number}",{cells},"{name}",{total},{most / total:.15g},"{vote}",{level}'


def draw_vote(intended, agree, tie, rng):
    """Draw the crowd's letter and mean level; a tie has two of each.

    Such as ``("A", "63.5")`` or ``("A:D", "37.20:58.60")``, with the
    probabilities ``agree`` and ``tie``; otherwise most hear neutral.
    """
    others = sorted(set("NHSAFD") - {intended})
    other = others[rng.integers(len(others))]
    if intended != "N" and rng.random() < 0.75:
        other = "N"
    levels = [math.floor(100 * level) / 100 for level in rng.uniform(35, 90, 2)]
    draw = rng.random()
    if draw < tie:
        vote = ":".join(sorted((intended, other)))
        return vote, ":".join(f"{level:.2f}" for level in levels)
    if intended == "N":  # heard as meant more often than any other
        agree = 0.5 + agree / 2
    return (intended if draw < tie + agree else other), f"{levels[0]:g}"


@miniature("CREMA-D", tables=_tables, n_speakers=91, n_sentences=12)
def make_cremad(
    folder, *, n_speakers=10, n_sentences=4, sample_rate=16000, seed=1
):
    """Make a synthetic corpus laid out as a CREMA-D checkout.

    Each actor says ``10 + 6 * n_sentences`` clips: every sentence in six
    emotions, the first one at three levels. The crowd's votes are drawn with
    about CREMA-D's rates of agreement and ties. (1076_MTI_SAD_XX, which is
    silent in the corpus, is spoken here.)

    There are 1 to 91 speakers, spread over the five official blocks of actors, women
    and men in turn, and 1 to 12 sentences.

    Example
    -------
    >>> folder = getfixture("tmp_path") / "CREMA-D"
    >>> counts = make_cremad(folder, n_speakers=1, n_sentences=1)
    >>> counts["1001"]["ang"], counts["1001"]["neu"]
    (3, 1)
    >>> (folder / "AudioWAV" / "1001_IEO_ANG_HI.wav").exists()
    True
    """
    speakers = spread_actors(n_speakers, seed)
    return (
        Clip(
            path=f"AudioWAV/{speaker.name}_{sentence}_{code}_{level}.wav",
            speaker=speaker,
            emotion=code.lower(),
            label=code.lower(),
            sentence=sentence,
            strength=STRENGTH[level],
        )
        for speaker in speakers
        for sentence in SENTENCES[:n_sentences]
        for code in EMOTION_CODES
        for level in (
            ("LO", "MD", "HI")
            if sentence == "IEO" and code != "NEU"
            else ("XX",)
        )
    )
