"""Batches of utterances of exactly equal length, read while others compute."""

import itertools
import math

import numpy as np
import torch
from emoclust_lobes.audio.reading import read_utterance
from emoclust_lobes.parallel.threads import in_threads
from tqdm import tqdm

from speechbrain.utils.distributed import if_main_process


def equal_length_batches(
    utterances, sample_rate, max_seconds, problems, read_ahead=32, change=None
):
    """Yield rows [batch] and waveforms [batch, time] of one exact length.

    Nothing is padded. A thread reads ahead; a line about each file that cannot
    be read is added to ``problems``. ``change`` makes another waveform of one,
    told the utterance's ID.
    """
    ids = utterances["ID"].to_numpy()
    segments = utterances[["wav", "start", "stop"]].to_numpy()

    def read(row):
        wav, start, stop = segments[row]
        waveform = read_utterance(wav, start, stop, sample_rate)
        return change(waveform, ids[row]) if change else waveform

    def readable():
        for row, reading in in_threads(read, order, read_ahead):
            try:
                yield row, reading.result()
            except (OSError, RuntimeError, ValueError) as error:
                problems.append(f"{segments[row][0]}: {error}")

    # Sorted, utterances of equal length stand side by side.
    order = utterances["duration"].to_numpy().argsort(kind="stable")
    for samples, group in itertools.groupby(readable(), lambda x: len(x[1])):
        size = max(1, int(max_seconds * sample_rate / samples))
        while batch := list(itertools.islice(group, size)):
            rows, waveforms = zip(*batch, strict=True)
            yield np.array(rows), torch.stack(waveforms)


def speech_progress(task, utterances):
    """Progress bar of the main process, in seconds of speech.

    These, and not the utterances, are what takes time.
    """
    return tqdm(
        desc=task,
        total=math.ceil(utterances["duration"].sum()),
        unit="s",
        unit_scale=True,
        disable=not if_main_process(),
    )
