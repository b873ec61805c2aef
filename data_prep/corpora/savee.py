"""SAVEE: four Englishmen, seven emotions.

Haq and Jackson, "Speaker-dependent audio-visual emotion recognition", AVSP
2009. 480 clips, half an hour, 44.1 kHz; for research, after registration with
the University of Surrey, http://kahlan.eps.surrey.ac.uk/savee. ``data_folder``
is ``AudioData``, or a folder with all clips in one::

    DC/a01.wav      actor, emotion (a d f h n sa su) and number
    ALL/DC_a01.wav

Each actor has 30 neutral clips and 15 of every other emotion. There are four
folds: one actor is tested on, the next is for development, two train.

The column ``sentence`` stays empty: a few sentences are spoken in all
emotions, but the names do not say which.
"""

import re

from data_prep.corpora.block_folds import ClipCorpus, prepare_clips

_CODES = "a d f h n sa su"
_CLASSES = "ang dis fea hap neu sad sur"
EMOTIONS = dict(zip(_CODES.split(), _CLASSES.split(), strict=True))
CLASS_SETS = {7: tuple(EMOTIONS.values())}
# Clips of each actor in the complete corpus.
SPEAKERS = {"DC": 120, "JE": 120, "JK": 120, "KL": 120}
BLOCKS = tuple((speaker,) for speaker in SPEAKERS)


def _describe(name):
    return {
        "ID": f"{name['spk_id']}_{name['clip']}",
        "spk_id": name["spk_id"],
        "gender": "M",
        "emotion": EMOTIONS[name["emotion"]],
    }


SAVEE = ClipCorpus(
    name="SAVEE",
    contents=(*SPEAKERS, "ALL", "DC_*", "JE_*", "JK_*", "KL_*"),
    clip=re.compile(
        rf"(?:.*/)?(?P<spk_id>{'|'.join(SPEAKERS)})[/_]"
        rf"(?P<clip>(?P<emotion>{'|'.join(EMOTIONS)})\d\d)\.\w+"
    ),
    describe=_describe,
    class_sets=CLASS_SETS,
    speakers=SPEAKERS,
    blocks=BLOCKS,
)


def prepare_savee(
    data_folder,
    manifest_folder,
    fold=1,
    classes=7,
    label_source="intended",
    expect_complete=True,
    trim_silence=None,
):
    """Write the manifest of one fold of SAVEE, unless it is current.

    As :func:`~data_prep.corpora.block_folds.prepare_clips`; fold k of four tests
    on the k-th actor. Of a part, the folds are made of the actors that are there.

    Example
    -------
    >>> prepare_savee("corpus", "manifest", label_source="mine")
    Traceback (most recent call last):
    ...
    data_prep.errors.ManifestError: label_source='mine' is not offered...
    """
    prepare_clips(SAVEE, **locals())
