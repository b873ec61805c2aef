"""Who trains, who validates, who tests: speaker-disjoint folds.

Folds are made of groups of speakers (sessions, blocks of actors). In fold k
group k is tested on, group k + 1 is for development and the others train, so
that over all folds each speaker is tested exactly once.
"""

import collections

import numpy
from data_prep.errors import ManifestError, check_choice

SESSIONS = tuple((f"Ses{n:02d}F", f"Ses{n:02d}M") for n in range(1, 6))
PROTOCOLS = ("sessions", "speakers", "sessions-nodev")


def rotation(groups, fold, development=True):
    """Assign groups of speakers to "train", "valid" and "test" of a fold.

    Group ``fold`` (from 1) is tested on. The next is for development or, without
    ``development``, trains.
    """
    check_fold(fold, len(groups))
    held_out = {"test": fold - 1}
    if development:
        held_out = {"valid": fold % len(groups), **held_out}
    train = [
        speaker
        for number, group in enumerate(groups)
        if number not in held_out.values()
        for speaker in group
    ]
    splits = {name: tuple(groups[n]) for name, n in held_out.items()}
    return {"train": tuple(train), **splits}


def check_fold(fold, n_folds):
    """Raise a ManifestError unless ``fold`` is an integer of 1 to n_folds."""
    if not isinstance(fold, int) or not 1 <= fold <= n_folds:
        raise ManifestError(
            f"fold={fold!r} does not exist: choose one of 1 to {n_folds}."
        )


def iemocap_fold(protocol, fold):
    """Assign IEMOCAP's ten speakers to the splits of one fold.

    "sessions": 5 folds, test session k, development session k + 1; "speakers": 10
    folds, test one speaker, development the partner of the same session;
    "sessions-nodev": 5 folds, test session k, the other four train.
    """
    check_choice("protocol", protocol, PROTOCOLS)
    if protocol != "speakers":
        return rotation(
            SESSIONS, fold, development=protocol != "sessions-nodev"
        )
    check_fold(fold, 2 * len(SESSIONS))
    session, letter = divmod(fold - 1, 2)
    pair = SESSIONS[session]
    others = [x for x in SESSIONS if x != pair]
    return {
        "train": tuple(speaker for group in others for speaker in group),
        "valid": (pair[1 - letter],),
        "test": (pair[letter],),
    }


def speaker_blocks(official, present):
    """Return the blocks that folds rotate over, and where they come from.

    These are the official blocks as long as each has a speaker; of an excerpt
    the speakers, sorted, are cut into as many of even size, at least three.
    """
    blocks = [
        tuple(sorted(set(block).intersection(present))) for block in official
    ]
    if all(blocks):
        return blocks, "official"
    speakers = sorted(present)
    n_blocks = min(len(official), len(speakers))
    if n_blocks < 3:
        raise ManifestError(
            f"Only {len(speakers)} speakers were found "
            f"({', '.join(speakers) or 'none'}): train, valid and test need "
            "at least one each."
        )
    cuts = numpy.array_split(speakers, n_blocks)
    return [tuple(block.tolist()) for block in cuts], "present speakers"


def balanced_blocks(labeled, n_blocks):
    """Deal speakers out to blocks of about one size and mixture of classes.

    ``labeled`` gives speaker and emotion of each utterance. The largest come
    first, each into the block that has least of what it brings.
    """
    if not isinstance(n_blocks, int) or n_blocks < 3:
        raise ManifestError(
            f"folds={n_blocks!r} is too few: train, valid and test need at "
            "least one block of speakers each, so give 3 or more."
        )
    counts: dict[str, collections.Counter[str]] = {}
    for speaker, emotion in labeled:
        counts.setdefault(speaker, collections.Counter())[emotion] += 1
    if len(counts) < n_blocks:
        raise ManifestError(
            f"folds={n_blocks} needs as many labeled speakers, and there are "
            f"{len(counts)}: give fewer folds, at least 3."
        )
    blocks: list[list[str]] = [[] for _ in range(n_blocks)]
    totals = [collections.Counter[str]() for _ in range(n_blocks)]

    def crowding(block, added):
        # By this much, times two and but for a constant, the sum of squares
        # of all counts grows: it is least when blocks are alike.
        held = totals[block]
        crowd = sum(held[emotion] * n for emotion, n in added.items())
        return crowd, held.total(), block

    for speaker in sorted(counts, key=lambda x: (-counts[x].total(), x)):
        added = counts[speaker]
        best = min(range(n_blocks), key=lambda block: crowding(block, added))
        blocks[best].append(speaker)
        totals[best] += added
    return [tuple(sorted(block)) for block in blocks]
