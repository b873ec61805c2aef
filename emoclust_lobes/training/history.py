"""The course of a training: one row an epoch, kept with the checkpoints."""

import json
import math

import pandas as pd
import torch
from data_prep.storage.files import replacing

from speechbrain.utils.checkpoints import (
    mark_as_loader,
    mark_as_saver,
    register_checkpoint_hooks,
)


@register_checkpoint_hooks
class History:
    """Rows of numbers that a checkpoint saves and recalls.

    A log file repeats the epochs that an interrupted run trains again; these
    rows do not, and the means over the steps of an epoch survive a
    checkpoint inside the epoch.

    Example
    -------
    >>> history = History()
    >>> history.note(loss=3.0)
    >>> history.note(loss=1.0)
    >>> history.add(epoch=1, train_loss=history.means()["loss"], valid_uar=0.3)
    >>> history.rows
    [{'epoch': 1, 'train_loss': 2.0, 'valid_uar': 0.3}]
    """

    def __init__(self):
        self.rows = []
        self.sums = {}

    def note(self, **numbers):
        """Note numbers (or scalar tensors) of one step."""
        for name, number in numbers.items():
            total, count = self.sums.get(name, (0.0, 0))
            if isinstance(number, torch.Tensor):
                number = number.detach()
            self.sums[name] = (total + number, count + 1)

    def means(self):
        """Return the means of what was noted, and start anew."""
        means = {n: float(total) / c for n, (total, c) in self.sums.items()}
        self.sums = {}
        return means

    def add(self, **numbers):
        """Add the row of one epoch."""
        self.rows.append(numbers)

    def write(self, folder, picture=True):
        """Write ``history.csv`` and, as a ``picture``, ``learning_curves.png``.

        Each number has a panel of its own over the epochs;
        ``train_emotion_loss`` and ``valid_emotion_loss`` share one.
        """
        table = pd.DataFrame(self.rows)
        with replacing(f"{folder}/history.csv") as stream:
            table.to_csv(stream, index=False)
        if not picture:
            return
        panels: dict[str, list[tuple[str, str]]] = {}
        for column in table.columns.drop("epoch"):
            split, _, number = column.partition("_")
            panels.setdefault(number, []).append((split, column))
        n_columns = min(3, len(panels))
        n_rows = math.ceil(len(panels) / n_columns)
        import matplotlib.figure  # takes half a second

        figure = matplotlib.figure.Figure(
            figsize=(4 * n_columns, 3 * n_rows), layout="constrained"
        )
        axes = figure.subplots(n_rows, n_columns, squeeze=False).flat
        for (number, lines), axis in zip(panels.items(), axes):
            for split, column in lines:
                axis.plot(table["epoch"], table[column], ".-", label=split)
            axis.set(xlabel="epoch", ylabel=number.replace("_", " "))
            axis.legend()
        for axis in axes:  # places that are left over
            axis.set_axis_off()
        with replacing(f"{folder}/learning_curves.png", "wb") as stream:
            figure.savefig(stream, format="png", dpi=120)

    @mark_as_saver
    def _save(self, path):
        sums = {n: (float(total), c) for n, (total, c) in self.sums.items()}
        with open(path, "w", encoding="utf-8") as stream:
            json.dump({"rows": self.rows, "sums": sums}, stream)

    @mark_as_loader
    def _load(self, path, end_of_epoch):
        with open(path, encoding="utf-8") as stream:
            saved = json.load(stream)
        self.rows, self.sums = saved["rows"], saved["sums"]
