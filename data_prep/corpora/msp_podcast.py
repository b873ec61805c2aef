"""MSP-Podcast: spontaneous speech of podcasts, annotated by a crowd.

Lotfian and Busso, "Building naturalistic emotionally balanced speech corpus by
retrieving emotional speech from existing podcast recordings", IEEE
Transactions on Affective Computing 10 (2019). It grows from release to
release; 16 kHz; academic license, on request from the MSP lab (University of
Texas at Dallas). ``data_folder`` holds::

    Labels/labels_consensus.csv           FileName, EmoClass, SpkrID, Gender,
                                          Split_Set and others
    Audios/MSP-PODCAST_0001_0008.wav      podcast, segment

EmoClass is the crowd's plurality: A anger, S sadness, H happiness, U surprise,
F fear, D disgust, C contempt, N neutral, O other, X no agreement.

There is one split, the official one. It is by utterance, and some speakers are
unknown, so two rules make it speaker-disjoint:

* Who speaks in the test set is a test speaker, then who speaks in Development
  a development speaker, then a training one. What the split puts elsewhere of
  a speaker is left out. So is the test set that is not chosen.
* Utterances of unknown speakers are left out everywhere. Nobody can prove that
  an unknown training speaker is no test speaker, and clusters inside a speaker
  need one.

``manifest.json`` counts them. A result on this part of a test set is not a
result on the official one, and should be called so.
"""

from data_prep.errors import ManifestError, check_choice, name_some
from data_prep.manifests.folds import check_fold
from data_prep.manifests.preparation import (
    check_data_folder,
    label_utterances,
    prepare_manifest,
)
from data_prep.manifests.tables import read_table
from data_prep.recordings.audio_files import find_files

_CLASSES = "ang con dis fea hap neu sad sur"
_EMOTIONS = dict(zip("ACDFHNSU", _CLASSES.split(), strict=True))
_NO_EMOTION = {"O": "other", "X": "no agreement"}
CLASS_SETS = {
    8: tuple(_EMOTIONS.values()),
    4: ("ang", "hap", "neu", "sad"),
}
LABEL_SOURCES = ("plurality",)
TEST_SETS = ("Test1", "Test2")

_COLUMNS = ("FileName", "EmoClass", "SpkrID", "Gender", "Split_Set")
# Older releases spell the table's name in another way.
_TABLE = "Labels/labels_con[sc]ensus.csv"
_UNKNOWN = "unknown"


def scan_msp_podcast(data_folder, classes, test_set, expect_complete):
    """Find all segments of known speakers, and the speakers of each split.

    A row without audio is kept, to be complained about, in what should be
    complete, and counted as dropped otherwise.
    """
    rows = []
    for path in sorted(data_folder.glob(_TABLE)):
        rows += read_table("MSP-Podcast", path, _COLUMNS)
    splits = {test_set: "test", "Development": "valid", "Train": "train"}
    place_of: dict[str, str] = {}  # a speaker's part
    for part in splits:  # the first that a speaker is in
        for row in rows:
            if row["Split_Set"] == part:
                place_of.setdefault(row["SpkrID"], part)
    clips = set(find_files(data_folder / "Audios", (".wav", ".flac")))
    found: list = []
    for row in rows:
        wav, part = row["FileName"], row["Split_Set"]
        if part not in splits:
            found.append(f"in {part}")
        elif row["SpkrID"].strip().lower() in ("", _UNKNOWN):
            found.append(f"unknown speaker, {part}")
        elif place_of[row["SpkrID"]] != part:
            found.append(f"speaker of {place_of[row['SpkrID']]}, {part}")
        elif wav not in clips and not expect_complete:
            found.append("no audio file")
        else:
            gender = {"Female": "F", "Male": "M"}.get(row["Gender"], "")
            found.append(
                {
                    "ID": wav.rpartition(".")[0],
                    "wav": f"Audios/{wav}",
                    "spk_id": row["SpkrID"],
                    "gender": gender,
                    "session": wav.rpartition("_")[0],
                    "emotion": _emotion(row),
                }
            )
    unlisted = clips - {row["FileName"] for row in rows}
    found += ["not in the table"] * len(unlisted)
    scan = label_utterances(found, classes, "plurality")
    names = sorted({utterance.spk_id for utterance in scan.utterances})
    speakers = {
        split: tuple(name for name in names if place_of[name] == part)
        for part, split in splits.items()
    }
    return scan, speakers


def _emotion(row):
    letter = row["EmoClass"]
    if letter not in {**_EMOTIONS, **_NO_EMOTION}:
        raise ManifestError(
            f"MSP-Podcast's table says EmoClass={letter!r} of "
            f"{row['FileName']}: it should be one of "
            f"{', '.join([*_EMOTIONS, *_NO_EMOTION])}."
        )
    return _EMOTIONS.get(letter) or _NO_EMOTION[letter]


def prepare_msp_podcast(
    data_folder,
    manifest_folder,
    fold=1,
    classes=4,
    label_source="plurality",
    test_set="Test1",
    expect_complete=True,
):
    """Write the manifest of MSP-Podcast, unless it is current.

    Arguments
    ---------
    data_folder : str or pathlib.Path
        The folder that holds ``Labels`` and ``Audios``.
    manifest_folder : str or pathlib.Path
        Where the manifest goes.
    fold : int
        1: there is one split.
    classes : int
        4: ang, hap, neu, sad; or 8.
    label_source : str
        "plurality", the label of the release.
    test_set : str
        "Test1" or "Test2".
    expect_complete : bool
        Whether a row of the table without its audio is an error.

    Raises
    ------
    ManifestError
        Saying what was found, where, and what to do.

    Example
    -------
    >>> prepare_msp_podcast("corpus", "manifest", label_source="mine")
    Traceback (most recent call last):
    ...
    data_prep.errors.ManifestError: label_source='mine' is not offered...
    """
    check_choice("classes", classes, CLASS_SETS)
    check_choice("label_source", label_source, LABEL_SOURCES)
    check_choice("test_set", test_set, TEST_SETS)
    check_fold(fold, 1)
    folder = check_data_folder("MSP-Podcast", data_folder, (_TABLE,))
    if not (folder / "Audios").is_dir():
        entries = sorted(entry.name for entry in folder.iterdir())
        raise ManifestError(
            f"{folder} has no folder Audios, where the recordings of MSP-Podcast "
            f"are, but {name_some(entries, 5)}: add or rename it."
        )
    scan, speakers = scan_msp_podcast(
        folder, CLASS_SETS[classes], test_set, expect_complete
    )
    for split, names in speakers.items():
        if not names:
            raise ManifestError(
                f"MSP-Podcast in {folder} leaves no known speaker for "
                f"{split}.csv with test_set={test_set!r}; left out: "
                f"{dict(scan.dropped)}. Choose another test_set, or add "
                "what is missing."
            )
    prepare_manifest(
        corpus="MSP-Podcast",
        scan=scan,
        speakers=speakers,
        classes=CLASS_SETS[classes],
        data_folder=folder,
        manifest_folder=manifest_folder,
        details={
            "arguments": {
                "fold": fold,
                "classes": classes,
                "label_source": label_source,
                "test_set": test_set,
                "expect_complete": expect_complete,
            },
            "folds": 1,
        },
    )
