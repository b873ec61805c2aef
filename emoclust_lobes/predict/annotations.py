"""Results as the programs for annotation read them: RTTM, Praat, ELAN."""

import importlib
import os
import pathlib
import tempfile

from emoclust_lobes.predict.inputs import PredictError
from emoclust_lobes.predict.output import NO_SPEECH

# One file for each recording; RTTM holds many
SUFFIXES = {"textgrid": ".TextGrid", "eaf": ".eaf"}
ANNOTATIONS = ("rttm", *SUFFIXES)
LIBRARIES = {"textgrid": "praatio", "eaf": "pympi"}


def library(form):
    """Import what reads and writes a kind of file, or say how to get it."""
    name = LIBRARIES[form]
    try:
        module = {"praatio": "praatio.textgrid", "pympi": "pympi.Elan"}[name]
        return importlib.import_module(module)
    except ImportError as error:
        raise PredictError(
            f'{form} files need {name}: pip install "emoclust[calls]"'
        ) from error


def annotation(rows, form, seconds):
    """Write the rows of a recording as text: tiers are speakers."""
    spoken = [row for row in rows if row["emotion"] != NO_SPEECH]
    return _WRITERS[form](spoken, seconds)


def _rttm(rows, seconds):
    lines = []
    for row in rows:
        # Neither a path nor a name may hold a space there
        stem = pathlib.PurePath(row["path"]).stem
        name, speaker = (
            "_".join(x.split()) for x in (stem, row["speaker"] or "speech")
        )
        length = row["end"] - row["start"]
        lines.append(
            f"SPEAKER {name} 1 {row['start']:.3f} {length:.3f} "
            f"{row['emotion']} <NA> {speaker} {row['confidence']:.3f} <NA>\n"
        )
    return "".join(lines)


def _tiers(rows):
    """Group rows by speaker: name of the tier -> (start, end, emotion)."""
    tiers: dict[str, list] = {}
    for row in rows:
        entry = (row["start"], row["end"], row["emotion"])
        tiers.setdefault(row["speaker"] or "emotion", []).append(entry)
    return tiers or {"emotion": []}


def _textgrid(rows, seconds):
    module = library("textgrid")
    grid = module.Textgrid(0, seconds)
    for name, entries in _tiers(rows).items():
        grid.addTier(module.IntervalTier(name, entries, 0, seconds))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "a.TextGrid")
        grid.save(str(path), "long_textgrid", True)
        return path.read_text("utf-8")


def _eaf(rows, seconds):
    module = library("eaf")
    document = module.Eaf(author="emoclust")
    document.remove_tier("default")
    for name, entries in _tiers(rows).items():
        document.add_tier(name)
        for start, end, emotion in entries:
            document.add_annotation(
                name, round(1000 * start), round(1000 * end), emotion
            )
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return head + module.to_string(document)


_WRITERS = {"rttm": _rttm, "textgrid": _textgrid, "eaf": _eaf}


def annotation_paths(output, names, form):
    """Name the file of each recording: the output itself, or one in it."""
    suffix = SUFFIXES[form]
    if output.lower().endswith(suffix.lower()):
        if len(names) > 1:
            raise PredictError(
                f"{output} can hold one recording, not {len(names):,}: give "
                "--output=FOLDER"
            )
        return {names[0]: output}
    paths: dict[str, str] = {}
    owners: dict[str, str] = {}
    for name in names:
        path = os.path.join(output, pathlib.PurePath(name).stem + suffix)
        if path in owners:
            raise PredictError(
                f"{owners[path]} and {name} would both be {path}: recognize "
                "them one after the other, with an --output each"
            )
        owners[path] = paths[name] = path
        owners[path] = name
    return paths
