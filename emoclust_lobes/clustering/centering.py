"""Embeddings without who speaks, and without what is said."""

import numpy as np
import pandas
from data_prep.errors import ManifestError
from emoclust_lobes.clustering.algorithms import unit


def remove_speaker(vectors):
    """Subtract a speaker's mean vector and scale the rest to length one.

    Arguments
    ---------
    vectors : numpy.ndarray
        All embeddings of one speaker, shape [n, dim].

    Returns
    -------
    numpy.ndarray
        float64, shape [n, dim].

    Example
    -------
    >>> remove_speaker(np.array([[1.0, 5.0], [1.0, 1.0]])).tolist()
    [[0.0, 1.0], [0.0, -1.0]]
    """
    vectors = vectors.astype(np.float64)
    return unit(vectors - vectors.mean(axis=0))


def remove_speakers(vectors, speakers):
    """Do the same for each of several speakers.

    Arguments
    ---------
    vectors : numpy.ndarray
        Embeddings, shape [n, dim].
    speakers : sequence of str
        Speaker of each, length [n].

    Returns
    -------
    numpy.ndarray
        float64, shape [n, dim].

    Example
    -------
    >>> vectors = np.array([[1.0, 5.0], [7.0, 7.0], [1.0, 1.0]])
    >>> remove_speakers(vectors, ["ann", "bob", "ann"]).tolist()
    [[0.0, 1.0], [0.0, 0.0], [0.0, -1.0]]
    """
    centered = np.empty(vectors.shape)
    names = pandas.Series(np.asarray(speakers))
    for rows in names.groupby(names).indices.values():
        centered[rows] = remove_speaker(vectors[rows])
    return centered


def remove_sentences(vectors, speakers, sentences):
    """Subtract what the other speakers' utterances of a sentence have in common.

    Where all say the same few sentences, an embedding tells the sentence, too,
    and clusters follow it. Each speaker's vectors are taken as from
    ``remove_speakers``; from them goes the mean over the utterances of the same
    sentence by other speakers. An utterance whose sentence is not known, or
    that no other speaker says, loses nothing more.

    Arguments
    ---------
    vectors : numpy.ndarray
        Embeddings, shape [n, dim].
    speakers, sentences : sequence of str
        Of each utterance, length [n]; a sentence that is not known is "".

    Returns
    -------
    numpy.ndarray
        float64, shape [n, dim].

    Example
    -------
    >>> remove_sentences(
    ...     vectors=np.array([[3.0, 1], [3, -1], [0, 9], [0, 7]]),
    ...     speakers=["ann", "ann", "bob", "bob"],
    ...     sentences=["s", "t", "s", ""],
    ... ).tolist()
    [[0.0, 0.0], [0.0, -1.0], [0.0, 0.0], [0.0, -1.0]]
    """
    centered = remove_speakers(vectors, speakers)
    rest = centered.copy()
    table = pandas.DataFrame(
        {"speaker": np.asarray(speakers), "sentence": np.asarray(sentences)}
    )
    known = table[table["sentence"] != ""]
    for _, said in known.groupby("sentence"):
        total = centered[said.index].sum(axis=0)
        for own in said.groupby("speaker").groups.values():
            n_others = len(said) - len(own)
            if n_others:
                rest[own] -= (total - centered[own].sum(axis=0)) / n_others
    return rest


def sentences_of(utterances):
    """Name the sentence of each utterance, in each manifest apart.

    So that a sentence of the pool is compared with the pool alone, and never
    with what development or test speakers say; nor with another corpus, which
    may number its sentences alike.

    Arguments
    ---------
    utterances : pandas.DataFrame
        From ``read_manifests``, with ``manifest``.

    Returns
    -------
    pandas.Series
        Names, "" where the sentence is not known, length [n].

    Raises
    ------
    ManifestError
        When no sentence is known.

    Example
    -------
    >>> table = pandas.DataFrame({"manifest": [0, 0], "sentence": ["s1", ""]})
    >>> sentences_of(table).tolist()
    ['0 s1', '']
    """
    known = utterances["sentence"] != ""
    if not known.any():
        raise ManifestError(
            "cluster_without_sentences needs the sentence of utterances, and "
            "the manifests know of none: set it to False"
        )
    names = utterances["manifest"].astype(str) + " " + utterances["sentence"]
    return names.where(known, "")
