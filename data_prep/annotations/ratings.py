"""Ratings on scales: arousal, valence and dominance; intensity."""

import math
import re

from data_prep.errors import ManifestError

DIMENSIONS = ("arousal", "valence", "dominance")
# The columns of a manifest. Intensity is CREMA-D's, from 0 to 100.
RATINGS = (*DIMENSIONS, "intensity")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d*)?|[+-]?[.,]\d+", re.ASCII)


def read_rating(cell, scale=None):
    """Read a rating in a table, with a point or a comma before decimals; "" is None.

    A ValueError where it is no number, or not from ``scale[0]`` to ``scale[1]``.
    """
    if not cell:
        return None
    if not _NUMBER.fullmatch(cell):
        raise ValueError(f"{cell!r} is no number")
    value = round(float(cell.replace(",", ".")), 6)
    if scale and not scale[0] <= value <= scale[1]:
        low, high = scale
        raise ValueError(f"{cell} is off the scale from {low:g} to {high:g}")
    return value


def write_rating(value):
    """Write a rating as it stands in a manifest; None is ""."""
    if value is None:
        return ""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def check_range(scale):
    """Raise a ManifestError unless a scale is two numbers, the lower first."""
    numbers = scale if isinstance(scale, list | tuple) else ()
    fine = [type(x) in (int, float) and math.isfinite(x) for x in numbers]
    if fine != [True, True] or not numbers[0] < numbers[1]:
        raise ManifestError(
            f"scale={scale!r} is no scale of arousal, valence and dominance: "
            "give the lowest and the highest number that there is, as [1, 5]."
        )
