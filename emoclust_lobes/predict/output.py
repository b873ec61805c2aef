"""Predictions and embeddings in files that other programs read."""

import csv
import json

import numpy as np
import pandas as pd
from data_prep.storage.files import replacing
from emoclust_lobes.evaluation.selective import answer
from emoclust_lobes.predict.prediction import HeardTurn
from emoclust_lobes.predict.segments import (
    Segment,
    mean_probabilities,
    merge_windows,
    most_probable,
)
from emoclust_lobes.turns.turn import pauses

FORMATS = ("csv", "json", "table")
NO_SPEECH = "no speech"


def row_columns(classes, segments, speakers, enrolled=False, dimensions=()):
    """Name the columns of the results, one row per segment or recording."""
    return [
        "path",
        *(["start", "end"] if segments else []),
        *(["emotion", "confidence"] if classes else []),
        *(f"prob_{name}" for name in classes),
        *([] if segments else dimensions),
        *([] if segments else ["seconds"]),
        "windows",
        *(["enrolled"] if enrolled else []),
        *(["speaker"] if speakers else []),
    ]


def prediction_rows(prediction, segments, speakers=False, threshold=0.0):
    """Make the rows of a recording: one in all, or one per segment.

    Where somebody listened, with ``speakers`` a segment is a turn, and without
    it one emotion in a stretch of speech; what lies between is ``no speech``.
    Up to the ``threshold`` of confidence an emotion is unknown.
    """
    if not segments:
        whole = _row(
            prediction.path,
            prediction.probabilities,
            len(prediction.windows),
            {"seconds": prediction.seconds},
            threshold,
            speaker=prediction.speaker,
        )
        ratings = {x: round(y, 6) for x, y in prediction.dimensions.items()}
        return [whole | ratings]
    turns, silences = prediction.turns, []
    if turns is None:
        windows = prediction.windows
        turns = [HeardTurn(windows[0][0], windows[-1][1], "", 0, windows)]
    else:
        silences = [
            _row(prediction.path, {}, 0, {"start": start, "end": end}, 0.0)
            for start, end in pauses(turns, *prediction.bounds)
            if end - start > 0.001
        ]
    rows = silences
    for turn in turns:
        # A short turn's window reaches beyond it
        borders = {"start": turn.start, "end": turn.end}
        parts = merge_windows(turn.windows)
        if speakers:
            chances = mean_probabilities(turn.windows)
            parts = [Segment(0, 0, "", chances, len(turn.windows))]
        parts[0] = parts[0]._replace(start=borders["start"])
        parts[-1] = parts[-1]._replace(end=borders["end"])
        rows += [
            _row(
                prediction.path,
                each.probabilities,
                each.windows,
                {"start": each.start, "end": each.end},
                threshold,
                speaker=turn.speaker or prediction.speaker,
                enrolled=turn.enrolled,
            )
            for each in parts
        ]
    return sorted(rows, key=lambda row: (row["start"], row["end"]))


def _row(path, chances, n_windows, times, threshold, speaker="", enrolled=0):
    """Make a row; without probabilities it is one of no speech."""
    emotion, confidence = NO_SPEECH, None
    if chances:
        likely = most_probable(chances)
        confidence = chances[likely]
        emotion = answer(likely, confidence, threshold)
    return {
        "path": path,
        **{name: round(x, 3) for name, x in times.items()},
        "emotion": emotion,
        "confidence": None if confidence is None else round(confidence, 6),
        **{f"prob_{k}": round(x, 6) for k, x in chances.items()},
        "windows": n_windows,
        "enrolled": enrolled,
        "speaker": speaker,
    }


def write_rows(rows, columns, form, stream):
    """Write some columns of results as ``csv``, ``json`` or ``table``.

    Those of ``csv`` are written one by one, as they come.
    """
    if form == "csv":
        writer = csv.DictWriter(
            stream, columns, extrasaction="ignore", lineterminator="\n"
        )
        writer.writeheader()
        for row in rows:
            writer.writerow(row)
            stream.flush()
        return
    chosen = [{name: row.get(name) for name in columns} for row in rows]
    if form == "json":
        text = json.dumps(chosen, indent=2, ensure_ascii=False, allow_nan=False)
    else:
        text = pd.DataFrame(chosen, columns=columns).to_string(
            index=False, float_format="{:.3f}".format, na_rep=""
        )
    stream.write(text + "\n")


def write_embeddings(path, names, vectors, seconds):
    """Write embeddings [n, dim] to ``.npz`` or ``.parquet``, whole or not at all.

    The arrays or columns are ``path, embedding, seconds``; no pickle is needed.
    """
    columns = {
        "path": np.array(names, dtype=str),
        "embedding": vectors,
        "seconds": np.array(seconds, dtype=np.float64),
    }
    with replacing(path, "wb") as stream:
        if str(path).endswith(".npz"):
            np.savez(stream, **columns)
        else:
            columns["embedding"] = list(vectors)
            pd.DataFrame(columns).to_parquet(stream, engine="pyarrow")
