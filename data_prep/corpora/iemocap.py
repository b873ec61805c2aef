"""IEMOCAP: ten actors in five dyadic sessions, acted and improvised.

Busso et al., "IEMOCAP: interactive emotional dyadic motion capture database",
Language Resources and Evaluation 42 (2008). About 12 hours, 10,039 turns, 16
kHz; research license of the University of Southern California, on request at
https://sail.usc.edu/iemocap/. ``data_folder`` is ``IEMOCAP_full_release``::

    Session1 / dialog / EmoEvaluation / Ses01F_impro01.txt
    Session1 / sentences / wav / Ses01F_impro01 / Ses01F_impro01_F000.wav

The task with four classes, where ``exc`` counts as ``hap``, has 5,531
utterances: neu 1,708, hap 1,636, ang 1,103, sad 1,084.

In a turn's name the letter after the session is the actor who wore the
markers; who speaks is the letter of the last field: ``Ses03M_impro05a_F017``
is spoken by ``Ses03F``. The column ``sentence`` stays empty: turns of scripted
dialogues repeat the same lines, but the release does not say which.

``votes`` are the annotators' categories, one vote for each that one of them
chose; what the actors say of themselves (``C-F1``) does not count. ``valence``,
``arousal`` and ``dominance`` are the annotators' means, from 1 to 5.
"""

import collections
import dataclasses
import os
import re
from typing import NamedTuple

from data_prep.annotations.ratings import DIMENSIONS, read_rating
from data_prep.annotations.targets import Scheme
from data_prep.annotations.votes import write_votes
from data_prep.errors import ManifestError, check_choice, name_some
from data_prep.manifests.folds import SESSIONS, iemocap_fold
from data_prep.manifests.preparation import (
    check_data_folder,
    count_missing,
    label_utterances,
    prepare_manifest,
)
from data_prep.recordings.audio_files import find_files

from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)

CLASS_SETS = {4: ("ang", "hap", "neu", "sad")}
LABEL_SOURCES = ("majority",)

# Utterances of the four classes in the complete release.
_COUNTS = (528, 557, 481, 542, 522, 629, 528, 503, 590, 651)
SPEAKERS = dict(zip(sum(SESSIONS, ()), _COUNTS, strict=True))

_TURN = re.compile(r"Ses(\d\d)[FM]_\w+_([FM])\d+")
_LABEL = re.compile(r"\[[^\]]*\]\s+(\S+)\s+(\w+)(?:\s+\[([^\]]*)\])?")
_CHOSEN = re.compile(r"C-E\d+:([^(]*)")  # the self-evaluations are C-F1, C-M1
_SCALE = (1.0, 5.0)
_ORDER = ("valence", "arousal", "dominance")  # behind a label
_MERGED = {"exc": "hap"}
_WORDS = {
    **{"Anger": "ang", "Disgust": "dis", "Excited": "hap", "Fear": "fea"},
    **{"Frustration": "fru", "Happiness": "hap", "Neutral": "neu"},
    **{"Neutral state": "neu", "Other": "oth", "Sadness": "sad"},
    **{"Surprise": "sur"},
}
_SCHEME = Scheme(votes="annotators", dimensions=DIMENSIONS, scale=_SCALE)


class _Turn(NamedTuple):
    label: str = "none"
    votes: str = ""
    ratings: dict = {}


def scan_iemocap(data_folder, classes, expect_complete, scheme=_SCHEME):
    """Find all turns and the emotion that most annotators heard.

    A label without audio is kept, to be complained about, in what should be
    complete, and counted as dropped otherwise.
    """
    rows: list = []
    problems: list[str] = []
    off: list[str] = []
    for number in range(1, 6):
        place = f"Session{number}/dialog/EmoEvaluation"
        labels, unread = _read_labels(data_folder / place, off)
        problems += [f"{place}/{line}" for line in unread]
        folder = f"Session{number}/sentences/wav"
        turns = [
            (os.path.basename(wav).removesuffix(".wav"), f"{folder}/{wav}")
            for wav in find_files(data_folder / folder, (".wav",))
        ]
        if expect_complete:
            dialogues = {
                x.rpartition("_")[0] for x, _ in turns if _TURN.fullmatch(x)
            }
            problems += [
                f"{place}/{dialogue}.txt: No such file"
                for dialogue in sorted(dialogues)
                if not (data_folder / place / f"{dialogue}.txt").is_file()
            ]
        for turn in labels.keys() - {turn for turn, _ in turns}:
            dialogue = turn.rpartition("_")[0]
            if expect_complete:
                turns.append((turn, f"{folder}/{dialogue}/{turn}.wav"))
            else:
                rows.append("no audio file")
        for turn, wav in turns:
            name = _TURN.fullmatch(turn)
            if not name:
                rows.append("not a turn's name")
                continue
            said = labels.get(turn, _Turn())
            rows.append(
                {
                    "ID": turn,
                    "wav": wav,
                    "spk_id": f"Ses{name[1]}{name[2]}",
                    "gender": name[2],
                    "session": str(int(name[1])),
                    "emotion": _MERGED.get(said.label, said.label),
                    "votes": said.votes,
                    **said.ratings,
                }
            )
    if problems:
        raise ManifestError(
            f"IEMOCAP in {data_folder} has {len(problems):,} labels that "
            f"cannot be read: {name_some(problems)}. Copy those files again."
        )
    if off:
        logger.warning(
            "IEMOCAP in %s has %d ratings off their scale, which count as none: %s",
            data_folder,
            len(off),
            name_some(off, 5),
        )
    return label_utterances(rows, classes, "majority", scheme)


def _read_labels(folder, off):
    """Read what is said of each turn; subfolders hold single annotators'.

    Ratings that are none are named in ``off``; lines that are no label, but begin so,
    come second.
    """
    turns: dict[str, _Turn] = {}
    unread = []
    for path in sorted(folder.glob("*.txt")):
        # macOS left its own ._Ses01F_impro01.txt in the release.
        if path.name.startswith("."):
            continue
        turn, counts = "", collections.Counter[str]()
        text = path.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.split("\n"), start=1):
            place = f"{path.name}, line {number}: {line[:60]!r}"
            found, chosen = _LABEL.match(line), _CHOSEN.match(line)
            if found:
                turn, counts = found[1], collections.Counter()
                ratings = _read_ratings(found[3] or "", turn, off)
                turns[turn] = _Turn(label=found[2], ratings=ratings)
            elif chosen and turn:
                words = [x.strip() for x in chosen[1].split(";") if x.strip()]
                if not set(words) <= set(_WORDS):
                    unread.append(place)
                    continue
                counts.update({_WORDS[word] for word in words})
                votes = write_votes(counts)
                turns[turn] = turns[turn]._replace(votes=votes)
            elif line.startswith("["):
                unread.append(place)
    return turns, unread


def _read_ratings(text, turn, off):
    """Read what stands behind a label: "2.5000, 3.0000, 4.0000"."""
    ratings = {}
    for name, cell in zip(_ORDER, text.split(",")):
        try:
            ratings[name] = read_rating(cell.strip(), _SCALE)
        except ValueError as error:
            off.append(f"{turn}, {name} ({error})")
    return ratings


def prepare_iemocap(
    data_folder,
    manifest_folder,
    fold=1,
    classes=4,
    label_source="majority",
    protocol="sessions",
    target="class",
    expect_complete=True,
    trim_silence=None,
):
    """Write the manifest of one fold of IEMOCAP, unless it is current.

    Arguments
    ---------
    data_folder, manifest_folder, fold, classes, label_source, expect_complete
        As for :func:`~data_prep.corpora.block_folds.prepare_clips`, and
        ``trim_silence``.
    protocol : str
        "sessions" or "sessions-nodev", of 5 folds, or "speakers", of 10: see
        :func:`data_prep.manifests.folds.iemocap_fold`.
    target : str
        "class", "distribution", "dimensions" or "both": what a turn of the splits
        has, and what is learned.

    Example
    -------
    >>> prepare_iemocap("corpus", "manifest", label_source="mine")
    Traceback (most recent call last):
    ...
    data_prep.errors.ManifestError: label_source='mine' is not offered...
    """
    check_choice("classes", classes, CLASS_SETS)
    check_choice("label_source", label_source, LABEL_SOURCES)
    speakers = iemocap_fold(protocol, fold)
    folder = check_data_folder("IEMOCAP", data_folder, ("Session[1-5]",))
    scheme = dataclasses.replace(_SCHEME, target=target)
    scheme.check("IEMOCAP")
    scan = scan_iemocap(folder, CLASS_SETS[classes], expect_complete, scheme)
    labeled = [u for u in scan.utterances if u.emotion]
    missing = count_missing("IEMOCAP", SPEAKERS, labeled, expect_complete)
    prepare_manifest(
        corpus="IEMOCAP",
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
                "protocol": protocol,
                "target": target,
                "expect_complete": expect_complete,
                "trim_silence": trim_silence,
            },
            "folds": 10 if protocol == "speakers" else 5,
            "missing": missing,
        },
        scheme=scheme,
    )
