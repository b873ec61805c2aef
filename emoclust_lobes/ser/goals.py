"""What stage 2 learns: a class, a distribution over annotators, dimensions."""

import dataclasses

import numpy as np
import torch
from data_prep.annotations.arrays import ratings, vote_counts
from data_prep.errors import check_choice
from emoclust_lobes.evaluation.distributions import plurality_places

# The number of the development speakers that chooses the epoch
CHOICES = {
    "class": {"max_key": "uar"},
    "distribution": {"min_key": "js"},
    "dimensions": {"max_key": "mean_ccc"},
    "both": {"max_key": "joint"},
}


@dataclasses.dataclass(frozen=True)
class Goal:
    """What is learned, and how the annotators' votes become that.

    The votes ``n_c`` for ``K`` classes, ``n`` in all, are learned as the
    distribution ``(n_c + s / K) / (n + s)`` with ``s = vote_smoothing``. Its
    cross-entropy weighs ``n ** annotator_power``, divided by the mean of that
    over the training utterances: 1 is the likelihood of the votes, where who is
    heard by more annotators counts more, 0 counts utterances alike.

    Where the loss weighs classes (``class_balance``), a classifier learns
    ``w_c`` times the annotators' distribution, normalized. Its first class is
    the prediction, as with labels; the distribution is what it says divided by
    ``w_c``, normalized.

    Arguments
    ---------
    target : str
        "class", "distribution", "dimensions", or "both" of the last two.
    vote_smoothing : float
        So many votes, spread evenly over the classes, are added to those of an
        utterance.
    annotator_power : float
        See above.
    classes, dimensions : sequence of str
        What the corpus has, and its class set.
    scale : sequence of float
        Of the dimensions.

    Example
    -------
    >>> goal = Goal(target="distribution", classes=("ang", "sad"))
    >>> goal.distributions(np.array([[3.0, 1.0]])).tolist()
    [[0.7222222222222222, 0.2777777777777778]]
    """

    target: str = "class"
    vote_smoothing: float = 0.5
    annotator_power: float = 0.5
    classes: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    scale: tuple[float, ...] = ()

    def __post_init__(self):
        check_choice("target", self.target, CHOICES)

    def of(self, summary):
        """Return the goal for the corpus of a ``manifest.json``."""
        told = summary.get("annotations") or {}
        rated = self.has_ratings
        return dataclasses.replace(
            self,
            classes=tuple(summary["classes"]),
            dimensions=tuple(told["dimensions"]) if rated else (),
            scale=tuple(told["scale"]) if rated else (),
        )

    @property
    def has_classes(self):
        """Whether there is a classifier."""
        return self.target != "dimensions"

    @property
    def has_votes(self):
        """Whether the classifier learns votes."""
        return self.target in ("distribution", "both")

    @property
    def has_ratings(self):
        """Whether dimensions are learned."""
        return self.target in ("dimensions", "both")

    def told(self, row):
        """Take from the row of an epoch what results tell of it."""
        names = {
            "valid_uar": self.has_classes,
            "valid_js": self.has_votes,
            "valid_mean_ccc": self.has_ratings,
        }
        return {name: row.get(name) for name, has in names.items() if has}

    def describe(self, class_weights):
        """Say what a run's results tell of it, beside the classes."""
        if self.target == "class":
            return {}
        told: dict = {"target": self.target}
        if class_weights is not None:
            told["class_weights"] = class_weights.tolist()
        if self.has_ratings:
            told |= {
                "dimensions": list(self.dimensions),
                "scale": list(self.scale),
            }
        return told

    @property
    def choice(self):
        """Which number chooses the epoch, as SpeechBrain's Brain takes it."""
        return CHOICES[self.target]

    def modules(self, modules, dimensions_head):
        """Take the heads of this goal: there may be no classifier."""
        modules = dict(modules)
        if self.has_ratings:
            modules["dimensions"] = dimensions_head(
                names=list(self.dimensions), scale=list(self.scale)
            )
        if not self.has_classes:
            del modules["classifier"]
        return modules

    def counts(self, table):
        """Count the votes of each row of a table, [rows, classes]."""
        return vote_counts(table["votes"], self.classes)

    def truth(self, table):
        """Return the place of each row's class, -1 where there is none.

        With votes it is that of the plurality.
        """
        if self.has_votes:
            counts = self.counts(table)
            return plurality_places(counts)
        place = {name: n for n, name in enumerate(self.classes)}
        if self.target == "dimensions":
            place |= {"": -1}
        return table["emotion"].map(place.__getitem__)

    def distributions(self, counts):
        """Smooth votes [n, classes] into distributions."""
        counts = np.asarray(counts) + self.vote_smoothing / counts.shape[1]
        return counts / counts.sum(axis=1, keepdims=True)

    def shares(self, train):
        """Return how much each row is of each class, [rows, classes].

        Of dimensions alone there are no classes.
        """
        if self.has_votes:
            counts = self.counts(train)
            return counts / counts.sum(axis=1, keepdims=True)
        if self.target == "dimensions":
            return np.zeros((len(train), 0))
        return (
            train["emotion"].to_numpy()[:, None] == np.array(self.classes)
        ).astype(float)

    def learned(self, train, device):
        """Return what the rows of a training table are to be, as tensors.

        By the number ``row``: ``distributions`` [rows, classes], ``weights``
        [rows] and ``ratings`` [rows, dimensions], those that are learned.
        """
        utterances = train.drop_duplicates("row").sort_values("row")
        found = {}
        if self.has_votes:
            counts = self.counts(utterances)
            weights = counts.sum(axis=1) ** self.annotator_power
            found["distributions"] = self.distributions(counts)
            found["weights"] = weights / weights.mean()
        if self.has_ratings:
            found["ratings"] = ratings(utterances, self.dimensions)
        return {
            name: torch.tensor(x, dtype=torch.float32, device=device)
            for name, x in found.items()
        }

    def annotations(self, table, ids) -> dict | None:
        """Return what utterances are scored by, beside the class."""
        if self.target == "class":
            return None
        rows = table.set_index("ID").loc[ids]
        found = {"votes": rows["votes"].tolist()} if self.has_votes else {}
        numbers = ratings(rows, self.dimensions)
        return found | dict(zip(self.dimensions, numbers.T, strict=True))
