"""Arousal, valence and dominance of a clip: a point in a plane, and numbers."""

# How calm or excited, from below, by how unpleasant or pleasant, from the left
PLANE = """\
<svg viewBox="0 0 240 220" role="img" style="width:100%;max-width:320px" \
aria-label="Valence {valence:.1f} and arousal {arousal:.1f} \
on a scale from {low:g} to {high:g}">
<rect x="40" y="10" width="180" height="180" fill="#F1F1F3"/>
<path d="M130 10V190M40 100H220" stroke="white" stroke-width="2"/>
<circle cx="{x:.1f}" cy="{y:.1f}" r="7" fill="#0072B2"/>
<g font-size="11" fill="currentColor"><text x="40" y="207">unpleasant</text>
<text x="220" y="207" text-anchor="end">pleasant</text>
<text x="36" y="190" text-anchor="end">calm</text>
<text x="36" y="20" text-anchor="end">excited</text></g>
</svg>"""
NUMBERS = """\
<div class="emo-small">{told}, on a scale from {low:g} to {high:g}</div>
"""


def dimensions_html(dimensions, scale):
    """Show ratings, dimension -> number, on a scale (lowest, highest).

    The plane is there where both arousal and valence are.
    """
    low, high = scale
    told = ", ".join(f"{name} {x:.1f}" for name, x in dimensions.items())
    text = NUMBERS.format(told=told, low=low, high=high)
    if not {"arousal", "valence"} <= dimensions.keys():
        return text
    across, up = (
        (dimensions[name] - low) / (high - low)
        for name in ("valence", "arousal")
    )
    plane = PLANE.format(
        x=40 + 180 * across,
        y=190 - 180 * up,
        low=low,
        high=high,
        valence=dimensions["valence"],
        arousal=dimensions["arousal"],
    )
    return plane + text
