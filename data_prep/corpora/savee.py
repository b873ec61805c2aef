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

import collections
import re

from data_prep.corpora.block_folds import prepare_block_folds
from data_prep.errors import check_choice
from data_prep.manifests.manifest import Utterance
from data_prep.manifests.preparation import Scan, check_data_folder
from data_prep.recordings.audio_files import find_files

_EMOTIONS = dict(
    zip(
        ("a", "d", "f", "h", "n", "sa", "su"),
        ("ang", "dis", "fea", "hap", "neu", "sad", "sur"),
        strict=True,
    )
)
CLASS_SETS = {7: tuple(_EMOTIONS.values())}
LABEL_SOURCES = ("intended",)
# Clips of each actor in the complete corpus.
SPEAKERS = {"DC": 120, "JE": 120, "JK": 120, "KL": 120}
BLOCKS = tuple((speaker,) for speaker in SPEAKERS)

_CLIP = re.compile(
    rf"(?:.*/)?({'|'.join(SPEAKERS)})[/_](({'|'.join(_EMOTIONS)})\d\d)\.\w+"
)


def scan_savee(data_folder):
    """Find all clips and their labels.

    Arguments
    ---------
    data_folder : pathlib.Path
        The folder of the actors' folders or of all clips.

    Returns
    -------
    Scan

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> (folder / "DC").mkdir()
    >>> (folder / "DC" / "sa01.wav").touch()
    >>> [(x.spk_id, x.emotion) for x in scan_savee(folder).utterances]
    [('DC', 'sad')]
    """
    utterances = []
    dropped: collections.Counter[str] = collections.Counter()
    for wav in find_files(data_folder, (".wav", ".flac")):
        name = _CLIP.fullmatch(wav)
        if not name:
            dropped["not a clip's name"] += 1
            continue
        utterances.append(
            Utterance(
                ID=f"{name[1]}_{name[2]}",
                wav=wav,
                spk_id=name[1],
                gender="M",
                emotion=_EMOTIONS[name[3]],
                label_source="intended",
            )
        )
    return Scan(utterances, collections.Counter(), dropped)


def prepare_savee(
    data_folder,
    manifest_folder,
    fold=1,
    classes=7,
    label_source="intended",
    expect_complete=True,
):
    """Write the manifest of one fold of SAVEE, unless it is current.

    Arguments
    ---------
    data_folder : str or pathlib.Path
        The folder of the actors' folders or of all clips.
    manifest_folder : str or pathlib.Path
        Where the manifest goes.
    fold : int
        1 to 4: the actor to test on.
    classes : int
        7.
    label_source : str
        "intended", the label in the clip's name.
    expect_complete : bool
        Whether anything but the complete corpus is an error. If not, the
        folds are made of the actors that are there, at least three.

    Raises
    ------
    ManifestError
        Saying what was found, where, and what to do.

    Example
    -------
    >>> prepare_savee("corpus", "manifest", label_source="mine")
    Traceback (most recent call last):
    ...
    data_prep.errors.ManifestError: label_source='mine' is not offered...
    """
    check_choice("classes", classes, CLASS_SETS)
    check_choice("label_source", label_source, LABEL_SOURCES)
    folder = check_data_folder(
        "SAVEE", data_folder, (*SPEAKERS, "ALL", "DC_*", "JE_*", "JK_*", "KL_*")
    )
    prepare_block_folds(
        corpus="SAVEE",
        scan=scan_savee(folder),
        expected=SPEAKERS,
        blocks=BLOCKS,
        classes=CLASS_SETS[classes],
        data_folder=folder,
        manifest_folder=manifest_folder,
        fold=fold,
        expect_complete=expect_complete,
        arguments={"classes": classes, "label_source": label_source},
    )
