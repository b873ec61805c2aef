"""What a manifest must not be: the checks made before one is written."""

import collections
import re

from data_prep.manifest import SPLITS, ManifestError, name_some

# SpeechBrain's CSV reader drops leading spaces and replaces $names; lone
# surrogates stand for bytes of a file name that are not UTF-8.
_UNFIT = re.compile(r"^\s|\s$|[$\r\n\ud800-\udfff]")


def validate(tables, classes):
    """Refuse a manifest that would spoil an experiment.

    Arguments
    ---------
    tables : dict
        Lists of :class:`Utterance` under "train", "valid", "test" (each may
        be left out) and "pool".
    classes : collection of str
        The class set.

    Raises
    ------
    ManifestError
        Naming every duplicate ID, every utterance without duration, with a
        label outside the class set or with a value that SpeechBrain's reader
        would change, every labelled split that lacks a class or holds an
        unlabelled utterance, and every speaker in two splits.

    Example
    -------
    >>> from data_prep.manifest import Utterance
    >>> happy = Utterance(
    ...     ID="a", duration=1, wav="a.wav", spk_id="s", emotion="hap"
    ... )
    >>> validate({"test": [happy]}, ["hap", "sad"])
    Traceback (most recent call last):
    ...
    data_prep.manifest.ManifestError: test.csv has no utterance of sad.
    """
    problems = []

    def refuse(split, what, culprits):
        if culprits:
            count = f" ({len(culprits):,})" if len(culprits) > 1 else ""
            problems.append(
                f"{split}.csv has {what}{count}: {name_some(culprits)}."
            )

    for split, rows in tables.items():
        ids = collections.Counter(row.ID for row in rows)
        refuse(split, "duplicate IDs", [x for x, n in ids.items() if n > 1])
        refuse(
            split,
            "utterances of no duration",
            [row.ID for row in rows if not row.duration > 0],
        )
        refuse(
            split,
            f"labels outside the class set {'/'.join(sorted(classes))}",
            [
                f"{row.ID} ({row.emotion})"
                for row in rows
                if row.emotion and row.emotion not in classes
            ],
        )
        refuse(
            split,
            "names with a '$', a line break, outer spaces or bytes that are "
            "not UTF-8",
            [ascii(row.ID) for row in rows if any(map(_unfit, row.row()))],
        )
        if split in SPLITS:
            refuse(
                split,
                "unlabelled utterances",
                [row.ID for row in rows if not row.emotion],
            )
            empty = set(classes) - {row.emotion for row in rows}
            if empty:
                problems.append(
                    f"{split}.csv has no utterance of {name_some(sorted(empty))}."
                )
        elif not rows:
            problems.append(f"{split}.csv has no utterance.")

    speakers = {split: {x.spk_id for x in tables[split]} for split in tables}
    # The pool is the training speakers', so those two go together.
    for one, other in (
        ("train", "valid"),
        ("train", "test"),
        ("pool", "valid"),
        ("pool", "test"),
        ("valid", "test"),
    ):
        shared = speakers.get(one, set()) & speakers.get(other, set())
        refuse(one, f"speakers of {other}.csv", sorted(shared))
    if problems:
        raise ManifestError("\n".join(problems))


def _unfit(value):
    # Numbers and the $data_root that row() itself puts in front are fine.
    return bool(_UNFIT.search(str(value).removeprefix("$data_root/")))
