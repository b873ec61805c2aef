"""Figures, by what stands in their SVG."""

import re

import pytest
from emoclust_lobes.protocol.figures import (
    plot_confusions,
    plot_enrolment,
    plot_labels,
    plot_noise,
    plot_systems,
)

# What each picture says, and how many marks (uses of a marker) are in it.
SAID = {
    plot_systems: {"none", "a baseline", "oracle", "UAR (chance .250)"},
    plot_labels: {"contrastive", "none", "10", "50", "100"},
    plot_enrolment: {"a baseline", "without", "0", "1", "2", "10", "all"},
    plot_noise: {
        *(f"{x}100 % of the labels" for x in ("", "oracle, ", "none, ")),
        *("0", "50", "100"),
    },
}
UNSAID = {
    plot_systems: {"noise_0.5"},
    plot_labels: {"oracle", "a baseline"},
    plot_enrolment: {"contrastive"},
    plot_noise: {"a baseline"},
}


def _words(svg):
    """The texts of an SVG: matplotlib leaves them as comments."""
    return set(re.findall(r"<!-- (.*?) -->", svg.read_text()))


@pytest.mark.parametrize("plot", SAID)
def test_figures_name_what_they_show(plot, results, tmp_path):
    plot(results, tmp_path / "a")
    words = _words(tmp_path / "a.svg")
    assert SAID[plot] | {"Made-up"} <= words
    assert not UNSAID[plot] & words
    assert (tmp_path / "a.png").read_bytes()[1:4] == b"PNG"
    plot(results, tmp_path / "b")
    for ending in ("png", "svg"):
        both = [(tmp_path / f"{x}.{ending}").read_bytes() for x in "ab"]
        assert both[0] == both[1]


@pytest.mark.parametrize(
    "shares, shown", [([1.0, 0.5, 0.1], True), ([0.1], False)]
)
def test_curves_over_labels_stand_without_mere_points(
    results, tmp_path, shares, shown
):
    contrastive = results.runs["system"] == "contrastive"
    kept = ~contrastive | results.runs["labels"].isin(shares)
    plot_labels(results._replace(runs=results.runs[kept]), tmp_path / "a")
    words = _words(tmp_path / "a.svg")
    assert "none" in words
    assert ("contrastive" in words) == shown


def test_confusions_have_names_that_links_can_hold(results, tmp_path):
    paths = plot_confusions(results, tmp_path, ["none", "a baseline"])
    assert {x: y.name for x, y in paths.items()} == {
        "none": "confusion_none.png",
        "a baseline": "confusion_a_baseline.png",
    }
    assert all(path.read_bytes()[1:4] == b"PNG" for path in paths.values())
