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

import collections
import re

from data_prep.corpora.block_folds import prepare_block_folds
from data_prep.errors import check_choice
from data_prep.manifests.manifest import Utterance
from data_prep.manifests.preparation import Scan, check_data_folder
from data_prep.recordings.audio_files import find_files

_EMOTIONS = dict(
    zip(
        ("01", "02", "03", "04", "05", "06", "07", "08"),
        ("neu", "cal", "hap", "sad", "ang", "fea", "dis", "sur"),
        strict=True,
    )
)
CLASS_SETS = {8: tuple(sorted(_EMOTIONS.values()))}
LABEL_SOURCES = ("intended",)
# Clips of each actor in the complete corpus.
SPEAKERS = {f"Actor_{actor:02d}": 60 for actor in range(1, 25)}
BLOCKS = tuple(
    tuple(f"Actor_{actor:02d}" for actor in range(first, first + 4))
    for first in range(1, 25, 4)
)

_CLIP = re.compile(
    r"Actor_\d\d/((\d\d)-(\d\d)-(0[1-8])-\d\d-(\d\d)-\d\d-(\d\d))\.\w+"
)


def scan_ravdess(data_folder):
    """Find all spoken clips and their labels.

    Arguments
    ---------
    data_folder : pathlib.Path
        The folder of the actors' folders.

    Returns
    -------
    Scan

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> (folder / "Actor_01").mkdir()
    >>> (folder / "Actor_01" / "03-01-05-02-01-01-01.wav").touch()
    >>> scan = scan_ravdess(folder)
    >>> [(x.spk_id, x.gender, x.emotion) for x in scan.utterances]
    [('Actor_01', 'M', 'ang')]
    """
    utterances = []
    dropped: collections.Counter[str] = collections.Counter()
    for actor_folder in sorted(data_folder.glob("Actor_[0-9][0-9]")):
        for clip in find_files(actor_folder, (".wav", ".flac", ".mp4")):
            wav = f"{actor_folder.name}/{clip}"
            name = _CLIP.fullmatch(wav)
            if not name or f"Actor_{name[6]}" not in SPEAKERS:
                dropped["not a clip's name"] += 1
            elif name[2] != "03" or clip.endswith(".mp4"):
                dropped["video"] += 1
            elif name[3] != "01":
                dropped["song"] += 1
            else:
                utterances.append(
                    Utterance(
                        ID=name[1],
                        wav=wav,
                        spk_id=f"Actor_{name[6]}",
                        gender="M" if int(name[6]) % 2 else "F",
                        sentence=name[5],
                        emotion=_EMOTIONS[name[4]],
                        label_source="intended",
                    )
                )
    return Scan(utterances, collections.Counter(), dropped)


def prepare_ravdess(
    data_folder,
    manifest_folder,
    fold=1,
    classes=8,
    label_source="intended",
    expect_complete=True,
):
    """Write the manifest of one fold of RAVDESS, unless it is current.

    Arguments
    ---------
    data_folder : str or pathlib.Path
        The folder of the actors' folders.
    manifest_folder : str or pathlib.Path
        Where the manifest goes.
    fold : int
        1 to 6: the block of actors to test on.
    classes : int
        8.
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
    check_choice("classes", classes, CLASS_SETS)
    check_choice("label_source", label_source, LABEL_SOURCES)
    folder = check_data_folder("RAVDESS", data_folder, ("Actor_[0-9][0-9]",))
    scan = scan_ravdess(folder)
    prepare_block_folds(
        corpus="RAVDESS",
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
