"""The emotions of a longer clip over time, as a picture."""

import io

from emoclust_lobes.figures.style import EMOTIONS, new_figure, style_of, styled
from emoclust_lobes.predict.segments import merge_windows, window_borders

# A name is written over a segment that has this share of the clip's length
# or more; over a shorter one it would touch its neighbors.
_NAMED = 0.09


@styled
def draw_timeline(windows):
    """Draw probabilities over time, one color an emotion.

    The colors of a moment are as high as the probabilities in the window (start,
    end, class -> probability) whose middle is nearest; together they are 1.
    """
    names = list(windows[0][2])
    styles = style_of(names)
    borders = window_borders(windows)
    length = borders[-1] - borders[0]
    figure, axes = new_figure(6.2, 2.3)
    axis = axes[0, 0]
    below = [0.0] * len(windows)
    for name in names:
        above = [
            low + chances[name]
            for low, (_, _, chances) in zip(below, windows, strict=True)
        ]
        axis.stairs(
            above,
            borders,
            baseline=below,
            fill=True,
            color=styles[name][0],
            linewidth=0,
            label=EMOTIONS.get(name, name),
        )
        below = above
    segments = merge_windows(windows)
    for segment in segments:
        if segment.end - segment.start >= _NAMED * length:
            axis.text(
                (segment.start + segment.end) / 2,
                1.03,
                EMOTIONS.get(segment.emotion, segment.emotion),
                ha="center",
                va="bottom",
                fontsize=8,
            )
    for segment in segments[1:]:
        axis.axvline(segment.start, color="white", linewidth=1.5)
    axis.set_xlim(borders[0], borders[-1])
    axis.set_ylim(0, 1)
    axis.set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    axis.set_xlabel("seconds")
    axis.grid(False)
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(
        handles[::-1],  # from top to bottom, as the colors lie
        labels[::-1],
        loc="outside right center",
        handlelength=1,
        handleheight=1,
    )
    return figure


@styled
def timeline_svg(windows):
    """Draw the time line as the bytes of an SVG, which needs no font."""
    stream = io.BytesIO()
    draw_timeline(windows).savefig(
        stream, format="svg", metadata={"Date": None}
    )
    return stream.getvalue()
