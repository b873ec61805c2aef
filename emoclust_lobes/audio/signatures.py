"""What tells whether an utterance is still the one that was computed."""

import hashlib
import os
import pathlib

import numpy as np
from data_prep.errors import EmoclustError
from data_prep.recordings.tar_shards import audio_status, open_audio
from data_prep.storage.files import (
    file_digest,
    fingerprint,
    read_json,
    write_json,
)
from data_prep.storage.locks import locked
from emoclust_lobes.parallel.threads import in_threads

from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)

DIGESTS = "digests.json"


def sign_utterances(utterances):
    """Return the rows whose audio is there, their signatures, and problems.

    A signature, int64 [n, 4], is the file's size in bytes and time of change
    in ns, the first sample and the one after the last (-1: the file's own).
    """
    signatures, problems = {}, []
    for row in utterances.itertuples():
        try:
            status = audio_status(row.wav)
        except OSError as error:
            problems.append(f"{row.wav}: {error.strerror}")
            continue
        segment = [int(end) if end else -1 for end in (row.start, row.stop)]
        signatures[row.ID] = [*status, *segment]
    found = utterances[utterances["ID"].isin(signatures.keys())]
    rows = np.array(list(signatures.values()), dtype=np.int64)
    return found, rows.reshape(-1, 4), problems


def audio_digest(utterances, folder):
    """Digest the content of all recordings, wherever they lie.

    A recording is read once for all runs that share the folder, and again
    where its size or time of change is another: times say nothing of a copy.
    """
    found, signatures, problems = sign_utterances(utterances)
    if problems:
        raise FileNotFoundError(problems[0])
    names = [os.path.abspath(wav) for wav in found["wav"]]
    states = {x: f"{y[0]} {y[1]}" for x, y in zip(names, signatures)}
    known = _known(folder)
    if any(known.get(wav, ("",))[0] != states[wav] for wav in states):
        with locked(folder, wait=True):
            known = _known(folder)  # another run may have read them meanwhile
            stale = [x for x in states if known.get(x, ("",))[0] != states[x]]
            for wav, reading in in_threads(_digest, stale, 64, n_threads=4):
                known[wav] = [states[wav], reading.result()]
            write_json(pathlib.Path(folder, DIGESTS), known)
    found = found.assign(digest=[known[name][1] for name in names])
    columns = ["ID", "start", "stop", "digest"]
    return fingerprint(found.sort_values("ID")[columns].values.tolist())


def _known(folder):
    """Read the digests that there are: path -> state of the file, digest."""
    path = pathlib.Path(folder, DIGESTS)
    try:
        return read_json(path) or {}
    except EmoclustError as error:
        logger.warning(f"{path} is made anew: {error}")
        return {}


def _digest(wav):
    audio = open_audio(wav)
    if isinstance(audio, str):
        return file_digest(audio)
    return hashlib.sha256(audio.read()).hexdigest()
