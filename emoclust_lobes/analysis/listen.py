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

N_EXAMPLES = 3  # of each center, and of all borders of a speaker
# What would end the path inside an address.
_ESCAPES = str.maketrans(
    {"%": "%25", "#": "%23", "?": "%3F", " ": "%20", '"': "%22"}
)


def choose_utterances(speaker, ids, clusters):
    """Pick a speaker's utterances nearest to each center and to a border.

    Returns a table: ``spk_id, cluster, place`` ("center" or "border"), ``ID,
    distance`` to the own center and ``margin`` to the second.
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
    by_cluster = table.sort_values(["cluster", "distance"]).groupby("cluster")
    near = by_cluster.head(N_EXAMPLES)
    if len(np.unique(clusters)) < 2:
        return near.reset_index(drop=True)
    between = table.sort_values("margin").head(N_EXAMPLES)
    return pandas.concat(
        [near, between.assign(place="border")], ignore_index=True
    )


def link(row, folder):
    """Address of a manifest row's audio, relative to the page's folder.

    It ends in ``#t=FIRST,LAST``, in seconds, for a segment of a file. Out of a
    tar, which no browser plays, it is the tar's.
    """
    file, _ = split_address(row["wav"])
    path = pathlib.Path(os.path.relpath(file, folder)).as_posix()
    address = path.translate(_ESCAPES)
    if not row["stop"]:
        return address
    first, last = int(row["start"] or 0), int(row["stop"])
    rate = (last - first) / row["duration"]
    return f"{address}#t={first / rate:.3f},{last / rate:.3f}"


def embed_audio(row):
    """Pack a manifest row's audio into an address that travels with a page.

    FLAC, mono, 16 kHz, 16 bits.
    """
    waveform = read_utterance(row["wav"], row["start"], row["stop"])
    stream = io.BytesIO()
    soundfile.write(stream, waveform.numpy(), 16000, "PCM_16", format="FLAC")
    content = base64.b64encode(stream.getvalue()).decode("ascii")
    return f"data:audio/flac;base64,{content}"
