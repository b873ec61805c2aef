"""Embeddings without who speaks, what is said, and the units of columns."""

import pathlib

import numpy as np
import pandas
from data_prep.errors import ManifestError
from emoclust_lobes.clustering.algorithms import unit

# Columns in Hz, dB and seconds: without more, one of 88 decides. (With each
# divided by its deviation, AMI with emotion goes from .31 to .54 on EMO-DB; that
# of log-mel statistics, which all are dB, goes from .55 to .46.)
WITH_UNITS = ("egemaps",)
HELD_OUT = ("valid", "test")


def scale_columns(vectors, utterances, sources, encoder):
    """Divide columns that have units by their deviation inside speakers.

    Those are the training speakers, of the CSVs that are neither valid.csv nor
    test.csv; other encoders' vectors stay as they are.
    """
    if encoder not in WITH_UNITS:
        return vectors
    learned = np.array(
        [pathlib.Path(x.csv).stem not in HELD_OUT for x in sources]
    )
    training = learned[utterances["manifest"].to_numpy()]
    if not training.any():
        raise ManifestError(
            f"{encoder} is clustered in the units of training speakers, and "
            "there are development or test speakers alone: give a pool, too"
        )
    speakers = utterances["spk_id"].to_numpy()[training]
    own = pandas.DataFrame(vectors[training].astype(np.float64))
    deviations = (own - own.groupby(speakers).transform("mean")).std(ddof=0)
    return vectors / np.where(deviations > 0, deviations, 1)


def remove_speaker(vectors):
    """Subtract a speaker's mean vector and scale the rest to length one."""
    vectors = vectors.astype(np.float64)
    return unit(vectors - vectors.mean(axis=0))


def remove_speakers(vectors, speakers):
    """Do so for each of several speakers; vectors have shape [n, dim]."""
    centered = np.empty(vectors.shape)
    names = pandas.Series(np.asarray(speakers))
    for rows in names.groupby(names).indices.values():
        centered[rows] = remove_speaker(vectors[rows])
    return centered


def remove_sentences(vectors, speakers, sentences):
    """Subtract what the other speakers' utterances of a sentence share.

    Where all say the same few sentences, clusters follow them. From each
    vector of ``remove_speakers`` goes the mean over the same sentence by other
    speakers, if it is known and somebody else says it.
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

    So a pool's is never compared with what development or test speakers say,
    nor with another corpus'. What is not known is "".
    """
    known = utterances["sentence"] != ""
    if not known.any():
        raise ManifestError(
            "cluster_without_sentences needs the sentence of utterances, and "
            "the manifests know of none: set it to False"
        )
    names = utterances["manifest"].astype(str) + " " + utterances["sentence"]
    return names.where(known, "")
