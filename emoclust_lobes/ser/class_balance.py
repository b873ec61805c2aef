"""Large classes and small ones: in the loss, by sampling, or as they are."""

import numpy as np
import torch
from data_prep.errors import EmoclustError

from speechbrain.dataio.sampler import ReproducibleWeightedRandomSampler

WAYS = ("weights", "sampling", "none")


class ClassBalance:
    """How training makes up for classes of different sizes.

    Inverse to its size is each class' weight in the loss ("weights") or the
    chance of its utterances to be drawn ("sampling"); "none" is neither.
    """

    def __init__(self, way):
        if way not in WAYS:
            raise EmoclustError(
                f"class_balance must be weights, sampling or none, not {way!r}"
            )
        self.way = way

    def loss_weights(self, shares, device) -> torch.Tensor | None:
        """Return the classes' weights [classes], ``None`` if all are alike.

        ``shares`` [utterances, classes] say how much of each class they are.
        """
        if self.way != "weights" or not shares.size:
            return None
        return inverse_sizes(shares).to(device)

    def loader_options(self, shares, batch_size, seed):
        """Return the options of the training loader.

        A last batch that is smaller is dropped: BatchNorm cannot train on one
        row.
        """
        options = {
            "batch_size": batch_size,
            "drop_last": len(shares) > batch_size,
        }
        if self.way != "sampling" or not shares.size:
            return {**options, "shuffle": True}
        sampler = ReproducibleWeightedRandomSampler(
            (shares @ inverse_sizes(shares).double().numpy()).tolist(),
            num_samples=len(shares),
            replacement=True,
            seed=seed,
        )
        return {**options, "sampler": sampler}


def inverse_sizes(shares):
    """Weights of the classes, whose mean over the utterances is 1.

    A class of less than one utterance in all counts as one.
    """
    sizes = np.maximum(shares.sum(axis=0), 1)
    weights = len(shares) / (shares.shape[1] * sizes)
    return torch.tensor(weights, dtype=torch.float32)
