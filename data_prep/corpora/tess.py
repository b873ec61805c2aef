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

import collections
import re

from data_prep.corpora.block_folds import prepare_block_folds
from data_prep.errors import check_choice
from data_prep.manifests.manifest import Utterance
from data_prep.manifests.preparation import Scan, check_data_folder
from data_prep.recordings.audio_files import find_files

_EMOTIONS = dict(
    zip(
        ("angry", "disgust", "fear", "happy", "neutral", "sad", "ps"),
        ("ang", "dis", "fea", "hap", "neu", "sad", "sur"),
        strict=True,
    )
)
CLASS_SETS = {7: tuple(_EMOTIONS.values())}
LABEL_SOURCES = ("intended",)
# Clips of each speaker in the complete corpus.
SPEAKERS = {"OAF": 1400, "YAF": 1400}
BLOCKS = tuple((speaker,) for speaker in SPEAKERS)

_CLIP = re.compile(rf"([OY])AF?_([a-z]+)_({'|'.join(_EMOTIONS)})\.\w+")


def scan_tess(data_folder):
    """Find all clips and their labels.

    Arguments
    ---------
    data_folder : pathlib.Path
        The folder of the clips' folders.

    Returns
    -------
    Scan

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> (folder / "OAF_Fear").mkdir()
    >>> (folder / "OAF_Fear" / "OAF_back_fear.wav").touch()
    >>> scan = scan_tess(folder)
    >>> [(x.spk_id, x.sentence, x.emotion) for x in scan.utterances]
    [('OAF', 'back', 'fea')]
    """
    utterances = []
    dropped: collections.Counter[str] = collections.Counter()
    for wav in find_files(data_folder, (".wav", ".flac")):
        name = _CLIP.fullmatch(wav.rpartition("/")[2])
        if not name:
            dropped["not a clip's name"] += 1
            continue
        letter, word, emotion = name.groups()
        utterances.append(
            Utterance(
                ID=f"{letter}AF_{word}_{emotion}",
                wav=wav,
                spk_id=f"{letter}AF",
                gender="F",
                sentence=word,
                emotion=_EMOTIONS[emotion],
                label_source="intended",
            )
        )
    return Scan(utterances, collections.Counter(), dropped)


def prepare_tess(
    data_folder,
    manifest_folder,
    fold=1,
    classes=7,
    label_source="intended",
    expect_complete=True,
):
    """Write the manifest of one fold of TESS, unless it is current.

    Arguments
    ---------
    data_folder : str or pathlib.Path
        The folder of the clips' folders.
    manifest_folder : str or pathlib.Path
        Where the manifest goes.
    fold : int
        1 tests on OAF and trains on YAF, 2 the other way round.
    classes : int
        7.
    label_source : str
        "intended", the label in the clip's name.
    expect_complete : bool
        Whether anything but the complete corpus is an error.

    Raises
    ------
    ManifestError
        Saying what was found, where, and what to do.

    Example
    -------
    >>> prepare_tess("corpus", "manifest", label_source="mine")
    Traceback (most recent call last):
    ...
    data_prep.errors.ManifestError: label_source='mine' is not offered...
    """
    check_choice("classes", classes, CLASS_SETS)
    check_choice("label_source", label_source, LABEL_SOURCES)
    folder = check_data_folder("TESS", data_folder, ("OAF_*", "YAF_*"))
    prepare_block_folds(
        corpus="TESS",
        scan=scan_tess(folder),
        expected=SPEAKERS,
        blocks=BLOCKS,
        classes=CLASS_SETS[classes],
        data_folder=folder,
        manifest_folder=manifest_folder,
        fold=fold,
        expect_complete=expect_complete,
        arguments={"classes": classes, "label_source": label_source},
        development=False,
    )
