"""What tells whether an utterance is still the one that was computed."""

import numpy as np
from data_prep.recordings.tar_shards import audio_status


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
