"""How numbers, paragraphs and tables are written in Markdown."""

import textwrap

import pandas as pd


def number(value, sign=""):
    """Write a share with three decimals, "-" where there is none.

    Arguments
    ---------
    value : float
        Between -1 and 1.
    sign : str
        "+" for a sign before positive numbers, too.

    Returns
    -------
    str

    Example
    -------
    >>> number(0.5), number(-0.0001), number(1), number(float("nan"))
    ('.500', '.000', '1.000', '-')
    >>> number(0.5, "+"), number(-0.5, "+")
    ('+.500', '-.500')
    """
    if pd.isna(value):
        return "-"
    rounded = round(value, 3) + 0.0  # no negative zero
    text = f"{rounded:{sign}.3f}"
    return text.replace("0.", ".") if abs(rounded) < 1 else text


def signed(difference):
    """Write a difference and its interval.

    Arguments
    ---------
    difference : Difference
        From ``paired_difference``.

    Returns
    -------
    str

    Example
    -------
    >>> from emoclust_lobes.protocol.statistics import Difference
    >>> signed(Difference(0.03, -0.0101, 0.071, 0.2, 6))
    '+.030 (-.010 to +.071)'
    """
    text = number(difference.value, "+")
    if pd.isna(difference.low):
        return text
    low, high = number(difference.low, "+"), number(difference.high, "+")
    return f"{text} ({low} to {high})"


def p_value(p):
    """Write a p-value.

    Arguments
    ---------
    p : float

    Returns
    -------
    str

    Example
    -------
    >>> p_value(0.02), p_value(0.0002)
    ('.020', '< .001')
    """
    return "< .001" if p < 0.001 else number(p)


def paragraph(text):
    """Break a text into lines of 80 characters.

    Arguments
    ---------
    text : str

    Returns
    -------
    str

    Example
    -------
    >>> [len(line) for line in paragraph("word " * 20).split("\\n")]
    [79, 19]
    """
    return textwrap.fill(text, 80, break_on_hyphens=False)


def table(lines, notes):
    """Write a table, and notes below it.

    Arguments
    ---------
    lines : list of dict
        Column -> text of each row, all with the same columns.
    notes : str
        How to read it.

    Returns
    -------
    str

    Example
    -------
    >>> print(table([{"system": "none", "UAR": ".500"}], "Made up."))
    | system | UAR |
    |---|---|
    | none | .500 |
    <BLANKLINE>
    Made up.
    """
    columns = lines[0]
    rows = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    rows += [f"| {' | '.join(line[x] for x in columns)} |" for line in lines]
    return "\n".join([*rows, "", paragraph(notes)])
