"""Which utterances to listen to, to hear what a cluster is."""

import base64
import io
import os
import pathlib

import numpy as np
import pandas
import soundfile
from data_prep.recordings.tar_shards import split_address
from emoclust_lobes.audio.reading import read_utterance
from emoclust_lobes.clustering.algorithms import distances_and_margins


def choose_utterances(speaker, ids, clusters, n=3):
    """Pick the utterances nearest to each center and nearest to a border.

    Arguments
    ---------
    speaker : Speaker
        See ``emoclust_lobes.analysis.grid``.
    ids : array-like
        IDs of the speaker's utterances, shape [n_utterances].
    clusters : numpy.ndarray
        Their clusters, shape [n_utterances].
    n : int
        Utterances for each center, and for all borders of the speaker.

    Returns
    -------
    pandas.DataFrame
        ``spk_id``, ``cluster``, ``place`` ("center" or "border"), ``ID``,
        ``distance`` to the own center and ``margin`` to the second.

    Example
    -------
    >>> from emoclust_lobes.analysis.grid import Speaker
    >>> speaker = Speaker("s", np.array([[0.0], [0.1], [0.4], [1.0]]), {})
    >>> clusters = np.array([0, 0, 0, 1])
    >>> chosen = choose_utterances(speaker, list("abcd"), clusters, n=1)
    >>> chosen[["cluster", "place", "ID"]].values.tolist()
    [[0, 'center', 'b'], [1, 'center', 'd'], [0, 'border', 'c']]
    """
    distances, margins = distances_and_margins(speaker.vectors, clusters)
    table = pandas.DataFrame(
        {
            "spk_id": speaker.name,
            "cluster": clusters,
            "place": "center",
            "ID": ids,
            "distance": distances,
            "margin": margins,
        }
    )
    near = table.sort_values(["cluster", "distance"]).groupby("cluster").head(n)
    if len(np.unique(clusters)) < 2:
        return near.reset_index(drop=True)
    between = table.sort_values("margin").head(n).assign(place="border")
    return pandas.concat([near, between], ignore_index=True)


def link(row, folder):
    """Relative address of an utterance's audio, as a browser takes it.

    Arguments
    ---------
    row : pandas.Series
        Row of a manifest.
    folder : str or pathlib.Path
        Where the page lies.

    Returns
    -------
    str
        With ``#t=FIRST,LAST`` in seconds where the utterance is a stretch of
        a file. Out of a tar no browser plays: it is the tar's, to say where
        to look.

    Example
    -------
    >>> utterance = {"wav": "/data/a b.wav", "start": "", "stop": ""}
    >>> link(pandas.Series(utterance), "/data/results")
    '../a%20b.wav'
    >>> stretch = {"wav": "/a.wav", "start": "8000", "stop": "24000"}
    >>> link(pandas.Series({**stretch, "duration": 2.0}), "/")
    'a.wav#t=1.000,3.000'
    """
    file, _ = split_address(row["wav"])
    path = pathlib.Path(os.path.relpath(file, folder)).as_posix()
    address = path.translate(_ESCAPES)
    if not row["stop"]:
        return address
    first, last = int(row["start"] or 0), int(row["stop"])
    rate = (last - first) / row["duration"]
    return f"{address}#t={first / rate:.3f},{last / rate:.3f}"


# What would end the path inside an address.
_ESCAPES = str.maketrans(
    {"%": "%25", "#": "%23", "?": "%3F", " ": "%20", '"': "%22"}
)


def embed_audio(row):
    """Pack an utterance into an address, so that it travels with a page.

    Arguments
    ---------
    row : pandas.Series
        Row of a manifest.

    Returns
    -------
    str
        A data URI with FLAC, mono, 16 kHz, 16 bits.

    Example
    -------
    >>> from emoclust_lobes.synthetic.noise import write_noise
    >>> path = write_noise(getfixture("tmp_path") / "a.wav", samples=800)
    >>> embed_audio({"wav": path, "start": "", "stop": ""}).partition(",")[0]
    'data:audio/flac;base64'
    """
    waveform = read_utterance(row["wav"], row["start"], row["stop"])
    stream = io.BytesIO()
    soundfile.write(stream, waveform.numpy(), 16000, "PCM_16", format="FLAC")
    content = base64.b64encode(stream.getvalue()).decode("ascii")
    return f"data:audio/flac;base64,{content}"
