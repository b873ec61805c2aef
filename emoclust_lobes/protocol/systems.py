"""Which systems a table or figure tells of, and in which order."""

import re

from emoclust_lobes.protocol.schema import enrolled_rank

NO_STAGE1 = "none"
CONTROL = "shuffled"
METHOD = "contrastive"
BOUND = "oracle"
# From nothing to everything.
ORDER = (
    *(NO_STAGE1, "speaker", "simclr", CONTROL, METHOD),
    *("multitask", "adversarial", "aligned", BOUND),
)
# What a system knows beside labels, of unlabeled speech.
LABELS = "labels alone"
TRAINING_SPEAKERS = "training speakers"
TEST_SPEAKERS = "test speaker"
# With the share of the exchanged; noise_augmented is a system like any other.
_NOISY = re.compile(r"noise_(\d+(?:\.\d+)?)")


def systems_of(runs, order):
    """List the systems of some runs, those with noisy clusters left out.

    Those of ``order`` come first, the others follow by name.
    """
    found = {x for x in runs["system"] if not _NOISY.fullmatch(x)}
    return [x for x in order if x in found] + sorted(found - set(order))


def noise_levels(runs):
    """Tell, for each share of the labels with a noisy system, share of noise -> system.

    Systems are called ``noise_0.25`` and the like; ``contrastive`` has no noise,
    ``shuffled`` nothing else.
    """
    ends = {METHOD: 0.0, CONTROL: 1.0}
    levels = {}
    plain = runs[runs["enrolled"] == ""]
    for share, given in plain.groupby("labels"):
        found = set(given["system"])
        matches = {x: _NOISY.fullmatch(x) for x in found}
        noisy = {x: float(match[1]) for x, match in matches.items() if match}
        if noisy:
            noisy |= {x: ends[x] for x in found & set(ends)}
            levels[share] = {
                noisy[x]: x for x in sorted(noisy, key=noisy.__getitem__)
            }
    return levels


def with_all_labels(runs):
    """Return the runs with all labels and without enrolment."""
    return runs[(runs["labels"] == 1) & (runs["enrolled"] == "")]


def with_few_labels(runs):
    """Return the runs of systems that were also given a part of the labels."""
    runs = runs[runs["enrolled"] == ""]
    given_part = set(runs.loc[runs["labels"] < 1, "system"])
    return runs[runs["system"].isin(given_part)]


def with_curves(runs):
    """Return the runs of systems that have three shares or more; all if none has."""
    shares = runs.groupby("system")["labels"].transform("nunique")
    return runs[shares >= 3] if (shares >= 3).any() else runs


def with_enrolment(runs):
    """Return the runs, by the number of clips, of systems that also enrolled some."""
    runs = runs[runs["labels"] == 1]
    given_clips = set(runs.loc[runs["enrolled"] != "", "system"])
    runs = runs[runs["system"].isin(given_clips)]
    return runs.sort_values(
        "enrolled", key=lambda x: x.map(enrolled_rank), kind="stable"
    )
