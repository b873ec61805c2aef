"""Any corpus: a table of recordings, or folders of speakers and emotions.

``data_folder`` holds either::

    SPEAKER / EMOTION / anything.wav

or a CSV file with columns for the path (wav, path or file), the speaker
(spk_id or speaker) and the ``emotion``, empty where it is not known, and
optionally session, sentence, gender, the part of the file that is meant, start
and end (seconds) or start and stop (samples), what annotators say:
``votes_angry``, ``votes_sad`` and so on, how many of them heard each emotion (the
emotion is their plurality where there is no column of it), and ``arousal``,
``valence``, ``dominance``, numbers on a ``scale``; and one of

* ``fold``: 1, 2, 3, ...; all rows of a speaker have the same. In fold k those
  with k are tested on, those with the next number are for development.
* ``split``: train, valid (or dev, development) and test: there is one fold.
  Without valid the last epoch is tested.

Without these columns the speakers are dealt out to as many folds as are asked
for, so that the folds are of about one size and have about the same shares of
the classes; which speaker is where depends on the corpus alone. Speakers
without a label are in the pool of every fold.
"""

import dataclasses

from data_prep.annotations.ratings import DIMENSIONS, check_range, read_rating
from data_prep.annotations.targets import Scheme
from data_prep.annotations.votes import (
    plurality,
    read_count,
    read_votes,
    write_votes,
)
from data_prep.corpora.table_folds import user_speakers
from data_prep.errors import ManifestError, check_choice, name_some
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
_VOTES = "votes_"


def _recordings(data_folder, table, scale):
    """List (utterance with the emotion as written, row of the table)."""
    if table is None:
        return [(_by_place(wav), {}) for wav in _placed(data_folder)]
    path = data_folder / table
    if not path.is_file():
        raise ManifestError(
            f"There is no {path}: table is the path of a CSV file in "
            "data_folder."
        )
    recordings = read_recordings(path, data_folder, lambda x: _said(x, scale))
    columns = recordings[0][1] if recordings else {"emotion": ""}
    if not any(
        x in ("emotion", *DIMENSIONS) or x.startswith(_VOTES) for x in columns
    ):
        raise ManifestError(
            f"{path} has no column emotion, but {', '.join(columns)}: add one, "
            "empty where the emotion is not known."
        )
    return recordings


def _said(row, scale):
    """Read what a row says of emotions; a ValueError tells what is wrong."""

    def read(column, reader, *arguments):
        try:
            return reader(row[column], *arguments)
        except ValueError as error:
            raise ValueError(f"{column}: {error}") from None

    votes = {
        column.removeprefix(_VOTES): read(column, read_count)
        for column in row
        if column.startswith(_VOTES) and row[column]
    }
    rated = {x: read(x, read_rating, scale) for x in DIMENSIONS if x in row}
    emotion = row["emotion"] if "emotion" in row else plurality(votes)
    return {"emotion": emotion, "votes": write_votes(votes), **rated}


def _scheme(recordings, target, scale):
    """Say what the columns of a table have of annotators."""
    columns = recordings[0][1] if recordings else {}
    return Scheme(
        target=target,
        votes="given" if any(x.startswith(_VOTES) for x in columns) else "",
        dimensions=tuple(x for x in DIMENSIONS if x in columns),
        scale=scale and tuple(scale),
    )


def _placed(data_folder, suffixes=AUDIO_SUFFIXES):
    """List the files in SPEAKER/EMOTION."""
    return [x for x in find_files(data_folder, suffixes) if x.count("/") >= 2]


def _by_place(wav):
    """Make an utterance of SPEAKER/EMOTION/anything.wav."""
    speaker, emotion, _ = wav.split("/", 2)
    stem = wav.rpartition(".")[0]
    return Utterance(ID=stem, wav=wav, spk_id=speaker, emotion=emotion)


def _class_set(classes, recordings, target):
    """Return the emotions that are told apart."""
    found = {utterance.emotion for utterance, _ in recordings} - {""}
    if target in ("distribution", "both"):
        found = found.union(*(read_votes(x.votes) for x, _ in recordings))
    if classes == "all":
        return found
    if count_classes(classes) < 2:
        raise ManifestError(
            f"classes={classes!r} is no class set: give all, or a list of at "
            "least two emotions, as they are written in the corpus."
        )
    wanted = {str(emotion) for emotion in classes}
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

    For "all" it is 1: how many these are only the corpus knows.

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
    target="class",
    scale=None,
    expect_complete=True,
    trim_silence=None,
):
    """Write the manifest of one fold of any corpus, unless it is current.

    Arguments
    ---------
    data_folder, manifest_folder, fold, label_source, trim_silence
        As for :func:`~data_prep.corpora.block_folds.prepare_clips`.
    corpus : str
        Name of the corpus.
    table : str or None
        The CSV file, from ``data_folder``; None for ``SPEAKER/EMOTION/*``.
    folds : int
        How many folds are made, at least 3; a table's column fold or split
        goes before it.
    classes : list of str or str
        Emotions as they are written, or "all"; others count as unlabeled.
    n_classes : int or None
        How many there must be: a classifier is made before; None for any number.
    target : str
        "class", "distribution", "dimensions" or "both": what is learned.
    scale : list of float or None
        The lowest and the highest number of arousal, valence and dominance.
    expect_complete : bool
        Whether missing audio, or audio in no format that is read, is an error.

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
    if scale is not None:
        check_range(scale)
    recordings = _recordings(folder, table, scale)
    scheme = _scheme(recordings, target, scale)
    scheme.check(corpus, "columns votes_EMOTION", "columns of dimensions")
    class_set = _class_set(classes, recordings, target)
    if len(class_set) < 2 and target != "dimensions":
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
    scan = _scan(folder, recordings, class_set, expect_complete, scheme)
    if table is None:
        unread = unconverted(_placed(folder, RECORDINGS))
        if expect_complete:
            refuse_unconverted(corpus, folder, unread)
        left_out = {
            "not in SPEAKER/EMOTION": len(find_files(folder)) - len(recordings),
            "in a format that cannot be read": len(unread),
        }
        scan.dropped.update({x: n for x, n in left_out.items() if n})
    learned = [u for u in scan.utterances if not scheme.lack(u, class_set)]
    speakers, n_folds = user_speakers(
        corpus, scan, learned, recordings, fold, folds
    )
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
                "target": target,
                "scale": scale,
                "expect_complete": expect_complete,
                "trim_silence": trim_silence,
            },
            "folds": n_folds,
        },
        scheme=scheme,
    )


def _scan(folder, recordings, class_set, expect_complete, scheme):
    """Sort out what has no file, and what lacks what is learned."""
    rows = [
        {**dataclasses.asdict(utterance), "reason": _reason(row)}
        if expect_complete or (folder / utterance.wav).is_file()
        else "no audio file"
        for utterance, row in recordings
    ]
    return label_utterances(rows, class_set, "given", scheme)


def _reason(row):
    """Why an utterance has no emotion: also where the table has no such column."""
    return "no label" if "emotion" in row or not row else "no plurality"
