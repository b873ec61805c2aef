"""CREMA-D: 91 actors speak twelve sentences in six emotions.

Cao et al., "CREMA-D: Crowd-sourced emotional multimodal actors dataset", IEEE
Transactions on Affective Computing 5 (2014). 7,442 clips, 5.3 hours, 16 kHz;
Open Database License, at https://github.com/CheyneyComputerScience/CREMA-D (a
checkout needs Git LFS). ``data_folder`` is that checkout::

    AudioWAV/1001_DFA_ANG_XX.wav         actor, sentence, emotion, level
    AudioMP3/1001_DFA_ANG_XX.mp3         read where there is no AudioWAV
    VideoDemographics.csv                the actors' sex; optional
    processedResults/summaryTable.csv    the crowd's majorities; for their labels
    processedResults/tabulatedVotes.csv  all its votes; optional

``1076_MTI_SAD_XX`` is silent and left out, so 7,441 clips are usable, and
``1040_ITH_SAD_XX`` is called ``1040_ITH_SAD_X`` on disk. The folds are five
blocks of actors, as in EMO-SUPERB (Wu et al., 2024).

``votes`` are those of the crowd that gave the labels, and with intended labels of
those who heard the voice alone; ``intensity`` is the mean of the levels that they
chose for the emotion, from 0 to 100.
"""

import itertools
import re

from data_prep.annotations.ratings import read_rating
from data_prep.annotations.targets import Scheme
from data_prep.annotations.votes import read_count, write_votes
from data_prep.corpora.block_folds import ClipCorpus, prepare_clips
from data_prep.errors import ManifestError, check_choice
from data_prep.manifests.preparation import check_data_folder
from data_prep.manifests.tables import read_table, refuse_rows
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
# What the row numbers of the tabulated votes begin with
_ROWS = {"intended": "1", "voice": "1", "face": "2", "multimodal": "3"}
# Usable clips of each actor in the complete corpus.
SPEAKERS = {str(actor): 82 for actor in range(1001, 1092)} | {
    "1002": 81,
    "1008": 76,
    "1009": 76,
    "1019": 76,
    "1076": 80,
}
BLOCKS = tuple(
    tuple(str(actor) for actor in range(first, after))
    for first, after in itertools.pairwise((1001, 1019, 1037, 1055, 1073, 1092))
)

CONTENTS = ("AudioWAV", "AudioMP3")

_TABULATED = "processedResults/tabulatedVotes.csv"
_SILENT = "1076_MTI_SAD_XX"
_EMOTIONS = {emotion[0].upper(): emotion for emotion in CLASS_SETS[6]}


def cremad(data_folder, label_source, target="class"):
    """Describe CREMA-D with the intended labels, or those of the crowd."""
    votes = _read_votes(data_folder, label_source)
    annotations = _read_annotations(data_folder, label_source)
    crowd = "voice" if label_source == "intended" else label_source
    scheme = Scheme(target=target, votes=crowd if annotations else "")
    scheme.check("CREMA-D", f"votes, {_TABULATED},")
    genders = _read_genders(data_folder)
    has_wav = find_files(data_folder / "AudioWAV", (".wav",))

    def describe(name):
        actor, sentence, intended, level = name.groups()
        clip = f"{actor}_{sentence}_{intended}_{level.ljust(2, 'X')}"
        if clip == _SILENT:
            return "silent"
        vote = votes.get(clip, "") if votes is not None else intended[0]
        return {
            "ID": clip,
            "spk_id": actor,
            "gender": genders.get(actor, ""),
            "sentence": sentence,
            # A vote is a letter; a tie is several, as in "A:N"
            "emotion": _EMOTIONS.get(vote, ""),
            "reason": "tie" if ":" in vote else "no vote",
            **annotations.get(clip, {}),
        }

    return ClipCorpus(
        name="CREMA-D",
        contents=CONTENTS,
        folders="AudioWAV" if has_wav else "AudioMP3",
        suffixes=(".wav",) if has_wav else (".mp3",),
        clip=re.compile(
            rf"(?:.*/)?({'|'.join(SPEAKERS)})_([A-Z]{{3}})_"
            r"(ANG|DIS|FEA|HAP|NEU|SAD)_(LO|MD|HI|XX?)\.\w+"
        ),
        describe=describe,
        class_sets=CLASS_SETS,
        speakers=SPEAKERS,
        blocks=BLOCKS,
        label_source=label_source,
        scheme=scheme,
    )


def _read_annotations(data_folder, label_source):
    """Read votes and mean level by clip; nothing without the table."""
    path = data_folder / _TABULATED
    if not path.is_file():
        logger.warning("%s is not there: votes stay empty.", path)
        return {}
    columns = ("", "fileName", *"ADFHNS", "meanEmoResp")
    found, problems = {}, []
    for row in read_table("CREMA-D", path, columns):
        if not row[""].startswith(_ROWS[label_source]):
            continue
        try:
            counts = {_EMOTIONS[x]: read_count(row[x]) for x in _EMOTIONS}
            found[row["fileName"]] = {
                "votes": write_votes(counts),
                "intensity": read_rating(row["meanEmoResp"], (0, 100)),
            }
        except ValueError as error:
            problems.append(f"row {row['']}: {error}")
    refuse_rows(path, problems)
    return found


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
    target="class",
    expect_complete=True,
    trim_silence=None,
):
    """Write the manifest of one fold of CREMA-D, unless it is current.

    As :func:`~data_prep.corpora.block_folds.prepare_clips`; fold k of five tests
    on the k-th block of actors.

    Arguments
    ---------
    data_folder, manifest_folder, fold, expect_complete, trim_silence
        As there; the folder is the checkout, with ``AudioWAV`` or ``AudioMP3``.
    classes : int
        6, or 4: ang, hap, neu, sad.
    label_source : str
        "intended", or the majority of those who heard the "voice", saw the
        "face" or had both, "multimodal". Ties have no label.
    target : str
        "class", or "distribution": clips need votes instead of a label.

    Example
    -------
    >>> prepare_cremad("corpus", "manifest", label_source="mine")
    Traceback (most recent call last):
    ...
    data_prep.errors.ManifestError: label_source='mine' is not offered...
    """
    check_choice("label_source", label_source, LABEL_SOURCES)
    folder = check_data_folder("CREMA-D", data_folder, CONTENTS)
    prepare_clips(
        cremad(folder, label_source, target),
        folder,
        manifest_folder,
        fold=fold,
        classes=classes,
        label_source=label_source,
        target=target,
        expect_complete=expect_complete,
        trim_silence=trim_silence,
    )
