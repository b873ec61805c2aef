"""RAVDESS: 24 actors speak two sentences in eight emotions.

Livingstone and Russo, "The Ryerson audio-visual database of emotional speech
and song (RAVDESS)", PLoS ONE 13 (2018). 1,440 spoken clips, 1.5 hours, 48
kHz; CC BY-NC-SA 4.0, ``Audio_Speech_Actors_01-24.zip`` at
https://zenodo.org/record/1188976. ``data_folder`` holds::

    Actor_01/03-01-05-02-01-01-01.wav  (or .flac)

whose fields are modality (03 audio), channel (01 speech, 02 song), emotion,
intensity, sentence, repetition and actor (odd: a man). Songs and videos are
passed over and counted. Each actor has four neutral clips and eight of every
other emotion. The folds are six blocks of two men and two women.
"""

import re

from data_prep.corpora.block_folds import ClipCorpus, prepare_clips

_CODES = "01 02 03 04 05 06 07 08"
_CLASSES = "neu cal hap sad ang fea dis sur"
EMOTIONS = dict(zip(_CODES.split(), _CLASSES.split(), strict=True))
CLASS_SETS = {8: tuple(sorted(EMOTIONS.values()))}
# Clips of each actor in the complete corpus.
SPEAKERS = {f"Actor_{actor:02d}": 60 for actor in range(1, 25)}
BLOCKS = tuple(
    tuple(f"Actor_{actor:02d}" for actor in range(first, first + 4))
    for first in range(1, 25, 4)
)


def _describe(name):
    if name["modality"] != "03" or name[0].endswith(".mp4"):
        return "video"
    if name["channel"] != "01":
        return "song"
    return {
        "ID": name["ID"],
        "spk_id": f"Actor_{name['actor']}",
        "gender": "M" if int(name["actor"]) % 2 else "F",
        "sentence": name["sentence"],
        "emotion": EMOTIONS[name["emotion"]],
    }


RAVDESS = ClipCorpus(
    name="RAVDESS",
    contents=("Actor_[0-9][0-9]",),
    folders="Actor_[0-9][0-9]",
    clip=re.compile(
        r"Actor_\d\d/(?P<ID>(?P<modality>\d\d)-(?P<channel>\d\d)-"
        r"(?P<emotion>0[1-8])-\d\d-(?P<sentence>\d\d)-\d\d-"
        r"(?P<actor>0[1-9]|1\d|2[0-4]))\.\w+"
    ),
    describe=_describe,
    class_sets=CLASS_SETS,
    speakers=SPEAKERS,
    blocks=BLOCKS,
    suffixes=(".wav", ".flac", ".mp4"),
)


def prepare_ravdess(
    data_folder,
    manifest_folder,
    fold=1,
    classes=8,
    label_source="intended",
    expect_complete=True,
    trim_silence=None,
):
    """Write the manifest of one fold of RAVDESS, unless it is current.

    As :func:`~data_prep.corpora.block_folds.prepare_clips`; fold k of six tests
    on the k-th block of actors.

    Example
    -------
    >>> from data_prep.manifests.summary import read_summary
    >>> from emoclust_lobes.synthetic import make_ravdess
    >>> folder = getfixture("tmp_path")
    >>> sizes = {"n_speakers": 3, "n_statements": 1, "n_repetitions": 1}
    >>> _ = make_ravdess(folder / "corpus", **sizes)
    >>> fold = folder / "fold_1"
    >>> prepare_ravdess(folder / "corpus", fold, expect_complete=False)
    >>> read_summary(fold)["utterances"]
    {'train': 15, 'valid': 15, 'test': 15, 'pool': 15}
    """
    prepare_clips(RAVDESS, **locals())
