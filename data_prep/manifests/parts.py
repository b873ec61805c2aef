"""Which part of a recording a row of a table means."""

import re

import pandas
from data_prep.errors import ManifestError, UnusableAudio
from data_prep.recordings.silence import SHORTEST

_FRAME = 0.01
_UNIT = r"[\W_]*(times?(stamp)?|m?s|m?secs?|(milli)?seconds?|samples?|frames?)"
_LIKE_PARTS = re.compile(
    r"((seg|segment|utt|utterance)[\W_]*)?"
    rf"(start|begin|beginning|onset|offset|end|ending|stop)({_UNIT}\W*)*",
    re.IGNORECASE,
)


def find_part_columns(path, columns):
    """Return the columns of a part, and how their cells are read.

    These are ``start`` and ``end`` (seconds), or ``start`` and ``stop`` (samples);
    a column that may mean either, or something else, is a ManifestError.
    """
    found = [x for x in columns if _LIKE_PARTS.fullmatch(x)]
    if not found:
        return (), str
    if set(found) in ({"start", "end"}, {"end"}):
        return ("start", "end"), _seconds
    if set(found) in ({"start", "stop"}, {"stop"}):
        return ("start", "stop"), _samples
    raise ManifestError(
        f"{path} has the columns {', '.join(found)}, and it is not clear which "
        "part of a recording they mean: call them start and end, in seconds, "
        "or start and stop, in samples; or leave them out where whole files "
        "are meant."
    )


def read_part(values, columns, read):
    """Return where a row's part starts and ends, None where it does not say."""
    if not columns:
        return None, None
    start, stop = (read(values.get(column, "")) for column in columns)
    return start, stop


def name_part(name, start, stop):
    """Name a part of what has a name: ``name@start-stop``."""
    if start is None and stop is None:
        return name
    ends = ("" if end is None else str(end) for end in (start, stop))
    return f"{name}@{'-'.join(ends)}"


def locate_part(start, stop, frames, rate):
    """Return a part's first sample and the one after its last.

    Numbers are samples if they are int, seconds if float. An end that rounding has
    put behind the last sample, by less than 10 ms, is there. What is not in the
    file, or too short for speech, is an UnusableAudio.
    """
    first, after = (
        round(end * rate) if isinstance(end, float) else end
        for end in (start or 0, frames if stop is None else stop)
    )
    if isinstance(stop, float) and frames < after <= frames + _FRAME * rate:
        after = frames
    seconds = isinstance(start, float) or isinstance(stop, float)
    length, unit = (frames / rate, "s") if seconds else (frames, "samples")
    said = f"{start or 0} to {'its end' if stop is None else stop} of "
    said += f"{length:g} {unit}"
    if not 0 <= first < after <= frames:
        raise UnusableAudio(f"{said} is not in it")
    if (start, stop) != (None, None) and after - first < SHORTEST * rate:
        raise UnusableAudio(
            f"{said} is shorter than {SHORTEST} s (start and end are in "
            "seconds, start and stop in samples)"
        )
    return first, after


def _samples(text):
    if text and not (text.isascii() and text.isdecimal()):
        raise ValueError(f"{text!r} is no number of samples")
    return int(text) if text else None


def _seconds(text):
    """Read seconds, or a duration as pandas and audformat write it."""
    if not text or text in ("NaT", "nan"):
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = pandas.Timedelta(text).total_seconds()
        except ValueError:
            seconds = -1.0
    if not 0 <= seconds < 1e9:
        raise ValueError(f"{text!r} is no number of seconds")
    return round(seconds, 9)
