"""Reading pools: a folder per speaker, or a table of paths and speakers."""

import collections
import csv
import os
import pathlib

from data_prep.audio_files import AUDIO_SUFFIXES, find_files
from data_prep.errors import ManifestError, name_some
from data_prep.manifest import Utterance
from data_prep.preparation import Scan

from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)

_PATH_COLUMNS = ("wav", "path", "file")
_SPEAKER_COLUMNS = ("spk_id", "speaker")


def scan_folder(folder, name):
    """Find the recordings of a folder that has one folder per speaker.

    Arguments
    ---------
    folder : pathlib.Path
        Holds ``SPEAKER/utterance`` or ``SPEAKER/SESSION/.../utterance``.
    name : str
        What stands in front of IDs and speakers.

    Returns
    -------
    Scan

    Raises
    ------
    ManifestError
        When there is no recording in a speaker's folder.

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> (folder / "id1" / "video").mkdir(parents=True)
    >>> (folder / "id1" / "video" / "1.wav").touch()
    >>> found = scan_folder(folder, "vox").utterances[0]
    >>> found.ID, found.spk_id, found.session
    ('vox/id1/video/1', 'vox/id1', 'video')
    """
    utterances, dropped = [], collections.Counter()
    for wav in find_files(folder):
        speaker, *between = wav.split("/")[:-1] or [""]
        if not speaker:
            dropped["not in a speaker's folder"] += 1
            continue
        utterances.append(
            Utterance(
                ID=f"{name}/{wav.rpartition('.')[0]}",
                wav=wav,
                spk_id=f"{name}/{speaker}",
                session=between[0] if between else "",
            )
        )
    if not utterances:
        others = sorted(pathlib.Path(x).name for x in find_files(folder, ("",)))
        raise ManifestError(
            f"The pool {folder} has no SPEAKER/.../*"
            f"{{{','.join(AUDIO_SUFFIXES)}}}. It holds {len(others):,} "
            f"files: {name_some(others, 5) or 'none'}."
        )
    speakers = {utterance.spk_id for utterance in utterances}
    if len(speakers) == 1:
        logger.warning(
            "All recordings of %s are of one speaker, %s: the folders in it "
            "should be one per speaker.",
            folder,
            *speakers,
        )
    return Scan(utterances, collections.Counter(), dropped)


def scan_table(path, name):
    """Read the recordings that a CSV file lists.

    Arguments
    ---------
    path : pathlib.Path
        The file. Columns: wav, path or file; spk_id or speaker; if wanted
        session, gender, sentence, start and stop (samples).
    name : str
        What stands in front of IDs and speakers.

    Returns
    -------
    Scan

    Raises
    ------
    ManifestError
        When a column is missing, a path leads out of the file's folder, or
        a row has no speaker or a start or stop that is no number.

    Example
    -------
    >>> path = getfixture("tmp_path") / "calls.csv"
    >>> _ = path.write_text("path,speaker,start,stop\\na.wav,Kim,0,16000\\n")
    >>> found = scan_table(path, "calls").utterances[0]
    >>> found.ID, found.spk_id, found.stop
    ('calls/a@0-16000', 'calls/Kim', 16000)
    """
    utterances, problems = [], []
    with open(path, encoding="utf-8-sig", newline="") as stream:
        table = csv.DictReader(stream)
        path_column = _column(path, table, _PATH_COLUMNS)
        speaker_column = _column(path, table, _SPEAKER_COLUMNS)
        for row in table:
            values = {k: (v or "").strip() for k, v in row.items() if k}
            try:
                utterances.append(
                    _read_row(
                        values,
                        path.parent,
                        name,
                        values[path_column],
                        values[speaker_column],
                    )
                )
            except ValueError as error:
                problems.append(f"line {table.line_num}: {error}")
    if problems:
        raise ManifestError(
            f"{path} has {len(problems):,} unusable rows: "
            f"{name_some(problems)}."
        )
    return Scan(utterances, collections.Counter(), collections.Counter())


def _column(path, table, offered):
    """Choose the first of several columns that a table has."""
    found = table.fieldnames or []
    for column in offered:
        if column in found:
            return column
    raise ManifestError(
        f"{path} has no column {' or '.join(offered)}, but "
        f"{', '.join(found) or 'none at all'}."
    )


def _read_row(values, folder, name, path, speaker):
    """Make an utterance of one row, or raise a ValueError that says why."""
    wav = os.path.relpath(os.path.join(folder, path), folder)
    if not path or wav == os.curdir:
        raise ValueError("no path")
    if pathlib.Path(wav).parts[0] == os.pardir:
        raise ValueError(f"{path} is not in the folder of the table")
    if not speaker:
        raise ValueError("no speaker")
    start, stop = values.get("start", ""), values.get("stop", "")
    wav = pathlib.Path(wav).as_posix()
    stem = wav.rpartition(".")[0] or wav
    return Utterance(
        ID=f"{name}/{stem}" + (f"@{start}-{stop}" if start or stop else ""),
        wav=wav,
        start=_samples(start),
        stop=_samples(stop),
        spk_id=f"{name}/{speaker}",
        gender={"f": "F", "m": "M"}.get(
            values.get("gender", "")[:1].lower(), ""
        ),
        session=values.get("session", ""),
        sentence=values.get("sentence", ""),
    )


def _samples(text):
    if text and not text.isdecimal():
        raise ValueError(f"{text!r} is no number of samples")
    return int(text) if text else None
