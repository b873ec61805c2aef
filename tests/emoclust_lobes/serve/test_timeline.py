"""The picture of a longer clip."""

import xml.etree.ElementTree

import numpy as np
import pytest
from emoclust_lobes.serve.timeline import draw_timeline, timeline_svg
from hypothesis import (
    given,
    settings,
    strategies as st,
)

SHARES = st.lists(st.floats(0.01, 1), min_size=3, max_size=3)


def windows_of(rows, window=3.0, hop=1.5):
    """Windows with the probabilities of the rows."""
    return [
        (
            hop * i,
            hop * i + window,
            dict(zip(("ang", "neu", "x"), np.divide(row, sum(row)).tolist())),
        )
        for i, row in enumerate(rows)
    ]


@settings(max_examples=15, deadline=None)
@given(st.lists(SHARES, min_size=2, max_size=6), st.data())
def test_a_moment_shows_the_window_whose_middle_is_nearest(rows, data):
    windows = windows_of(rows)
    layers = [
        patch.get_data() for patch in draw_timeline(windows).axes[0].patches
    ]
    assert len(layers) == 3
    moment = data.draw(st.floats(0, windows[-1][1], exclude_max=True))
    distances = [abs((start + end) / 2 - moment) for start, end, _ in windows]
    nearest, second = sorted(distances)[:2]
    if second - nearest < 1e-6:  # on a border, either will do
        return
    expected = windows[int(np.argmin(distances))][2]
    height = 0.0
    for (top, borders, bottom), share in zip(layers, expected.values()):
        step = np.searchsorted(borders, moment, side="right") - 1
        assert bottom[step] == pytest.approx(height)
        height += share
        assert top[step] == pytest.approx(height)
    assert height == pytest.approx(1)


def test_segments_are_named_unless_too_short():
    rows = [[0.8, 0.1, 0.1]] * 20 + [[0.1, 0.8, 0.1]] + [[0.1, 0.1, 0.8]] * 20
    figure = draw_timeline(windows_of(rows))
    assert [text.get_text() for text in figure.axes[0].texts] == ["angry", "x"]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["x", "neutral", "angry"]


def test_svg_needs_no_font_and_no_network():
    svg = timeline_svg(windows_of([[1, 2, 3], [3, 2, 1]]))
    parts = list(xml.etree.ElementTree.fromstring(svg).iter())
    tags = {each.tag.rpartition("}")[2] for each in parts}
    assert "path" in tags
    assert not tags & {"text", "image", "script", "link"}
    for each in parts:
        for name, value in each.attrib.items():
            assert not name.endswith("href") or value.startswith("#")
