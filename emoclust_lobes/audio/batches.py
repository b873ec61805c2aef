"""Batches of utterances of exactly equal length, read while others compute."""

import itertools

import numpy as np
import torch
from emoclust_lobes.audio.reading import read_utterance
from emoclust_lobes.parallel.threads import in_threads


def equal_length_batches(
    utterances, sample_rate, max_seconds, problems, read_ahead=32
):
    """Read utterances into batches [batch, time] of one exact length each.

    A thread reads the next utterances while whoever asks for batches computes.
    Nothing is padded, so recordings of mixed lengths mostly go alone.

    Arguments
    ---------
    utterances : pandas.DataFrame
        Rows of manifests.
    sample_rate : int
        Rate of the waveforms, in Hz.
    max_seconds : float
        Upper limit of the speech in a batch of several utterances.
    problems : list of str
        Receives a line about each file that cannot be read.
    read_ahead : int
        Number of utterances that the thread may be ahead.

    Yields
    ------
    rows : numpy.ndarray
        Positions of the batch's utterances.
    waveforms : torch.Tensor
        Shape [len(rows), time].

    Example
    -------
    >>> from emoclust_lobes.synthetic.noise import make_noise
    >>> folder = getfixture("tmp_path")
    >>> sources = make_noise(folder, [800, 1600, 800])
    >>> from data_prep.manifests.manifest import read_manifests
    >>> batches = equal_length_batches(read_manifests(sources), 16000, 60, [])
    >>> [(rows.tolist(), waveforms.shape[1]) for rows, waveforms in batches]
    [([0, 2], 800), ([1], 1600)]
    """

    stretches = utterances[["wav", "start", "stop"]].to_numpy()

    def read(row):
        wav, start, stop = stretches[row]
        return read_utterance(wav, start, stop, sample_rate)

    def readable():
        for row, reading in in_threads(read, order, read_ahead):
            try:
                yield row, reading.result()
            except (OSError, RuntimeError, ValueError) as error:
                problems.append(f"{stretches[row][0]}: {error}")

    # Sorted, utterances of equal length stand side by side.
    order = utterances["duration"].to_numpy().argsort(kind="stable")
    for samples, group in itertools.groupby(readable(), lambda x: len(x[1])):
        size = max(1, int(max_seconds * sample_rate / samples))
        while batch := list(itertools.islice(group, size)):
            rows, waveforms = zip(*batch, strict=True)
            yield np.array(rows), torch.stack(waveforms)
