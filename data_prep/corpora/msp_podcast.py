"""MSP-Podcast: spontaneous speech of podcasts, annotated by a crowd.

Lotfian and Busso, "Building naturalistic emotionally balanced speech corpus by
retrieving emotional speech from existing podcast recordings", IEEE
Transactions on Affective Computing 10 (2019). It grows from release to
release; 16 kHz; academic license, on request from the MSP lab (University of
Texas at Dallas). ``data_folder`` holds::

    Labels/labels_consensus.csv           FileName, EmoClass, SpkrID, Gender,
                                          Split_Set and others
    Labels/labels_detailed.csv            what each annotator says; optional
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

``votes`` are those of the annotators (:mod:`data_prep.corpora.msp_votes`), and
``arousal``, ``valence``, ``dominance`` their means, EmoAct, EmoVal and EmoDom, from
1 to 7.
"""

import dataclasses

from data_prep.annotations.ratings import read_rating
from data_prep.annotations.targets import Scheme
from data_prep.corpora.msp_votes import read_msp_votes, refuse_mixture
from data_prep.errors import ManifestError, check_choice, name_some
from data_prep.manifests.folds import check_fold
from data_prep.manifests.preparation import (
    check_data_folder,
    label_utterances,
    prepare_manifest,
)
from data_prep.manifests.tables import read_table, refuse_rows
from data_prep.recordings.audio_files import find_files

_CLASSES = "ang con dis fea hap neu sad sur"
_EMOTIONS = dict(zip("ACDFHNSU", _CLASSES.split(), strict=True))
_NO_EMOTION = {"O": "other", "X": "no agreement"}
CLASS_SETS = {8: tuple(_EMOTIONS.values()), 4: ("ang", "hap", "neu", "sad")}
LABEL_SOURCES = ("plurality",)
TEST_SETS = ("Test1", "Test2")

_COLUMNS = ("FileName", "EmoClass", "SpkrID", "Gender", "Split_Set")
# Older releases spell the table's name in another way.
_TABLE = "Labels/labels_con[sc]ensus.csv"
_DETAILED = "Labels/labels_detailed.csv"
_UNKNOWN = "unknown"
_RATINGS = {"arousal": "EmoAct", "valence": "EmoVal", "dominance": "EmoDom"}
_SCALE = (1.0, 7.0)


def scan_msp_podcast(
    data_folder, classes, test_set, expect_complete, scheme, secondary_votes
):
    """Find all segments of known speakers, and the speakers of each split.

    The ``scheme`` comes last, with the annotations that there are. A row without audio
    is kept, to be complained about, in what should be complete, and dropped otherwise.
    """
    rows, rated, problems = [], {}, []
    for path in sorted(data_folder.glob(_TABLE)):
        table = read_table("MSP-Podcast", path, _COLUMNS)
        for row in table:
            try:
                rated[row["FileName"]] = _ratings(row)
            except ValueError as error:
                problems.append(f"{row['FileName']}: {error}")
        refuse_rows(path, problems)
        rows += table
    votes = {}
    if (data_folder / _DETAILED).is_file():
        votes = read_msp_votes(data_folder / _DETAILED, secondary_votes)
        if expect_complete:
            refuse_mixture(data_folder / _DETAILED, votes, rated)
    dimensions = tuple(_RATINGS) if any(map(len, rated.values())) else ()
    scheme = dataclasses.replace(
        scheme,
        votes="annotators" if votes else "",
        dimensions=dimensions,
        scale=_SCALE if dimensions else None,
    )
    scheme.check("MSP-Podcast", f"votes, {_DETAILED},")
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
                    "votes": votes.get(wav, ""),
                    **rated[wav],
                }
            )
    unlisted = clips - {row["FileName"] for row in rows}
    found += ["not in the table"] * len(unlisted)
    scan = label_utterances(found, classes, "plurality", scheme)
    names = sorted({utterance.spk_id for utterance in scan.utterances})
    speakers = {
        split: tuple(name for name in names if place_of[name] == part)
        for part, split in splits.items()
    }
    return scan, speakers, scheme


def _ratings(row):
    """Read what annotators say on average; older releases may not tell."""
    return {
        name: read_rating(row[column], _SCALE)
        for name, column in _RATINGS.items()
        if row.get(column)
    }


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
    target="class",
    secondary_votes=False,
    expect_complete=True,
    trim_silence=None,
):
    """Write the manifest of MSP-Podcast, unless it is current.

    Arguments
    ---------
    data_folder, manifest_folder, fold, label_source, trim_silence
        As for :func:`~data_prep.corpora.block_folds.prepare_clips`; there is one fold.
    classes : int
        4: ang, hap, neu, sad; or 8.
    test_set : str
        "Test1" or "Test2".
    target : str
        "class", "distribution", "dimensions" or "both": what a segment of the
        splits has, and what is learned.
    secondary_votes : bool
        Whether an annotator votes for each emotion heard beside the first, too.
    expect_complete : bool
        Whether a row of the table without its audio is an error, and whether
        segments without annotators are, or annotators of other segments.

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
    scan, speakers, scheme = scan_msp_podcast(
        folder,
        CLASS_SETS[classes],
        test_set,
        expect_complete,
        Scheme(target=target),
        secondary_votes,
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
                "target": target,
                "secondary_votes": secondary_votes,
                "expect_complete": expect_complete,
                "trim_silence": trim_silence,
            },
            "folds": 1,
        },
        scheme=scheme,
    )
