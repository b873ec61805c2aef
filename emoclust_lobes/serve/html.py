"""What the page shows: results, problems, and what the model is."""

import base64
import html

from emoclust_lobes.figures.style import EMOTIONS, style_of
from emoclust_lobes.serve.timeline import timeline_svg

WELCOME = """\
<div class="emo-empty">The emotion that is heard in the clip appears here.</div>
"""
RESULT = """\
<div class="emo-result" aria-live="polite">
<div class="emo-small">{heard}</div>
<div class="emo-word">
<span class="emo-dot" style="background:{color}"></span>{emotion}</div>
<div class="emo-sure">{sure}</div>
<audio class="emo-clip" controls></audio>
<table class="emo-bars">
{bars}
</table>
{timeline}
</div>
"""
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
    """Write a share as it is said.

    Arguments
    ---------
    share : float
        From 0 to 1.

    Returns
    -------
    str

    Example
    -------
    >>> percent(0.714), percent(0.002), percent(0.9999)
    ('71 %', 'under 1 %', 'over 99 %')
    """
    if 0 < share < 0.01:
        return "under 1 %"
    if 0.99 < share < 1:
        return "over 99 %"
    return f"{100 * share:.0f} %"


def spoken(code):
    """Return the word for an emotion code, safe to stand in HTML.

    Arguments
    ---------
    code : str
        Such as ``"ang"``; one that is not known stands for itself.

    Returns
    -------
    str

    Example
    -------
    >>> spoken("ang"), spoken("<x>")
    ('angry', '&lt;x&gt;')
    """
    return html.escape(EMOTIONS.get(code, code))


def problem_html(sentence):
    """Show what is wrong with a clip.

    Arguments
    ---------
    sentence : str
        Plain text.

    Returns
    -------
    str

    Example
    -------
    >>> print(problem_html("<b> is no clip."), end="")
    <div class="emo-problem" role="alert">&lt;b&gt; is no clip.</div>
    """
    return PROBLEM.format(sentence=html.escape(sentence))


def result_html(prediction):
    """Show what is heard in a clip.

    Arguments
    ---------
    prediction : emoclust_lobes.predict.FilePrediction
        Of the clip; its path is not shown.

    Returns
    -------
    str
        The emotion, how sure the model is, a bar per class, the most probable
        first, an empty player, and the time line of a longer clip.

    Example
    -------
    >>> from emoclust_lobes.predict.predictor import FilePrediction
    >>> chances = {"ang": 0.9, "sad": 0.1}
    >>> heard = [(0.0, 1.0, chances)]
    >>> prediction = FilePrediction("a.wav", "ang", 0.9, chances, 1.0, heard)
    >>> "ang" in result_html(prediction)
    True
    """
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
    heard, sure, timeline = "This sounds", "The model is <b>{}</b> sure.", ""
    if len(prediction.windows) > 2:  # two tell hardly more than their mean
        heard = "On the whole, this sounds"
        sure = "The model is <b>{}</b> sure, on average over the clip."
        picture = base64.b64encode(timeline_svg(prediction.windows))
        timeline = TIMELINE.format(picture=picture.decode("ascii"))
    return RESULT.format(
        heard=heard,
        emotion=spoken(prediction.emotion),
        color=colors[prediction.emotion],
        sure=sure.format(percent(prediction.confidence)),
        bars=bars,
        timeline=timeline,
    )
