"""What a model is, in words for those who never trained one."""

import html
import pathlib

from data_prep.storage.files import read_json
from emoclust_lobes.serve.html import percent, spoken

FACTS = """\
<div class="emo-facts"><h3>About this model</h3>
{paragraphs}
</div>
"""
LIMITS = (
    "It hears how something is said, as far as it is said as in the speech it "
    "learned from. It does not know what a person feels: do not decide about "
    "people with it."
)


def model_facts(folder, classes, enrolment):
    """Tell in HTML what a model knows, how good it is, what it is not for.

    Numbers are of the folder's ``metrics.json``. The page gives a model with
    enrolment no other clips of a speaker, and tells the score without.
    """
    words = ", ".join(spoken(name) for name in classes)
    paragraphs = [f"It knows {len(classes)} emotions: {words}."]
    if not classes:
        paragraphs = ["It rates how people sound, and names no emotions."]
    metrics = read_json(pathlib.Path(folder, "metrics.json"))
    if metrics is None:
        paragraphs.append(
            "Its folder does not say what it learned from, nor how good it is."
        )
    else:
        if classes:
            paragraphs += [
                _score(metrics, len(classes), enrolment),
                _calibration(metrics["calibration"]),
            ]
        paragraphs += _annotators(metrics)
    paragraphs.append(LIMITS)
    return FACTS.format(
        paragraphs="\n".join(f"<p>{each}</p>" for each in paragraphs)
    )


def _score(metrics, n_classes, enrolment):
    uar = metrics["uar"]
    if enrolment:  # the headline's speakers were known by other clips
        uar = metrics["enrolled_uar"].get("0", uar)
    return (
        f"It learned from {html.escape(metrics['corpus'])} "
        f"({html.escape(metrics['label_source'])} labels). Tested on "
        f"{metrics['n']:,} clips of people it had not learned from, it was right in "
        f"<b>{percent(uar)}</b> of the clips of an emotion, on average over "
        f"the emotions (UAR {uar:.3f}). Guessing gives "
        f"{percent(1 / n_classes)}."
    )


def _annotators(metrics):
    """Say how near it comes to people who voted, and who rated."""
    told = []
    if "js" in metrics:
        told.append(
            "Its percentages are how many of those who listened would say so. "
            f"On average {percent(metrics['soft_accuracy'])} of them agreed "
            "with what it holds for most likely."
        )
    if "mean_ccc" in metrics:
        ratings = ", ".join(
            f"{html.escape(x)} {v:.2f}" for x, v in metrics["ccc"].items()
        )
        told.append(
            f"How well it rates, from 0 (not at all) to 1: {ratings} "
            "(concordance correlation with the mean of the listeners)."
        )
    return told


def _calibration(calibration):
    if calibration["valid"] is None:
        return (
            "How sure it says it is was not adjusted on other people's "
            "speech: take the percentages as a hint."
        )
    gap = 100 * calibration["test"]["ece_scaled"]
    return (
        "How sure it says it is was adjusted on other people's speech: "
        "&ldquo;70 % sure&rdquo; should be right about 70 times in 100. In "
        f"the test this was off by {gap:.0f} points on average."
    )
