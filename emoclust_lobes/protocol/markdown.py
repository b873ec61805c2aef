"""How numbers, paragraphs and tables are written in Markdown."""

import textwrap

import pandas as pd
from emoclust_lobes.protocol.schema import CLUSTERS


def number(value, sign=""):
    """Write a share with three decimals, "-" where there is none.

    With ``sign="+"`` positive numbers have a sign, too.
    """
    if pd.isna(value):
        return "-"
    rounded = round(value, 3) + 0.0  # no negative zero
    text = f"{rounded:{sign}.3f}"
    return text.replace("0.", ".") if abs(rounded) < 1 else text


def with_interval(value, low, high, sign=""):
    """Write a number and, where it is known, its interval: .030 (.010 to .071)."""
    text, *ends = (number(x, sign) for x in (value, low, high))
    return text if pd.isna(low) else f"{text} ({' to '.join(ends)})"


def signed(difference):
    """Write a ``Difference`` and its interval: +.030 (-.010 to +.071)."""
    value, low, high = difference[:3]
    return with_interval(value, low, high, "+")


def span(ends):
    """Write an interval: -.010 to +.071."""
    return (
        "-" if pd.isna(ends[0]) else " to ".join(number(x, "+") for x in ends)
    )


def compared(name, difference):
    """Write a ``Difference`` as three cells of a table, by column.

    A star says that it holds.
    """
    star = "\\*" if difference.holds else ""
    return {
        f"to {name} (95 % interval)": signed(difference) + star,
        f"to {name}: speakers, seeds": span(difference.over_seeds),
        f"to {name}: folds": span(difference.over_folds),
    }


def p_value(p):
    """Write a p-value: .020, or < .001."""
    return "< .001" if p < 0.001 else number(p)


def clips(enrolled):
    """Write what is enrolled: 1 clip, 2 clips, all clips, clusters."""
    if enrolled == CLUSTERS:
        return enrolled
    return f"{enrolled} clip{'' if enrolled == '1' else 's'}"


def paragraph(text):
    """Break a text into lines of 80 characters."""
    return textwrap.fill(text, 80, break_on_hyphens=False)


def headline(text, facts, n_classes):
    """Write what was tested, the note on it, and the chance level."""
    if facts.get("note"):
        text += f" {facts['note'].rstrip('.')}."
    return paragraph(f"{text} Chance is {number(1 / n_classes)}.")


def indented(lines):
    """Write lines as a block of code."""
    return "\n".join(f"    {line}" for line in lines)


def table(lines, notes):
    """Write a table, column -> text of each row, and notes below it."""
    columns = lines[0]
    rows = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    rows += [f"| {' | '.join(line[x] for x in columns)} |" for line in lines]
    return "\n".join([*rows, "", paragraph(notes)])
