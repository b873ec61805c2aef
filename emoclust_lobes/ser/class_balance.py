"""Large classes and small ones: in the loss, by sampling, or as they are."""

import numpy as np
import torch
from data_prep.errors import EmoclustError

from speechbrain.dataio.sampler import ReproducibleWeightedRandomSampler

WAYS = ("weights", "sampling", "none")


class ClassBalance:
    """How training makes up for classes of different sizes.

    The weight of each class in the loss ("weights"), or the chance of its
    utterances to be drawn ("sampling"), is inverse to its size; or neither
    ("none").
    """

    def __init__(self, way):
        if way not in WAYS:
            raise EmoclustError(
                f"class_balance must be weights, sampling or none, not {way!r}"
            )
        self.way = way

    def loss_weights(self, emotions, classes, device) -> torch.Tensor | None:
        """Return the weights of the classes, shape [classes]; ``None`` if all
        are alike.
        """
        if self.way != "weights":
            return None
        return _inverse_sizes(emotions, classes).to(device)

    def loader_options(self, emotions, classes, batch_size, seed):
        """Return the options of the training loader.

        A last batch that is smaller is dropped: BatchNorm cannot train on one
        row.
        """
        options = {
            "batch_size": batch_size,
            "drop_last": len(emotions) > batch_size,
        }
        if self.way != "sampling":
            return {**options, "shuffle": True}
        weights = dict(zip(classes, _inverse_sizes(emotions, classes).tolist()))
        sampler = ReproducibleWeightedRandomSampler(
            [weights[emotion] for emotion in emotions],
            num_samples=len(emotions),
            replacement=True,
            seed=seed,
        )
        return {**options, "sampler": sampler}


def _inverse_sizes(emotions, classes):
    """Weights of the classes, whose mean over the utterances is 1."""
    sizes = [np.sum(np.array(emotions) == name) for name in classes]
    weights = len(emotions) / (len(classes) * np.array(sizes))
    return torch.tensor(weights, dtype=torch.float32)
