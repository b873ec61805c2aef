"""Votes of annotators: a count for each class, and their text in a manifest."""

import math
import re

# ang:3|hap:1
VOTES = re.compile(r"[^|]+:[1-9]\d{0,8}(\|[^|]+:[1-9]\d{0,8})*", re.ASCII)
_COUNT = re.compile(r"\d{1,9}(\.0*)?", re.ASCII)


def write_votes(counts):
    """Write votes, a dict of counts, as their text in a manifest; no counts are "".

    A ValueError where all counts are 0, or a class has | in its name.
    """
    if counts and not sum(counts.values()):
        raise ValueError(
            "the votes sum to zero: leave them empty where nobody was asked"
        )
    text = "|".join(f"{name}:{n}" for name, n in sorted(counts.items()) if n)
    if text and not VOTES.fullmatch(text):
        raise ValueError(f"{text!r} has a class with | or without a name")
    return text


def read_votes(text):
    """Read the votes of an utterance, a count by class.

    Arguments
    ---------
    text : str
        As it stands in a manifest.

    Example
    -------
    >>> read_votes("ang:3|hap:1")
    {'ang': 3, 'hap': 1}
    """
    if text and not VOTES.fullmatch(text):
        raise ValueError(f"{text!r} are no votes, such as ang:3|hap:1")
    pairs = (vote.rpartition(":") for vote in text.split("|") if vote)
    return {name: int(n) for name, _, n in pairs}


def votes_within(text, classes):
    """Read the votes for the classes of a set; others do not count."""
    return {x: n for x, n in read_votes(text).items() if x in classes}


def read_count(cell):
    """Read a number of votes in a table: 3, or 3.0; a ValueError otherwise."""
    if not _COUNT.fullmatch(cell):
        raise ValueError(f"{cell!r} is no number of votes, as 0 or 3")
    return int(float(cell))


def plurality(counts):
    """Return the class that has most votes, "" of a tie or no votes.

    Example
    -------
    >>> plurality({"ang": 3, "hap": 1}), plurality({"ang": 2, "hap": 2})
    ('ang', '')
    """
    most = max(counts.values(), default=0)
    first = [name for name, n in counts.items() if n == most > 0]
    return first[0] if len(first) == 1 else ""


def vote_entropy(counts):
    """Return how much annotators disagree: the entropy of the shares, in bits.

    Example
    -------
    >>> vote_entropy({"ang": 2, "hap": 2}), vote_entropy({"ang": 4})
    (1.0, 0.0)
    """
    total = sum(counts.values())
    shares = (n / total for n in counts.values() if n)
    return sum(share * math.log2(1 / share) for share in shares)
