"""The single annotators of MSP-Podcast: ``Labels/labels_detailed.csv``.

A row is what one worker says of one segment. Releases write it in two ways, as
columns ``EmoClass_Major`` and ``EmoClass_Second`` (1.6, 2.0) or as one text::

    MSP - PODCAST_0001_0008.wav, WORKER00000013
    Happy
    Happy, Amused
    A: 5
    V: 6
    D: 4
"""

import collections
import csv

from data_prep.annotations.votes import write_votes
from data_prep.errors import ManifestError, name_some
from data_prep.manifests.tables import refuse_rows

_STYLES = ("EmoDetail",), ("EmoClass_Major", "EmoClass_Second")
_PRIMARY = dict(
    zip(
        "Angry Contempt Disgust Fear Happy Neutral Sad Surprise".split(),
        "ang con dis fea hap neu sad sur".split(),
        strict=True,
    )
)
# Those that are offered beside the others; what else is written is "other"
_SECONDARY = "Amused Annoyed Concerned Confused Depressed Disappointed Excited"
_SECONDARY += " Frustrated"


def read_msp_votes(path, secondary):
    """Count the workers' votes by file: for the emotion that they heard first.

    With ``secondary``, a worker also votes for each other that it heard.
    """
    counts: dict[str, collections.Counter[str]]
    counts = collections.defaultdict(collections.Counter)
    problems = []
    # Workers have typed what they like behind "Other-"
    with open(path, encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = csv.DictReader(file, restval="")
        found = set(rows.fieldnames or ())
        if not any({"FileName", *style} <= found for style in _STYLES):
            raise ManifestError(
                f"{path} is not MSP-Podcast's table of annotators: it has the "
                f"columns {name_some(map(str, rows.fieldnames or ()), 8)}, and "
                "should have FileName and EmoDetail, or FileName, "
                "EmoClass_Major and EmoClass_Second."
            )
        for row in rows:
            if "EmoDetail" in row:
                _, *heard = map(str.strip, row["EmoDetail"].split(";"))
                first, second = [*heard, "", ""][:2]
            else:
                first, second = row["EmoClass_Major"], row["EmoClass_Second"]
            if not first.strip():
                problems.append(f"line {rows.line_num}: no emotion")
                continue
            # A number behind A: is the activation, and no second emotion
            words = second.split(",") if ":" not in second else []
            voted = (
                {_code(x) for x in words if x.strip()} if secondary else set()
            )
            counts[row["FileName"]].update(voted | {_code(first)})
    refuse_rows(path, problems)
    return {file: write_votes(found) for file, found in counts.items()}


def _code(word):
    word = word.strip()
    offered = word in _SECONDARY.split()
    return _PRIMARY.get(word, word.lower() if offered else "other")


def refuse_mixture(path, votes, files):
    """Raise where the annotators' table is not of the same release."""
    lacking = sorted(set(files) - set(votes))
    more = sorted(set(votes) - set(files))
    if lacking or more:
        told = [
            f"{len(names):,} segments that only {table} has ({name_some(names, 3)})"
            for names, table in (
                (lacking, "the table of the consensus"),
                (more, path.name),
            )
            if names
        ]
        raise ManifestError(
            f"{path} is of another release than the consensus beside it: there "
            f"are {' and '.join(told)}. Take both from one release, or set "
            "expect_complete to False to go on with the votes that there are."
        )
