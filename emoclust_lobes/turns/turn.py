"""Who speaks from when to when."""

import itertools
from typing import NamedTuple


class Turn(NamedTuple):
    """A stretch of speech, in seconds, and who speaks, where that is known."""

    start: float
    end: float
    speaker: str = ""


def pauses(turns, start, end):
    """List the stretches (start, end) of a recording in which is no turn."""
    found = []
    for turn in sorted(turns):
        if turn.start > start:
            found.append((start, turn.start))
        start = max(start, turn.end)
    return [*found, (start, end)] if end > start else found


def overlapping(turns):
    """Return the first two turns of one speaker that overlap, or None."""
    by_speaker = sorted(turns, key=lambda each: (each.speaker, each.start))
    for left, right in itertools.pairwise(by_speaker):
        if left.speaker == right.speaker and right.start < left.end:
            return left, right
    return None
