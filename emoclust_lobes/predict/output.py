"""Predictions and embeddings in files that other programs read."""

import csv
import itertools
import json

import numpy as np
import pandas as pd
from data_prep.storage.files import replacing
from emoclust_lobes.predict.segments import (
    mean_dimensions,
    merge_windows,
    most_probable,
)

FORMATS = ("csv", "json", "table")


def row_columns(classes, segments, speakers, dimensions=()):
    """Name the columns of the results, one row per segment or recording."""
    return [
        "path",
        *(["start", "end"] if segments else []),
        *(["emotion", "confidence"] if classes else []),
        *(f"prob_{name}" for name in classes),
        *dimensions,
        *([] if segments else ["seconds"]),
        "windows",
        *(["speaker"] if speakers else []),
    ]


def prediction_rows(prediction, segments):
    """Make the rows of a recording, one per segment or one in all.

    Seconds have three decimals, probabilities and dimensions six.
    """
    if segments:
        parts = [
            (
                each.probabilities,
                each.windows,
                {"start": each.start, "end": each.end},
            )
            for each in merge_windows(prediction.windows, prediction.weights)
        ]
    else:
        seconds = {"seconds": prediction.seconds}
        parts = [(prediction.probabilities, len(prediction.windows), seconds)]
    rows = []
    rated = iter(prediction.window_dimensions)
    for chances, n_windows, times in parts:
        emotion = most_probable(chances, prediction.weights) if chances else ""
        dimensions = mean_dimensions(list(itertools.islice(rated, n_windows)))
        rows.append(
            {
                "path": prediction.path,
                **{name: round(x, 3) for name, x in times.items()},
                "emotion": emotion,
                "confidence": round(chances.get(emotion, 0.0), 6),
                **{f"prob_{k}": round(x, 6) for k, x in chances.items()},
                **{name: round(x, 6) for name, x in dimensions.items()},
                "windows": n_windows,
                "speaker": prediction.speaker,
            }
        )
    return rows


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
    chosen = [{name: row[name] for name in columns} for row in rows]
    if form == "json":
        text = json.dumps(chosen, indent=2, ensure_ascii=False, allow_nan=False)
    else:
        text = pd.DataFrame(chosen, columns=columns).to_string(
            index=False, float_format="{:.3f}".format
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
