"""EMO-DB, the Berlin database: ten actors, ten sentences, seven emotions.

Burkhardt et al., "A database of German emotional speech", Interspeech 2005.
535 clips, 25 minutes, 16 kHz, German; free to use, at
http://emodb.bilderbar.info. ``data_folder`` holds::

    wav/03a01Fa.wav  (or .flac)

whose fields are actor, sentence (a01 ... b10), emotion (W anger, L boredom, E
disgust, A fear, F happiness, N neutral, T sadness) and take.

The folds are five blocks of a man and a woman. Actor 08 has no disgust and
actor 03 has one clip of it, so each is paired with the actor of the other sex
who has most: every block has at least five.
"""

import re

from data_prep.corpora.block_folds import ClipCorpus, prepare_clips

CLASS_SETS = {
    7: ("ang", "bor", "dis", "fea", "hap", "neu", "sad"),
    4: ("ang", "hap", "neu", "sad"),
}
# Clips of each actor in the complete corpus.
_COUNTS = (49, 58, 43, 38, 55, 35, 61, 69, 56, 71)
SPEAKERS = dict(
    zip("03 08 09 10 11 12 13 14 15 16".split(), _COUNTS, strict=True)
)
BLOCKS = (("03", "16"), ("08", "15"), ("09", "10"), ("11", "13"), ("12", "14"))

_MEN = ("03", "10", "11", "12", "15")
_EMOTIONS = dict(zip("WLEAFNT", CLASS_SETS[7], strict=True))


def _describe(name):
    return {
        **name.groupdict(),
        "emotion": _EMOTIONS[name["emotion"]],
        "gender": "M" if name["spk_id"] in _MEN else "F",
    }


EMODB = ClipCorpus(
    name="EMO-DB",
    contents=("wav",),
    folders="wav",
    clip=re.compile(
        rf"(?:.*/)?(?P<ID>(?P<spk_id>{'|'.join(SPEAKERS)})"
        r"(?P<sentence>[ab]\d\d)(?P<emotion>[WLEAFNT])[a-z])\.\w+"
    ),
    describe=_describe,
    class_sets=CLASS_SETS,
    speakers=SPEAKERS,
    blocks=BLOCKS,
)


def prepare_emodb(
    data_folder,
    manifest_folder,
    fold=1,
    classes=7,
    label_source="intended",
    expect_complete=True,
    trim_silence=None,
):
    """Write the manifest of one fold of EMO-DB, unless it is current.

    As :func:`~data_prep.corpora.block_folds.prepare_clips`; fold k of five tests
    on the k-th block of actors, and ``classes`` is 7 or 4: ang, hap, neu, sad.

    Example
    -------
    >>> prepare_emodb("corpus", "manifest", label_source="mine")
    Traceback (most recent call last):
    ...
    data_prep.errors.ManifestError: label_source='mine' is not offered...
    """
    prepare_clips(EMODB, **locals())
