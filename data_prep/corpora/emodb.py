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

import collections
import re

from data_prep.corpora.block_folds import prepare_block_folds
from data_prep.errors import check_choice
from data_prep.manifests.manifest import Utterance
from data_prep.manifests.preparation import Scan, check_data_folder
from data_prep.recordings.audio_files import find_files

CLASS_SETS = {
    7: ("ang", "bor", "dis", "fea", "hap", "neu", "sad"),
    4: ("ang", "hap", "neu", "sad"),
}
LABEL_SOURCES = ("intended",)
# Clips of each actor in the complete corpus.
SPEAKERS = dict(
    zip(
        ("03", "08", "09", "10", "11", "12", "13", "14", "15", "16"),
        (49, 58, 43, 38, 55, 35, 61, 69, 56, 71),
        strict=True,
    )
)
BLOCKS = (
    ("03", "16"),
    ("08", "15"),
    ("09", "10"),
    ("11", "13"),
    ("12", "14"),
)

_MEN = ("03", "10", "11", "12", "15")
_EMOTIONS = dict(zip("WLEAFNT", CLASS_SETS[7], strict=True))
_CLIP = re.compile(r"(\d\d)([ab]\d\d)([WLEAFNT])[a-z]")


def scan_emodb(data_folder, classes):
    """Find all clips and their labels.

    Arguments
    ---------
    data_folder : pathlib.Path
        The folder that holds ``wav``.
    classes : collection of str
        The class set.

    Returns
    -------
    Scan

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> (folder / "wav").mkdir()
    >>> (folder / "wav" / "03a01Wa.wav").touch()
    >>> scan = scan_emodb(folder, ["ang", "sad"])
    >>> [(x.spk_id, x.gender, x.emotion) for x in scan.utterances]
    [('03', 'M', 'ang')]
    """
    utterances = []
    unlabeled: collections.Counter[str] = collections.Counter()
    dropped: collections.Counter[str] = collections.Counter()
    for clip in find_files(data_folder / "wav", (".wav", ".flac")):
        name = _CLIP.fullmatch(clip.rpartition("/")[2].rpartition(".")[0])
        if not name or name[1] not in SPEAKERS:
            dropped["not a clip's name"] += 1
            continue
        emotion = _EMOTIONS[name[3]]
        if emotion not in classes:
            unlabeled[f"label {emotion}"] += 1
            emotion = ""
        utterances.append(
            Utterance(
                ID=name[0],
                wav=f"wav/{clip}",
                spk_id=name[1],
                gender="M" if name[1] in _MEN else "F",
                sentence=name[2],
                emotion=emotion,
                label_source="intended" if emotion else "",
            )
        )
    return Scan(utterances, unlabeled, dropped)


def prepare_emodb(
    data_folder,
    manifest_folder,
    fold=1,
    classes=7,
    label_source="intended",
    expect_complete=True,
):
    """Write the manifest of one fold of EMO-DB, unless it is current.

    Arguments
    ---------
    data_folder : str or pathlib.Path
        The folder that holds ``wav``.
    manifest_folder : str or pathlib.Path
        Where the manifest goes.
    fold : int
        1 to 5: the block of actors to test on.
    classes : int
        7, or 4: ang, hap, neu, sad.
    label_source : str
        "intended", the label in the clip's name.
    expect_complete : bool
        Whether anything but the complete corpus is an error. If not, and a
        block has no actor, the actors that are there are cut into blocks.

    Raises
    ------
    ManifestError
        Saying what was found, where, and what to do.

    Example
    -------
    >>> prepare_emodb("corpus", "manifest", label_source="mine")
    Traceback (most recent call last):
    ...
    data_prep.errors.ManifestError: label_source='mine' is not offered...
    """
    check_choice("classes", classes, CLASS_SETS)
    check_choice("label_source", label_source, LABEL_SOURCES)
    folder = check_data_folder("EMO-DB", data_folder, ("wav",))
    prepare_block_folds(
        corpus="EMO-DB",
        scan=scan_emodb(folder, CLASS_SETS[classes]),
        expected=SPEAKERS,
        blocks=BLOCKS,
        classes=CLASS_SETS[classes],
        data_folder=folder,
        manifest_folder=manifest_folder,
        fold=fold,
        expect_complete=expect_complete,
        arguments={"classes": classes, "label_source": label_source},
    )
