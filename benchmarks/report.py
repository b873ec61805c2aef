"""The tables and the figure of what was measured."""

import pathlib
import re

import numpy as np
import pandas as pd
from data_prep.storage.files import replacing
from emoclust_lobes.figures.style import (
    new_figure,
    save_figure,
    style_of,
    styled,
)
from emoclust_lobes.protocol.markdown import table

from benchmarks.measure import find_part
from benchmarks.voxceleb2 import voxceleb2

_BLOCK = re.compile(
    r"<!-- benchmarks: (?P<name>\w+) -->\n.*?<!-- /benchmarks -->", re.DOTALL
)


def comparison(measured):
    """Write the table of ours beside every reference, from ``measured.csv``."""
    lines = []
    for name, rows in measured.groupby("part", sort=False):
        part = find_part(name)
        ours, *others = part.sides
        rows = rows[rows["size"].isin(part.sizes)]
        for (size, threads), group in rows.groupby(["size", "threads"]):
            sides = group.set_index("side")
            mine = sides.loc[ours]
            for other in [x for x in others if x in sides.index] or [None]:
                theirs = sides.loc[other] if other else None
                lines.append(
                    {
                        "part": part.name,
                        "size": part.describe(size),
                        "threads": f"{threads}",
                        "ours": _seconds(mine["seconds"]),
                        "reference": (
                            f"{other} {_seconds(theirs['seconds'])}"
                            if other
                            else "-"
                        ),
                        "ratio": (
                            f"{theirs['seconds'] / mine['seconds']:.1f}x"
                            if other
                            else "-"
                        ),
                        "memory": _megabytes(mine["peak_mb"])
                        + (f" / {_megabytes(theirs['peak_mb'])}" * bool(other)),
                        "aim": part.aim,
                    }
                )
    return table(
        lines,
        "Medians of several repeats, each side alone in its process; a ratio "
        "above 1 means that ours is faster. Memory: the peak above what the "
        "process held before, ours / reference.",
    )


def growth(measured):
    """Write the table of how time and memory grow with the size.

    The exponent is the slope of a line through the logarithms: 1 is linear.
    """
    lines = []
    for part, rows in _growing(measured):
        first, last = rows.iloc[0], rows.iloc[-1]
        lines.append(
            {
                "part": part.name,
                "sizes": f"{first['size']:,.0f} to {last['size']:,.0f} "
                f"{part.unit}",
                "seconds": f"{_seconds(first['seconds'])} to "
                f"{_seconds(last['seconds'])}",
                "exponent of time": _exponent(rows, "seconds"),
                "memory": f"{_megabytes(first['peak_mb'])} to "
                f"{_megabytes(last['peak_mb'])}",
                "exponent of memory": _exponent(rows, "peak_mb"),
            }
        )
    return table(lines, "One thread. An exponent of 1 is linear growth.")


@styled
def plot_growth(measured, path):
    """Draw time and memory of our side over the size, both logarithmic.

    ``path`` is without an ending.
    """
    parts = _growing(measured)
    figure, axes = new_figure(9, 4.2, columns=2)
    styles = style_of([part.name for part, _ in parts])
    names = {"seconds": "time", "peak_mb": "memory"}
    for axis, (column, name) in zip(axes[0], names.items(), strict=True):
        for part, rows in parts:
            color, marker = styles[part.name]
            axis.loglog(
                rows["size"] / rows["size"].iloc[0],
                _relative(rows[column]),
                color=color,
                marker=marker,
                label=part.name,
            )
        sizes = np.array([1, 16])
        axis.loglog(sizes, sizes, ":", color="#666666", label="linear")
        axis.set(xlabel="times the smallest size", ylabel=f"times its {name}")
    axes[0, 0].legend(fontsize=7)
    save_figure(figure, path)


def write_report(folder):
    """Write the figure, and renew the tables in ``docs/scaling.md``."""
    measured = pd.read_csv(folder / "measured.csv")
    plot_growth(measured, folder / "growth")
    page = pathlib.Path(__file__).parents[1] / "docs" / "scaling.md"
    with replacing(page) as stream:
        stream.write(renewed(page.read_text(encoding="utf-8"), measured))


def renewed(page, measured):
    """Put the tables into a page.

    A table stands between ``<!-- benchmarks: NAME -->``, with ``comparison``,
    ``growth`` or ``voxceleb2``, and ``<!-- /benchmarks -->``.
    """
    tables = {
        "comparison": comparison,
        "growth": growth,
        "voxceleb2": voxceleb2,
    }
    return _BLOCK.sub(
        lambda block: (
            f"<!-- benchmarks: {block['name']} -->\n\n"
            f"{tables[block['name']](measured)}\n\n<!-- /benchmarks -->"
        ),
        page,
    )


def _growing(measured):
    """The parts measured at several sizes, with their rows by size."""
    found = []
    for name, rows in measured.groupby("part", sort=False):
        part = find_part(name)
        rows = rows[
            (rows["side"] == next(iter(part.sides)))
            & (rows["threads"] == rows["threads"].min())
            & rows["size"].isin(part.growth)
        ].sort_values("size")
        if len(rows) > 1:
            found.append((part, rows))
    return found


def _relative(values):
    """Values over the first; memory below a megabyte counts as one."""
    values = values.clip(lower=1) if values.name == "peak_mb" else values
    return values / values.iloc[0]


def _exponent(rows, column):
    """Slope of the logarithms."""
    sizes, values = rows["size"], _relative(rows[column])
    return f"{np.polyfit(np.log(sizes), np.log(values), 1)[0]:.2f}"


def _seconds(seconds):
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _megabytes(megabytes):
    return f"{max(megabytes, 0):,.0f} MB"
