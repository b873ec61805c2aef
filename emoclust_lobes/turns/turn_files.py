"""Turns that somebody has: RTTM, CSV, Praat's TextGrid, ELAN's eaf."""

import importlib
import math
import pathlib

from data_prep.errors import ManifestError
from data_prep.manifests.tables import read_rows
from emoclust_lobes.turns.speech import TurnsError
from emoclust_lobes.turns.turn import Turn, overlapping

PATH_COLUMNS = ("recording", "wav", "path", "file")
RTTM_FIELDS = (9, 10)


def read_turns(path):
    """Read who speaks when: recording ("" where none is named) -> list of Turn.

    The path is of an ``.rttm``; a ``.csv`` with the columns start, end and
    speaker, and recording, wav, path or file where it is of several; a
    ``.TextGrid`` or ``.eaf`` with a tier for each speaker, in which what has a
    label is a turn. A TurnsError names the line of anything that is none.
    """
    path = pathlib.Path(path)
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise TurnsError(
            f"{path}: turns are read from {', '.join(_READERS)}, not from "
            f"{path.suffix or 'a file without a suffix'}"
        )
    recordings: dict[str, list] = {}
    try:
        for place, recording, start, end, speaker in read(path):
            turn = _turn(place, start, end, speaker)
            recordings.setdefault(recording, []).append(turn)
    except OSError as error:
        raise TurnsError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TurnsError(f"{path} is not UTF-8: {error.reason}") from error
    except ManifestError as error:  # which names the file
        raise TurnsError(str(error)) from error
    except TurnsError as error:
        raise TurnsError(f"{path}: {error}") from error.__cause__
    if not recordings:
        raise TurnsError(f"{path}: there is no turn in it")
    for recording, turns in recordings.items():
        if both := overlapping(turns):
            left, right = both
            of = f"{path}: {recording}" if recording else path
            raise TurnsError(
                f"{of}: two turns of {left.speaker} overlap, "
                f"{left.start:g}-{left.end:g} s and "
                f"{right.start:g}-{right.end:g} s"
            )
    return recordings


def _turn(place, start, end, speaker):
    try:
        start, end = float(start), float(end)
    except ValueError as error:
        raise TurnsError(
            f"{place}: {start!r} and {end!r} are no seconds"
        ) from error
    if not 0 <= start < end < math.inf:
        raise TurnsError(
            f"{place}: a turn from {start:g} to {end:g} s cannot be"
        )
    if not speaker.strip():
        raise TurnsError(f"{place}: nobody speaks: a speaker is missing")
    return Turn(start, end, speaker.strip())


def _read_rttm(path):
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        fields, place = line.split(), f"line {number}"
        # Other types, as SPKR-INFO and LEXEME, tell of other things
        if not fields or fields[0] != "SPEAKER":
            if fields and not fields[0].startswith(";") and len(fields) < 9:
                raise TurnsError(f"{place}: not RTTM, but {line!r}")
            continue
        if len(fields) not in RTTM_FIELDS:
            raise TurnsError(
                f"{place}: RTTM has 9 or 10 fields, found {len(fields)}"
            )
        try:
            end = round(float(fields[3]) + float(fields[4]), 6)
        except ValueError as error:
            raise TurnsError(
                f"{place}: {fields[3]} and {fields[4]} are no seconds"
            ) from error
        yield place, fields[1], fields[3], end, fields[7]


def _read_csv(path):
    columns, rows = read_rows(path)
    missing = {"start", "end", "speaker"} - set(columns)
    if missing:
        raise TurnsError(
            f"no column {', '.join(sorted(missing))}, but "
            f"{', '.join(columns) or 'none at all'}"
        )
    of = next((name for name in PATH_COLUMNS if name in columns), None)
    for line, row in rows:
        recording = row[of] if of else ""
        yield (
            f"line {line}",
            recording,
            row["start"],
            row["end"],
            row["speaker"],
        )


def _read_textgrid(path):
    textgrid = _imported("praatio.textgrid", path)
    try:
        grid = textgrid.openTextgrid(
            str(path), includeEmptyIntervals=False, reportingMode="error"
        )
    except OSError:
        raise
    except Exception as error:  # its parser raises what it meets
        raise TurnsError(f"cannot be read as a TextGrid: {error}") from error
    for tier in grid.tiers:
        for entry in tier.entries:
            if len(entry) != 3:
                raise TurnsError(
                    f"the tier {tier.name} has points, which are no turns: "
                    "remove it"
                )
            if entry.label.strip():
                place = f"tier {tier.name}, {entry.start:g} s"
                yield place, "", entry.start, entry.end, tier.name


def _read_eaf(path):
    elan = _imported("pympi.Elan", path)
    try:
        document = elan.Eaf(str(path))
    except OSError:
        raise
    except Exception as error:  # its parser raises what it meets
        raise TurnsError(f"cannot be read as an eaf: {error}") from error
    for name in document.get_tier_names():
        aligned, references, attributes, _ = document.tiers[name]
        if references or "PARENT_REF" in attributes:
            continue  # depends on another tier, which has the turns
        who = attributes.get("PARTICIPANT") or name
        for start, end, label in document.get_annotation_data_for_tier(name):
            place = f"tier {name}, {start} ms"
            if label and label.strip():
                if start is None or end is None:
                    raise TurnsError(f"{place}: a time is missing")
                yield place, "", start / 1000, end / 1000, who


def _imported(module, path):
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise TurnsError(
            f"{path.suffix} files need {module.partition('.')[0]}: pip install "
            '"emoclust[calls]"'
        ) from error


_READERS = {
    ".rttm": _read_rttm,
    ".csv": _read_csv,
    ".textgrid": _read_textgrid,
    ".eaf": _read_eaf,
}
