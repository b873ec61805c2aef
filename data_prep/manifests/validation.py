"""What a manifest must not be: the checks made before one is written."""

import collections
import itertools
import math
import operator
import re

from data_prep.annotations.targets import Scheme
from data_prep.annotations.votes import VOTES
from data_prep.errors import ManifestError, name_some
from data_prep.manifests.manifest import SPLITS
from data_prep.recordings.paths import is_below_root

# SpeechBrain's CSV reader drops leading spaces and replaces $names; lone
# surrogates stand for bytes of a file name that are not UTF-8.
_UNFIT = re.compile(
    r"^\s|\s$|[$\0\r\n\v\f\x1c-\x1e\x85\u2028\u2029\ud800-\udfff]"
)
# What stands between a label and its number in SpeechBrain's text format
_ARROW = " => "
_RARE = (
    "Every class has to be in each split: choose another fold or number of "
    "folds, or classes that more speakers have."
)

_BY_LABEL = Scheme()
_texts = operator.attrgetter(
    *("ID", "wav", "spk_id", "session", "sentence", "emotion", "votes")
)


def check_text(corpus, utterances):
    """Refuse names that would not come back from a CSV as they went in."""
    names = {x for row in utterances for x in (row.emotion, row.spk_id)}
    arrows = sorted(name for name in names if _ARROW in name)
    if arrows:
        raise ManifestError(
            f"{corpus} has emotions or speakers with {_ARROW!r}, which no model "
            f"can keep among its labels: {name_some(arrows)}. Rename them."
        )
    unfit = [
        ascii(row.ID)
        for row in utterances
        if any(_UNFIT.search(text) for text in _texts(row))
    ]
    if unfit:
        raise ManifestError(
            f"{corpus} has names with '$', line breaks, zeros, outer spaces "
            f"or bytes that are not UTF-8: {name_some(unfit)}. Rename them."
        )


def validate(tables, classes, scheme=_BY_LABEL):
    """Refuse a manifest that would spoil an experiment.

    ``tables`` are lists of :class:`Utterance` under "train", "valid", "test"
    and "pool". A ManifestError names every duplicate ID, every utterance
    without ID, speaker or duration, with a label outside the class set or with
    audio elsewhere, every split that lacks a class or holds an utterance
    without what is learned (``scheme``), and every speaker in two splits.
    """
    problems, advice = [], []

    def refuse(split, what, culprits):
        if culprits:
            count = f" ({len(culprits):,})" if len(culprits) > 1 else ""
            problems.append(
                f"{split}.csv has {what}{count}: {name_some(culprits)}."
            )

    for split, rows in tables.items():
        ids = collections.Counter(x.ID for x in rows)
        culprits = {
            "duplicate IDs": [x for x, n in ids.items() if n > 1],
            "utterances without an ID or a speaker": [
                x.wav for x in rows if not (x.ID and x.spk_id)
            ],
            "utterances of no duration": [
                x.ID for x in rows if not 0 < x.duration < math.inf
            ],
            "paths that leave the corpus' folder": [
                x.wav for x in rows if not is_below_root(f"$data_root/{x.wav}")
            ],
            f"labels outside the class set {'/'.join(sorted(classes))}": [
                f"{x.ID} ({x.emotion})"
                for x in rows
                if x.emotion and x.emotion not in classes
            ],
            "votes that cannot be read": [
                f"{x.ID} ({x.votes})"
                for x in rows
                if x.votes and not VOTES.fullmatch(x.votes)
            ],
        }
        readable = not culprits["votes that cannot be read"]
        if split in SPLITS and readable:
            what = "unlabeled utterances"
            if scheme.target != "class":
                what = f"utterances without what {scheme.target} needs"
            culprits[what] = [x.ID for x in rows if scheme.lack(x, classes)]
        for what, names in culprits.items():
            refuse(split, what, names)
        empty = []
        if split in SPLITS and readable:
            empty = sorted(set(classes) - scheme.present(rows, classes))
        if empty:
            advice = [_RARE]
            problems.append(
                f"{split}.csv has no utterance of {', '.join(empty)}."
            )
        elif not rows:
            problems.append(f"{split}.csv has no utterance.")

    speakers = {split: {x.spk_id for x in tables[split]} for split in tables}
    # The pool is the training speakers', so those two go together.
    for one, other in itertools.combinations(
        ("train", "pool", "valid", "test"), 2
    ):
        if (one, other) == ("train", "pool"):
            continue
        shared = speakers.get(one, set()) & speakers.get(other, set())
        refuse(one, f"speakers of {other}.csv", sorted(shared))
    if problems:
        raise ManifestError("\n".join([*problems, *advice]))
