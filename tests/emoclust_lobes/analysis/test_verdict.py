"""The sentence on what clusters follow, for tables made by hand."""

import pandas
import pytest
from emoclust_lobes.analysis.grid import STABILITY
from emoclust_lobes.analysis.verdict import describe_clusters_of

KIND = {"encoder": "x", "algorithm": "kmeans", "k": 3}


def table(rows, columns):
    """Rows of clusters of this kind, and one of another that is strong."""
    kind = [*KIND.values()]
    other = ["y", "kmeans", 3]
    strange = [other + list(row) for row in rows[:1]]
    return pandas.DataFrame(
        [kind + list(row) for row in rows] + strange, columns=[*KIND, *columns]
    )


def verdict(overall, speakers):
    """The sentence for (target, AMI, p, low, high) and (speaker, target, AMI)."""
    columns = ["target", "value", "p", "low", "high"]
    stable = (STABILITY, 0.99, 0.0, 0.98, 1.0)
    overall = table([*overall, stable], columns).assign(measure="ami")
    noise = overall.assign(measure="nmi", value=1.0, p=0.0)
    return describe_clusters_of(
        pandas.concat([overall, noise]),
        table(speakers, ["spk_id", "target", "ami"]),
        **KIND,
    )


EMOTION = ("emotion", 0.5, 0.001, 0.4, 0.6)
SENTENCE = ("sentence", 0.3, 0.01, None, None)
NOTHING = ("session", 0.4, 0.06, 0.1, 0.5)


def by_speaker(*differences):
    """AMI with emotion above that with the sentence by so much."""
    pairs = []
    for number, difference in enumerate(differences):
        pairs += [
            (f"s{number}", "emotion", 0.3 + difference),
            (f"s{number}", "sentence", 0.3),
        ]
    return pairs


@pytest.mark.parametrize(
    "overall, speakers, expected",
    [
        ([], [], "those of x can be compared with nothing that is known"),
        (
            [NOTHING],
            [],
            "those of x follow nothing that is known beyond chance",
        ),
        (
            [NOTHING, EMOTION],
            [],
            "those of x follow emotion most (AMI 0.50, 95 % interval 0.40 to "
            "0.60)",
        ),
        (
            [SENTENCE, EMOTION],
            by_speaker(0.1, 0.2, 0.3),
            "those of x follow emotion most (AMI 0.50, 95 % interval 0.40 to "
            "0.60), then sentence (0.30)",
        ),
        (
            [SENTENCE, EMOTION],
            by_speaker(0.3, -0.3, 0.1, -0.1),
            "those of x follow emotion (AMI 0.50, 95 % interval 0.40 to 0.60) "
            "and sentence (AMI 0.30) about equally",
        ),
        (
            # Of one speaker, nothing can be said about others.
            [SENTENCE, EMOTION],
            by_speaker(0.3),
            "those of x follow emotion (AMI 0.50, 95 % interval 0.40 to 0.60) "
            "and sentence (AMI 0.30) about equally",
        ),
    ],
)
def test_says_what_is_followed_most(overall, speakers, expected):
    assert verdict(overall, speakers) == expected
