"""What the page shows: results, problems, and what the model is."""

import base64
import html

from emoclust_lobes.evaluation.selective import UNKNOWN
from emoclust_lobes.figures.style import EMOTIONS, GRAY, style_of
from emoclust_lobes.predict.segments import mean_probabilities, most_probable
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
LANES = """\
<div class="emo-lanes"><div class="emo-small">Who speaks when: a click on a \
turn plays it</div>
{lanes}
<div class="emo-small emo-ends"><span>0 s</span><span>{seconds:.0f} s</span></div>
<div class="emo-key">{key}</div></div>
"""
LANE = """\
<div class="emo-lane"><span class="emo-who">{who}</span>\
<div class="emo-turns">{turns}</div></div>"""
TURN = """\
<button type="button" class="emo-turn" data-start="{start:.3f}" \
data-end="{end:.3f}" style="left:{left:.3f}%;width:{width:.3f}%;\
background:{color}" title="{text}" aria-label="{text}"></button>"""
KEY = """\
<span><span class="emo-dot" style="background:{color}"></span>{emotion}</span>"""
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


def result_html(prediction, threshold=0.0, scale=None):
    """Show a FilePrediction, but for its path.

    Bars have the most probable class first; a longer clip has a time line or,
    where people were told apart, a lane for each. Up to the ``threshold`` of
    confidence it is too close to call. Dimensions are shown on a ``scale``.
    """
    if not prediction.windows:
        return problem_html("Nobody speaks in this clip, as far as one hears.")
    dimensions = ""
    if prediction.dimensions:
        dimensions = dimensions_html(prediction.dimensions, scale)
    chances = prediction.probabilities
    if not chances:
        return RESULT.format(
            heard="", bars="", dimensions=dimensions, timeline=""
        )
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
    if prediction.turns:
        lead = "On the whole, this sounds"
        sure = "The model is <b>{}</b> sure, on average over the clip."
        timeline = lanes_html(prediction, colors)
    elif len(prediction.windows) > 2:  # two tell hardly more than their mean
        lead = "On the whole, this sounds"
        sure = "The model is <b>{}</b> sure, on average over the clip."
        picture = base64.b64encode(timeline_svg(prediction.windows))
        timeline = TIMELINE.format(picture=picture.decode("ascii"))
    if hasattr(chances, "weights"):  # shares of listeners, not how sure it is
        sure = "About <b>{}</b> of listeners would say so."
    said, color = spoken(prediction.emotion), colors[prediction.emotion]
    if prediction.confidence <= threshold:
        lead, said, color = "The model is not sure enough", UNKNOWN, GRAY
    heard = HEARD.format(
        lead=lead,
        emotion=said,
        color=color,
        sure=sure.format(percent(prediction.confidence)),
    )
    return RESULT.format(
        heard=heard, bars=bars, dimensions=dimensions, timeline=timeline
    )


def lanes_html(prediction, colors):
    """Show the turns of a FilePrediction, a lane for each speaker."""
    begin, end = prediction.bounds
    lanes: dict[str, list] = {}
    present = {}
    for turn in prediction.turns:
        chances = mean_probabilities(turn.windows)
        emotion = most_probable(chances)
        present[emotion] = colors[emotion]
        text = (
            f"{spoken(emotion)}, {percent(chances[emotion])} sure, "
            f"{turn.start - begin:.1f} to {turn.end - begin:.1f} seconds"
        )
        lanes.setdefault(turn.speaker, []).append(
            TURN.format(
                start=turn.start,
                end=turn.end,
                left=100 * (turn.start - begin) / (end - begin),
                width=100 * (turn.end - turn.start) / (end - begin),
                color=colors[emotion],
                text=text,
            )
        )
    return LANES.format(
        lanes="\n".join(
            LANE.format(who=html.escape(who), turns="".join(turns))
            for who, turns in lanes.items()
        ),
        seconds=end - begin,
        key="\n".join(
            KEY.format(color=color, emotion=spoken(emotion))
            for emotion, color in present.items()
        ),
    )
