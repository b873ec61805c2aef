"""What the speakers of a pool say alike, taken out of their embeddings."""

import numpy as np
import pandas
from data_prep.errors import ManifestError
from data_prep.manifest import read_manifest
from emoclust_lobes.cluster_algorithms import remove_speaker


def remove_sentences(vectors, speakers, sentences):
    """Subtract what the other speakers' utterances of a sentence have in common.

    Where all say the same few sentences, an embedding tells the sentence, too,
    and clusters follow it. Each speaker's vectors are taken as from
    ``remove_speaker``; from them goes the mean over the utterances of the same
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
    speakers, sentences = np.asarray(speakers), np.asarray(sentences)
    centred = np.empty(vectors.shape)
    for rows in _rows_of(speakers):
        centred[rows] = remove_speaker(vectors[rows])
    rest = centred.copy()
    for rows in _rows_of(sentences):
        if sentences[rows[0]] == "":
            continue
        total = centred[rows].sum(axis=0)
        for places in _rows_of(speakers[rows]):
            own = rows[places]
            n_others = len(rows) - len(own)
            if n_others:
                rest[own] -= (total - centred[own].sum(axis=0)) / n_others
    return rest


def _rows_of(names):
    """List the rows of each name, sorted by name."""
    order = np.argsort(names, kind="stable")
    _, first = np.unique(names[order], return_index=True)
    return np.split(order, first[1:])


def sentences_of(utterances, sources):
    """Name the sentence of each utterance, in each manifest apart.

    So that a sentence of the pool is compared with the pool alone, and never
    with what development or test speakers say; nor with another corpus, which
    may number its sentences alike.

    Arguments
    ---------
    utterances : pandas.DataFrame
        From ``read_manifests``, in any order.
    sources : list of (str, str)
        What they were read from.

    Returns
    -------
    numpy.ndarray
        Names, "" where the sentence is not known, shape [n].

    Raises
    ------
    ManifestError
        When no sentence is known.

    Example
    -------
    >>> from emoclust_lobes.testing.noise import make_noise
    >>> sources = make_noise(getfixture("tmp_path"), [800, 1600])
    >>> from data_prep.manifest import read_manifests
    >>> table = read_manifests(sources).assign(sentence=["s1", ""])
    >>> sentences_of(table, sources).tolist()
    ['0 s1', '']
    """
    if (utterances["sentence"] == "").all():
        raise ManifestError(
            "cluster_without_sentences needs the sentence of utterances, and "
            "the manifests know of none: set it to False"
        )
    manifest = pandas.Series(0, index=utterances["ID"])
    for number, source in reversed(list(enumerate(sources))):
        manifest[read_manifest(source)["ID"]] = number  # the first one stays
    names = manifest.astype(str).to_numpy() + " " + utterances["sentence"]
    return names.where(utterances["sentence"] != "", "").to_numpy()
