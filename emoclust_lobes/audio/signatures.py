"""What tells whether an utterance is still the one that was computed."""

import hashlib

import numpy as np
from data_prep.recordings.tar_shards import audio_status, open_audio
from data_prep.storage.files import (
    file_digest,
    fingerprint,
    read_json,
    write_json,
)
from emoclust_lobes.parallel.threads import in_threads


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


def audio_digest(utterances, cache):
    """Digest the content of all recordings, wherever they lie.

    They are read again only where signatures have changed since ``cache``, a
    JSON file, was written: times of change say nothing about a copy.
    """
    found, signatures, problems = sign_utterances(utterances)
    if problems:
        raise FileNotFoundError(problems[0])
    signed = fingerprint([found["wav"].tolist(), signatures.tolist()])
    known = read_json(cache) or {}
    if known.get("signed") != signed:
        wavs = dict.fromkeys(found["wav"])
        for wav, reading in in_threads(_digest, wavs, ahead=64, n_threads=4):
            wavs[wav] = reading.result()
        digests = [
            [row.ID, row.start, row.stop, wavs[row.wav]]
            for row in found.sort_values("ID").itertuples()
        ]
        known = {"signed": signed, "content": fingerprint(digests)}
        write_json(cache, known)
    return known["content"]


def _digest(wav):
    audio = open_audio(wav)
    if isinstance(audio, str):
        return file_digest(audio)
    return hashlib.sha256(audio.read()).hexdigest()
