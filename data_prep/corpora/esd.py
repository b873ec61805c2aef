"""ESD: ten speakers of English and ten of Mandarin, five emotions.

Zhou et al., "Emotional voice conversion: theory, databases and ESD", Speech
Communication 137 (2022). 35,000 clips, 29 hours, 16 kHz; for research, on
request from the HLT lab of the National University of Singapore, see
https://github.com/HLTSingapore/Emotional-Speech-Data. ``data_folder`` holds::

    0011/Angry/0011_000351.wav        speaker, emotion, number
    0011/Angry/train/0011_000351.wav  (or evaluation, or test)
    0011/0011.txt                     what is said; not read

Speakers 0001 to 0010 speak Mandarin, the others English. Each says 350
sentences in every emotion, in the same order, so the number tells the
sentence, which is the same for all speakers of a language.

The folders train, evaluation and test split the sentences and share all
speakers; they are passed over. The folds are five blocks of one woman and one
man of each language. (Of each language there are five women and five men.)
"""

import re

from data_prep.corpora.block_folds import ClipCorpus, prepare_clips
from data_prep.errors import check_choice

_CODES = "Angry Happy Neutral Sad Surprise"
_CLASSES = "ang hap neu sad sur"
EMOTIONS = dict(zip(_CODES.split(), _CLASSES.split(), strict=True))
CLASS_SETS = {5: tuple(EMOTIONS.values())}
# The k-th women and the k-th men are the k-th block.
WOMEN = {
    "mandarin": ("0001", "0002", "0003", "0007", "0009"),
    "english": ("0015", "0016", "0017", "0018", "0019"),
}
MEN = {
    "mandarin": ("0004", "0005", "0006", "0008", "0010"),
    "english": ("0011", "0012", "0013", "0014", "0020"),
}
LANGUAGES = {
    "english": ("english",),
    "mandarin": ("mandarin",),
    "all": ("english", "mandarin"),
}
N_SENTENCES = 350


def speaker_pairs(language):
    """Return five blocks, each of one woman and one man of each language."""
    groups = [x[name] for name in LANGUAGES[language] for x in (WOMEN, MEN)]
    return tuple(zip(*groups, strict=True))


def esd(language):
    """Describe the part of ESD that is in "english", "mandarin" or "all"."""
    blocks = speaker_pairs(language)
    spoken = [x for block in blocks for x in block]
    women = [speaker for group in WOMEN.values() for speaker in group]
    mandarin = [*WOMEN["mandarin"], *MEN["mandarin"]]

    def describe(name):
        if name["speaker"] not in spoken:
            return "other language"
        tongue = "mandarin" if name["speaker"] in mandarin else "english"
        sentence = (int(name["number"]) - 1) % N_SENTENCES + 1
        return {
            "ID": name["ID"],
            "spk_id": name["speaker"],
            "gender": "F" if name["speaker"] in women else "M",
            "sentence": f"{tongue}{sentence:03d}",
            "emotion": EMOTIONS[name["emotion"]],
        }

    return ClipCorpus(
        name="ESD",
        contents=("00[012][0-9]",),
        clip=re.compile(
            r"(?P<speaker>00(?:0[1-9]|1\d|20))/"
            rf"(?P<emotion>{'|'.join(EMOTIONS)})/"
            r"(?:train/|evaluation/|test/)?"
            r"(?P<ID>(?P=speaker)_(?P<number>\d{6}))\.\w+"
        ),
        describe=describe,
        class_sets=CLASS_SETS,
        speakers=dict.fromkeys(spoken, len(EMOTIONS) * N_SENTENCES),
        blocks=blocks,
    )


def prepare_esd(
    data_folder,
    manifest_folder,
    fold=1,
    classes=5,
    label_source="intended",
    language="english",
    expect_complete=True,
    trim_silence=None,
):
    """Write the manifest of one fold of ESD, unless it is current.

    As :func:`~data_prep.corpora.block_folds.prepare_clips`; fold k of five tests
    on the k-th block of speakers, and ``language`` is "english", "mandarin" or "all".

    Example
    -------
    >>> prepare_esd("corpus", "manifest", label_source="mine")
    Traceback (most recent call last):
    ...
    data_prep.errors.ManifestError: label_source='mine' is not offered...
    """
    check_choice("language", language, LANGUAGES)
    prepare_clips(esd(language), **locals())
