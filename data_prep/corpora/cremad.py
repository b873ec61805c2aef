"""CREMA-D: 91 actors speak twelve sentences in six emotions.

Cao et al., "CREMA-D: Crowd-sourced emotional multimodal actors dataset", IEEE
Transactions on Affective Computing 5 (2014). 7,442 clips, 5.3 hours, 16 kHz;
Open Database License, at https://github.com/CheyneyComputerScience/CREMA-D (a
checkout needs Git LFS). ``data_folder`` is that checkout::

    AudioWAV/1001_DFA_ANG_XX.wav       actor, sentence, emotion, level
    AudioMP3/1001_DFA_ANG_XX.mp3       read where there is no AudioWAV
    VideoDemographics.csv              the actors' sex; optional
    processedResults/summaryTable.csv  the crowd's votes; for their labels

``1076_MTI_SAD_XX`` is silent and left out, so 7,441 clips are usable, and
``1040_ITH_SAD_XX`` is called ``1040_ITH_SAD_X`` on disk. The folds are five
blocks of actors, as in EMO-SUPERB (Wu et al., 2024).
"""

import collections
import re

from data_prep.corpora.block_folds import prepare_block_folds
from data_prep.errors import ManifestError, check_choice
from data_prep.manifests.manifest import Utterance
from data_prep.manifests.preparation import Scan, check_data_folder
from data_prep.manifests.tables import read_table
from data_prep.recordings.audio_files import find_files

from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)

CLASS_SETS = {
    6: ("ang", "dis", "fea", "hap", "neu", "sad"),
    4: ("ang", "hap", "neu", "sad"),
}
# The column of the crowd's votes; the intended label is in the clip's name.
LABEL_SOURCES = {
    "intended": None,
    "voice": "VoiceVote",
    "face": "FaceVote",
    "multimodal": "MultiModalVote",
}
# Usable clips of each actor in the complete corpus.
SPEAKERS = {str(actor): 82 for actor in range(1001, 1092)} | {
    "1002": 81,
    "1008": 76,
    "1009": 76,
    "1019": 76,
    "1076": 80,
}
BLOCKS = tuple(
    tuple(str(actor) for actor in range(first, last + 1))
    for first, last in (
        (1001, 1018),
        (1019, 1036),
        (1037, 1054),
        (1055, 1072),
        (1073, 1091),
    )
)

_SILENT = "1076_MTI_SAD_XX"
_CLIP = re.compile(
    r"(\d{4})_([A-Z]{3})_(ANG|DIS|FEA|HAP|NEU|SAD)_(LO|MD|HI|XX?)"
)
_EMOTIONS = {emotion[0].upper(): emotion for emotion in CLASS_SETS[6]}


def scan_cremad(data_folder, classes, label_source):
    """Find all clips and their labels.

    Arguments
    ---------
    data_folder : pathlib.Path
        The checkout.
    classes : collection of str
        The class set.
    label_source : str
        "intended", or whose votes count.

    Returns
    -------
    Scan

    Raises
    ------
    ManifestError
        When there are no votes.

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> (folder / "AudioWAV").mkdir()
    >>> (folder / "AudioWAV" / "1001_DFA_ANG_XX.wav").touch()
    >>> scan = scan_cremad(folder, ["ang", "sad"], "intended")
    >>> [(x.spk_id, x.sentence, x.emotion) for x in scan.utterances]
    [('1001', 'DFA', 'ang')]
    """
    votes = _read_votes(data_folder, label_source)
    genders = _read_genders(data_folder)
    utterances = []
    unlabeled: collections.Counter[str] = collections.Counter()
    dropped: collections.Counter[str] = collections.Counter()
    for wav in _find_clips(data_folder):
        name = _CLIP.fullmatch(wav.rpartition("/")[2].rpartition(".")[0])
        if not name or name[1] not in SPEAKERS:
            dropped["not a clip's name"] += 1
            continue
        actor, sentence, intended, level = name.groups()
        clip = f"{actor}_{sentence}_{intended}_{level.ljust(2, 'X')}"
        if clip == _SILENT:
            dropped["silent"] += 1
            continue
        vote = votes.get(clip, "") if votes is not None else intended[0]
        emotion = _EMOTIONS.get(vote, "")
        if emotion not in classes:
            unlabeled[_why_unlabeled(vote)] += 1
            emotion = ""
        utterances.append(
            Utterance(
                ID=clip,
                wav=wav,
                spk_id=actor,
                gender=genders.get(actor, ""),
                sentence=sentence,
                emotion=emotion,
                label_source=label_source if emotion else "",
            )
        )
    return Scan(utterances, unlabeled, dropped)


def _find_clips(data_folder):
    for folder, suffix in (("AudioWAV", ".wav"), ("AudioMP3", ".mp3")):
        clips = find_files(data_folder / folder, (suffix,))
        if clips:
            return [f"{folder}/{clip}" for clip in clips]
    return []


def _why_unlabeled(vote):
    """Say why a vote such as "A:N", "F" or "" gives no label."""
    if ":" in vote:
        return "tie"
    return f"label {_EMOTIONS[vote]}" if vote in _EMOTIONS else "no vote"


def _read_votes(data_folder, label_source):
    """Read the crowd's majority votes by clip, None for intended labels."""
    column = LABEL_SOURCES[label_source]
    if column is None:
        return None
    path = data_folder / "processedResults" / "summaryTable.csv"
    if not path.is_file():
        raise ManifestError(
            f"label_source={label_source!r} needs the crowd's votes, and "
            f"{path} is not there: copy it from the CREMA-D checkout."
        )
    table = read_table("CREMA-D", path, ("FileName", column))
    return {row["FileName"]: row[column] for row in table}


def _read_genders(data_folder):
    """Read the actors' sex as F and M; unknown without the table."""
    path = data_folder / "VideoDemographics.csv"
    if not path.is_file():
        logger.warning("%s is not there: genders stay empty.", path)
        return {}
    table = read_table("CREMA-D", path, ("ActorID", "Sex"))
    return {row["ActorID"]: row["Sex"][:1] for row in table}


def prepare_cremad(
    data_folder,
    manifest_folder,
    fold=1,
    classes=6,
    label_source="intended",
    expect_complete=True,
):
    """Write the manifest of one fold of CREMA-D, unless it is current.

    Arguments
    ---------
    data_folder : str or pathlib.Path
        The checkout, with ``AudioWAV`` or ``AudioMP3``.
    manifest_folder : str or pathlib.Path
        Where the manifest goes.
    fold : int
        1 to 5: the block of actors to test on.
    classes : int
        6, or 4: ang, hap, neu, sad.
    label_source : str
        "intended", or the majority of those who heard the "voice", saw the
        "face" or had both, "multimodal". Ties have no label.
    expect_complete : bool
        Whether anything but the complete corpus is an error. If not, and a
        block has no actor, the actors that are there are cut into blocks.

    Raises
    ------
    ManifestError
        Saying what was found, where, and what to do.

    Example
    -------
    >>> prepare_cremad("corpus", "manifest", label_source="mine")
    Traceback (most recent call last):
    ...
    data_prep.errors.ManifestError: label_source='mine' is not offered...
    """
    check_choice("classes", classes, CLASS_SETS)
    check_choice("label_source", label_source, LABEL_SOURCES)
    folder = check_data_folder("CREMA-D", data_folder, ("AudioWAV", "AudioMP3"))
    scan = scan_cremad(folder, CLASS_SETS[classes], label_source)
    prepare_block_folds(
        corpus="CREMA-D",
        scan=scan,
        expected=SPEAKERS,
        blocks=BLOCKS,
        classes=CLASS_SETS[classes],
        data_folder=folder,
        manifest_folder=manifest_folder,
        fold=fold,
        expect_complete=expect_complete,
        arguments={"classes": classes, "label_source": label_source},
    )
