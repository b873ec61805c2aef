"""Predictions and embeddings in files that other programs read."""

import csv
import json

import numpy as np
import pandas as pd
from data_prep.storage.files import replacing
from emoclust_lobes.predict.segments import merge_windows, most_probable

FORMATS = ("csv", "json", "table")


def row_columns(classes, segments, speakers):
    """Name the columns of the results.

    Arguments
    ---------
    classes : iterable of str
        Codes of the classes.
    segments : bool
        Whether there is a row per segment, or one per recording.
    speakers : bool
        Whether the speakers are known.

    Returns
    -------
    list of str

    Example
    -------
    >>> row_columns(["ang", "sad"], segments=False, speakers=False)
    ['path', 'emotion', 'confidence', 'prob_ang', 'prob_sad', 'seconds', \
'windows']
    """
    return [
        "path",
        *(["start", "end"] if segments else []),
        "emotion",
        "confidence",
        *(f"prob_{name}" for name in classes),
        *([] if segments else ["seconds"]),
        "windows",
        *(["speaker"] if speakers else []),
    ]


def prediction_rows(prediction, segments):
    """Make the rows of a recording, with a value for every column there is.

    Arguments
    ---------
    prediction : FilePrediction
        What was heard.
    segments : bool
        Whether each stretch of one emotion has a row, or the recording.

    Returns
    -------
    list of dict
        Seconds have three decimals, probabilities six.

    Example
    -------
    >>> from emoclust_lobes.predict.predictor import FilePrediction
    >>> chances = {"ang": 0.9, "sad": 0.1}
    >>> heard = [(0.0, 1.0, chances)]
    >>> prediction = FilePrediction("a.wav", "ang", 0.9, chances, 1.0, heard)
    >>> len(list(prediction_rows(prediction, segments=True)))
    1
    """
    if segments:
        stretches = [
            {
                "start": round(each.start, 3),
                "end": round(each.end, 3),
                "probabilities": each.probabilities,
                "windows": each.windows,
            }
            for each in merge_windows(prediction.windows)
        ]
    else:
        stretches = [
            {
                "seconds": round(prediction.seconds, 3),
                "probabilities": prediction.probabilities,
                "windows": len(prediction.windows),
            }
        ]
    rows = []
    for stretch in stretches:
        chances = stretch.pop("probabilities")
        emotion = most_probable(chances)
        rows.append(
            {
                "path": prediction.path,
                "emotion": emotion,
                "confidence": round(chances[emotion], 6),
                **{f"prob_{k}": round(x, 6) for k, x in chances.items()},
                **stretch,
                "speaker": prediction.speaker,
            }
        )
    return rows


def write_rows(rows, columns, form, stream):
    """Write results; those of ``csv`` one by one, as they come.

    Arguments
    ---------
    rows : iterable of dict
        The results; keys that are no columns are left out.
    columns : list of str
        What is written, in this order.
    form : str
        ``csv``, ``json`` (a list of objects) or ``table`` (to be read by
        people).
    stream : file object
        Takes text.

    Example
    -------
    >>> import sys
    >>> write_rows([{"path": "a", "x": 0.5}], ["path", "x"], "csv", sys.stdout)
    path,x
    a,0.5
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
    """Write embeddings, whole or not at all.

    Arguments
    ---------
    path : str or pathlib.Path
        Ends with ``.npz`` (arrays ``path, embedding, seconds``, to be read
        without pickle) or ``.parquet`` (columns of the same names).
    names : list of str
        The recordings, shape [n].
    vectors : numpy.ndarray
        float32, shape [n, dim].
    seconds : list of float
        Their lengths, shape [n].

    Example
    -------
    >>> path = getfixture("tmp_path") / "embeddings.npz"
    >>> vectors = np.ones((1, 3), dtype="float32")
    >>> write_embeddings(path, ["a.wav"], vectors, [2.5])
    >>> with np.load(path) as arrays:
    ...     arrays["path"].tolist(), arrays["embedding"].shape
    (['a.wav'], (1, 3))
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
