"""TESS: two women say 200 words in seven emotions.

Pichora-Fuller and Dupuis, "Toronto emotional speech set (TESS)", 2020,
https://doi.org/10.5683/SP2/E8H2MF. 2,800 clips, 1.6 hours, 24.4 kHz; CC
BY-NC-ND 4.0. ``data_folder`` holds the clips, in folders of any name::

    OAF_angry/OAF_back_angry.wav       speaker, word, emotion
    OAF_Fear/OAF_back_fear.wav
    YAF_pleasant_surprised/YAF_back_ps.wav

``OA_bite_neutral.wav`` is one of OAF's. The sentence is the word: all are
said in the same "Say the word ...".

Two speakers make two folds: one woman trains, the other is tested on. There
is nobody left for development, and utterances of the training or the test
speaker would not do: the last epoch is tested. Few words, few people: numbers
on TESS say little about other voices.
"""

import re

from data_prep.corpora.block_folds import ClipCorpus, prepare_clips

_CODES = "angry disgust fear happy neutral sad ps"
_CLASSES = "ang dis fea hap neu sad sur"
EMOTIONS = dict(zip(_CODES.split(), _CLASSES.split(), strict=True))
CLASS_SETS = {7: tuple(EMOTIONS.values())}
# Clips of each speaker in the complete corpus.
SPEAKERS = {"OAF": 1400, "YAF": 1400}
BLOCKS = tuple((speaker,) for speaker in SPEAKERS)


def _describe(name):
    speaker = f"{name['letter']}AF"
    return {
        "ID": f"{speaker}_{name['word']}_{name['emotion']}",
        "spk_id": speaker,
        "gender": "F",
        "sentence": name["word"],
        "emotion": EMOTIONS[name["emotion"]],
    }


TESS = ClipCorpus(
    name="TESS",
    contents=("OAF_*", "YAF_*"),
    clip=re.compile(
        r"(?:.*/)?(?P<letter>[OY])AF?_(?P<word>[a-z]+)_"
        rf"(?P<emotion>{'|'.join(EMOTIONS)})\.\w+"
    ),
    describe=_describe,
    class_sets=CLASS_SETS,
    speakers=SPEAKERS,
    blocks=BLOCKS,
    development=False,
)


def prepare_tess(
    data_folder,
    manifest_folder,
    fold=1,
    classes=7,
    label_source="intended",
    expect_complete=True,
    trim_silence=None,
):
    """Write the manifest of one fold of TESS, unless it is current.

    As :func:`~data_prep.corpora.block_folds.prepare_clips`; fold 1 tests on OAF
    and trains on YAF, fold 2 the other way round.

    Example
    -------
    >>> prepare_tess("corpus", "manifest", label_source="mine")
    Traceback (most recent call last):
    ...
    data_prep.errors.ManifestError: label_source='mine' is not offered...
    """
    prepare_clips(TESS, **locals())
