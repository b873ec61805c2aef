"""What is learned: a class, a distribution over annotators, dimensions.

``class`` is the label. ``distribution`` is the annotators' votes: utterances
without a plurality can be learned from, too. ``dimensions`` are the ratings,
``both`` are votes and ratings of the same utterances.
"""

import dataclasses

from data_prep.annotations.ratings import RATINGS, check_range
from data_prep.annotations.votes import plurality, votes_within
from data_prep.errors import ManifestError, check_choice

TARGETS = ("class", "distribution", "dimensions", "both")
_VOTES = ("distribution", "both")
_DIMENSIONS = ("dimensions", "both")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scheme:
    """What a corpus has of its annotators, and what is learned of it.

    Arguments
    ---------
    target : str
        "class", "distribution", "dimensions" or "both".
    votes : str
        Whose votes, or where they are; "" where there are none.
    dimensions : tuple of str
        Of arousal, valence and dominance those that there are.
    scale : tuple of float or None
        Their lowest and highest number.

    Example
    -------
    >>> Scheme(target="distribution", votes="voice").check("CREMA-D")
    """

    target: str = "class"
    votes: str = ""
    dimensions: tuple[str, ...] = ()
    scale: tuple[float, float] | None = None

    def check(self, corpus, votes="votes", dimensions="dimensions"):
        """Raise a ManifestError where the corpus lacks what is to be learned.

        ``votes`` and ``dimensions`` say of what it lacks where they come from.
        """
        check_choice("target", self.target, TARGETS)
        lacks: dict[str, str] = {}
        if not self.votes:
            lacks |= dict.fromkeys(_VOTES, votes)
        if not self.dimensions:
            lacks |= dict.fromkeys(_DIMENSIONS, dimensions)
        if self.target in lacks:
            offer = " or ".join(x for x in TARGETS if x not in lacks)
            raise ManifestError(
                f"{corpus} has no {lacks[self.target]} here, and target="
                f"{self.target!r} needs them: choose {offer}."
            )
        if self.target in _DIMENSIONS:
            check_range(self.scale)

    def lack(self, utterance, classes):
        """Say what keeps an utterance out of the splits; "" if nothing does."""
        if self.target == "class":
            return "" if utterance.emotion else "no label"
        if self.target in _VOTES and not votes_within(utterance.votes, classes):
            voted = bool(utterance.votes)
            return "all votes outside the class set" if voted else "no votes"
        if self.target in _DIMENSIONS and not self.has_dimensions(utterance):
            return "no dimensions"
        return ""

    def has_dimensions(self, utterance):
        """Whether an utterance has all the dimensions of its corpus."""
        return None not in [getattr(utterance, x) for x in self.dimensions]

    def present(self, utterances, classes):
        """Return the classes of a set that are there to be learned."""
        if self.target == "dimensions":
            return set(classes)
        if self.target == "class":
            return {utterance.emotion for utterance in utterances} - {""}
        voted = (votes_within(x.votes, classes) for x in utterances)
        return set().union(*voted)

    def describe(self, tables, classes):
        """Describe the annotations of a manifest for its ``manifest.json``."""
        splits = {
            split: _describe(rows, classes) for split, rows in tables.items()
        }
        return {
            "votes": self.votes,
            "dimensions": list(self.dimensions),
            "scale": self.scale and list(self.scale),
            "splits": {split: x for split, x in splits.items() if x},
        }


def _describe(rows, classes):
    """Count votes and their pluralities, and average ratings."""
    votes = [votes_within(row.votes, classes) for row in rows if row.votes]
    votes = [counts for counts in votes if counts]
    found: dict[str, dict] = {}
    if votes:
        numbers = [sum(counts.values()) for counts in votes]
        found["votes"] = {
            "utterances": len(votes),
            "mean": round(sum(numbers) / len(votes), 3),
            "without_plurality": [*map(plurality, votes)].count(""),
        }
    for name in RATINGS:
        values = [getattr(row, name) for row in rows]
        values = [value for value in values if value is not None]
        if values:
            found[name] = {
                "utterances": len(values),
                "mean": round(sum(values) / len(values), 3),
                "lowest": min(values),
                "highest": max(values),
            }
    return found
