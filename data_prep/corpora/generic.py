"""Any corpus: a table of recordings, or folders of speakers and emotions.

``data_folder`` holds either::

    SPEAKER / EMOTION / anything.wav

or a CSV file with columns for the path (wav, path or file), the speaker
(spk_id or speaker) and the ``emotion``, empty where it is not known, and
optionally session, sentence, gender, the part of the file that is meant, start
and end (seconds) or start and stop (samples), and one of

* ``fold``: 1, 2, 3, ...; all rows of a speaker have the same. In fold k those
  with k are tested on, those with the next number are for development.
* ``split``: train, valid (or dev, development) and test: there is one fold.
  Without valid the last epoch is tested.

Without these columns the speakers are dealt out to as many folds as are asked
for, so that the folds are of about one size and have about the same shares of
the classes; which speaker is where depends on the corpus alone. Speakers
without a label are in the pool of every fold.
"""

import collections
import dataclasses

from data_prep.errors import ManifestError, check_choice, name_some
from data_prep.manifests.folds import balanced_blocks, check_fold, rotation
from data_prep.manifests.manifest import Utterance
from data_prep.manifests.preparation import (
    check_data_folder,
    label_utterances,
    prepare_manifest,
)
from data_prep.manifests.tables import read_recordings
from data_prep.recordings.audio_files import find_files
from data_prep.recordings.formats import (
    AUDIO_SUFFIXES,
    RECORDINGS,
    refuse_unconverted,
    unconverted,
)

LABEL_SOURCES = ("given",)
_SPLITS = {x: x for x in ("train", "valid", "dev", "development", "test")}
_SPLITS.update(dev="valid", development="valid")


def _recordings(data_folder, table):
    """List (utterance with the emotion as written, row of the table)."""
    if table is None:
        return [(_by_place(wav), {}) for wav in _placed(data_folder)]
    path = data_folder / table
    if not path.is_file():
        raise ManifestError(
            f"There is no {path}: table is the path of a CSV file in "
            "data_folder."
        )
    recordings = read_recordings(path, data_folder)
    if recordings and "emotion" not in recordings[0][1]:
        raise ManifestError(
            f"{path} has no column emotion, but "
            f"{', '.join(recordings[0][1])}: add one, empty where the "
            "emotion is not known."
        )
    return [
        (dataclasses.replace(utterance, emotion=row["emotion"]), row)
        for utterance, row in recordings
    ]


def _placed(data_folder, suffixes=AUDIO_SUFFIXES):
    """List the files in SPEAKER/EMOTION."""
    return [x for x in find_files(data_folder, suffixes) if x.count("/") >= 2]


def _by_place(wav):
    """Make an utterance of SPEAKER/EMOTION/anything.wav."""
    speaker, emotion, _ = wav.split("/", 2)
    stem = wav.rpartition(".")[0]
    return Utterance(ID=stem, wav=wav, spk_id=speaker, emotion=emotion)


def _class_set(classes, recordings):
    """Return the emotions that are told apart."""
    if classes == "all":
        return {utterance.emotion for utterance, _ in recordings} - {""}
    if count_classes(classes) < 2:
        raise ManifestError(
            f"classes={classes!r} is no class set: give all, or a list of at "
            "least two emotions, as they are written in the corpus."
        )
    wanted = {str(emotion) for emotion in classes}
    found = {utterance.emotion for utterance, _ in recordings} - {""}
    if not wanted <= found:
        raise ManifestError(
            f"classes has {name_some(sorted(wanted - found))}, and the corpus has "
            f"{name_some(sorted(found)) or 'no emotions'}: write them as they "
            "are there. In YAML, what looks like a number or a truth value, as "
            "01 and yes do, needs quotes: classes=['01', '03']."
        )
    return wanted


def count_classes(classes):
    """Return how many emotions a list has: the size of the classifier.

    Arguments
    ---------
    classes : list of str or str
        Emotions, or "all".

    Returns
    -------
    int
        1 for "all": how many these are only the corpus knows, and preparation
        says so.

    Example
    -------
    >>> count_classes(["happy", "sad"])
    2
    """
    return 1 if isinstance(classes, str | int) else len(set(classes))


def prepare_generic(
    data_folder,
    manifest_folder,
    corpus="corpus",
    table=None,
    fold=1,
    folds=5,
    classes="all",
    n_classes=None,
    label_source="given",
    expect_complete=True,
):
    """Write the manifest of one fold of any corpus, unless it is current.

    Arguments
    ---------
    data_folder : str or pathlib.Path
        Where the corpus is, and where the paths of its table start from.
    manifest_folder : str or pathlib.Path
        Where the manifest goes.
    corpus : str
        Name of the corpus.
    table : str or None
        The CSV file, from ``data_folder``; None for ``SPEAKER/EMOTION/*``.
    fold : int
        Which fold, counted from 1.
    folds : int
        How many folds are made, at least 3; a table's column fold or split
        goes before it.
    classes : list of str or str
        Emotions as they are written, or "all"; others count as unlabeled.
    n_classes : int or None
        How many there should be, the size of a classifier that is made before
        the corpus is read; None for any number.
    label_source : str
        "given".
    expect_complete : bool
        Whether a row of the table without its audio is an error, and whether a
        recording in a format that cannot be read is.

    Raises
    ------
    ManifestError
        Saying what was found, where, and what to do.

    Example
    -------
    >>> from data_prep.manifests.summary import read_summary
    >>> from emoclust_lobes.synthetic import make_generic
    >>> folder = getfixture("tmp_path")
    >>> _ = make_generic(folder / "calls", n_speakers=3)
    >>> prepare_generic(folder / "calls", folder / "fold_1", folds=3)
    >>> read_summary(folder / "fold_1")["corpus"]
    'corpus'
    """
    check_choice("label_source", label_source, LABEL_SOURCES)
    contents = ("*/*/*",) if table is None else ("*",)
    folder = check_data_folder(corpus, data_folder, contents)
    recordings = _recordings(folder, table)
    class_set = _class_set(classes, recordings)
    if len(class_set) < 2:
        raise ManifestError(
            f"{corpus} in {folder} has {len(class_set)} emotions "
            f"({', '.join(class_set) or 'none'}): at least two are needed."
        )
    if n_classes not in (None, len(class_set)):
        raise ManifestError(
            f"{corpus} in {folder} has {len(class_set)} emotions "
            f"({name_some(sorted(class_set))}), and n_classes is {n_classes}: "
            f"set n_classes={len(class_set)}, or give some of them as a list, "
            "classes=[...]."
        )
    scan = _scan(folder, recordings, class_set, expect_complete)
    if table is None:
        unread = unconverted(_placed(folder, RECORDINGS))
        if expect_complete:
            refuse_unconverted(corpus, folder, unread)
        left_out = {
            "not in SPEAKER/EMOTION": len(find_files(folder)) - len(recordings),
            "in a format that cannot be read": len(unread),
        }
        scan.dropped.update({x: n for x, n in left_out.items() if n})
    speakers, n_folds = _speakers(corpus, scan, recordings, fold, folds)
    prepare_manifest(
        corpus=corpus,
        scan=scan,
        speakers=speakers,
        classes=class_set,
        data_folder=folder,
        manifest_folder=manifest_folder,
        details={
            "arguments": {
                "table": table,
                "fold": fold,
                "folds": folds,
                "classes": classes,
                "label_source": label_source,
                "expect_complete": expect_complete,
            },
            "folds": n_folds,
        },
    )


def _scan(folder, recordings, class_set, expect_complete):
    """Sort out what has no file, and what has no emotion of the class set."""
    rows = [
        dataclasses.asdict(utterance)
        if expect_complete or (folder / utterance.wav).is_file()
        else "no audio file"
        for utterance, _ in recordings
    ]
    return label_utterances(rows, class_set, "given")


def _speakers(corpus, scan, recordings, fold, folds):
    """Return the speakers of each split of a fold, and how many folds."""
    columns = recordings[0][1]
    if "fold" in columns and "split" in columns:
        raise ManifestError(
            f"{corpus}'s table has the columns fold and split: remove one."
        )
    if "split" in columns:
        check_fold(fold, 1)
        return _official_splits(corpus, recordings), 1
    if "fold" in columns:
        blocks = _official_blocks(corpus, recordings)
    else:
        labels = [(u.spk_id, u.emotion) for u in scan.utterances if u.emotion]
        blocks = balanced_blocks(labels, folds)
    splits = rotation(blocks, fold)
    dealt = {speaker for block in blocks for speaker in block}
    others = {u.spk_id for u in scan.utterances} - dealt
    return {**splits, "train": (*splits["train"], *sorted(others))}, len(blocks)


def _by_value(corpus, recordings, column):
    """Group the speakers by what a column says of them."""
    values = collections.defaultdict(set)
    for utterance, row in recordings:
        values[utterance.spk_id].add(row[column])
    mixed = sorted(x for x in values if len(values[x]) > 1 or "" in values[x])
    if mixed:
        raise ManifestError(
            f"{corpus}'s table does not give each speaker one {column}: see "
            f"{name_some(mixed)}. All rows of a speaker need the same."
        )
    groups = collections.defaultdict(list)
    for speaker in sorted(values):
        groups[values[speaker].pop()].append(speaker)
    return groups


def _official_splits(corpus, recordings):
    splits: dict[str, tuple] = collections.defaultdict(tuple)
    for value, names in _by_value(corpus, recordings, "split").items():
        check_choice("split", value, _SPLITS)
        splits[_SPLITS[value]] += tuple(names)
    if not {"train", "test"} <= set(splits):
        raise ManifestError(
            f"{corpus}'s table has the splits {', '.join(sorted(splits))}: "
            "train and test are needed."
        )
    return dict(splits)


def _official_blocks(corpus, recordings):
    groups = _by_value(corpus, recordings, "fold")
    numbers = [str(n) for n in range(1, len(groups) + 1)]
    if len(groups) < 3 or set(groups) != set(numbers):
        raise ManifestError(
            f"{corpus}'s table has the folds {name_some(sorted(groups))}: "
            "they should be 1, 2, 3 and so on, at least three."
        )
    return [tuple(groups[number]) for number in numbers]
