"""What tells whether an utterance is still the one that was computed."""

import numpy as np
from data_prep.recordings.tar_shards import audio_status


def sign_utterances(utterances):
    """Tell the utterances whose audio is there from those that are missing.

    Arguments
    ---------
    utterances : pandas.DataFrame
        Rows of manifests.

    Returns
    -------
    found : pandas.DataFrame
        The rows whose file is there, n of them.
    signatures : numpy.ndarray
        Their file's size in bytes and time of change in ns, and first and last
        sample (-1 for that of the file); int64, shape [n, 4].
    problems : list of str
        A line about each other.

    Example
    -------
    >>> import pandas
    >>> path = getfixture("tmp_path") / "a.wav"
    >>> _ = path.write_bytes(bytes(44))
    >>> rows = [["a", str(path), 0, 800], ["b", "gone.wav", "", ""]]
    >>> table = pandas.DataFrame(rows, columns=["ID", "wav", "start", "stop"])
    >>> found, signatures, problems = sign_utterances(table)
    >>> found["ID"].tolist(), signatures[0, [0, 2, 3]].tolist(), problems
    (['a'], [44, -1, 800], ['gone.wav: No such file or directory'])
    """
    signatures, problems = {}, []
    for row in utterances.itertuples():
        try:
            status = audio_status(row.wav)
        except OSError as error:
            problems.append(f"{row.wav}: {error.strerror}")
            continue
        stretch = [int(end) if end else -1 for end in (row.start, row.stop)]
        signatures[row.ID] = [*status, *stretch]
    found = utterances[utterances["ID"].isin(signatures.keys())]
    rows = np.array(list(signatures.values()), dtype=np.int64)
    return found, rows.reshape(-1, 4), problems
