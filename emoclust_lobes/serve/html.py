"""What the page shows: results, problems, and what the model is."""

import base64
import html

from emoclust_lobes.figures.style import EMOTIONS, style_of
from emoclust_lobes.serve.plane import dimensions_html
from emoclust_lobes.serve.timeline import timeline_svg

WELCOME = """\
<div class="emo-empty">The emotion of the clip appears here.</div>
"""
RESULT = """\
<div class="emo-result" aria-live="polite">
{heard}
<audio class="emo-clip" controls></audio>
<table class="emo-bars">
{bars}
</table>
{dimensions}{timeline}
</div>
"""
HEARD = """\
<div class="emo-small">{lead}</div>
<div class="emo-word">
<span class="emo-dot" style="background:{color}"></span>{emotion}</div>
<div class="emo-sure">{sure}</div>"""
BAR = """\
<tr><th scope="row">{emotion}</th>
<td><div class="emo-track"><div class="emo-bar" \
style="width:{width:.1f}%;background:{color}"></div></div></td>
<td class="emo-number">{probability}</td></tr>"""
TIMELINE = """\
<div class="emo-time">
<div class="emo-small">Over time: the higher a color, the more likely</div>
<img alt="Probabilities of the emotions over time" \
src="data:image/svg+xml;base64,{picture}"></div>
"""
PROBLEM = """\
<div class="emo-problem" role="alert">{sentence}</div>
"""


def percent(share):
    """Write a share, from 0 to 1, as it is said."""
    if 0 < share < 0.01:
        return "under 1 %"
    if 0.99 < share < 1:
        return "over 99 %"
    return f"{100 * share:.0f} %"


def spoken(code):
    """Return the word for an emotion code, safe to stand in HTML."""
    return html.escape(EMOTIONS.get(code, code))


def problem_html(sentence):
    """Show what is wrong with a clip, in plain text."""
    return PROBLEM.format(sentence=html.escape(sentence))


def result_html(prediction, scale=None):
    """Show a FilePrediction, but for its path.

    It is the emotion, how sure the model is, a bar per class, the most probable
    first, an empty player, the dimensions, on the model's ``scale``, and the time
    line of a longer clip. Of a model of dimensions alone, these.
    """
    dimensions = ""
    if prediction.dimensions:
        dimensions = dimensions_html(prediction.dimensions, scale)
    if not prediction.probabilities:
        return RESULT.format(
            heard="", bars="", dimensions=dimensions, timeline=""
        )
    chances = prediction.probabilities
    colors = {name: style[0] for name, style in style_of(chances).items()}
    bars = "\n".join(
        BAR.format(
            emotion=spoken(name),
            width=100 * chances[name],
            color=colors[name],
            probability=percent(chances[name]),
        )
        for name in sorted(chances, key=chances.get, reverse=True)
    )
    lead, sure, timeline = "This sounds", "The model is <b>{}</b> sure.", ""
    if len(prediction.windows) > 2:  # two tell hardly more than their mean
        lead = "On the whole, this sounds"
        sure = "The model is <b>{}</b> sure, on average over the clip."
        picture = base64.b64encode(
            timeline_svg(prediction.windows, prediction.weights)
        )
        timeline = TIMELINE.format(picture=picture.decode("ascii"))
    if prediction.weights:  # what it tells is who would say so, not how sure
        sure = "About <b>{}</b> of listeners would say so."
    heard = HEARD.format(
        lead=lead,
        emotion=spoken(prediction.emotion),
        color=colors[prediction.emotion],
        sure=sure.format(percent(prediction.confidence)),
    )
    return RESULT.format(
        heard=heard, bars=bars, dimensions=dimensions, timeline=timeline
    )
