"""Large classes and small ones: in the loss, by sampling, or as they are."""

import numpy as np
import torch

from speechbrain.dataio.sampler import ReproducibleWeightedRandomSampler

WAYS = ("weights", "sampling", "none")


class ClassBalance:
    """How training makes up for classes of different sizes.

    Arguments
    ---------
    way : {"weights", "sampling", "none"}
        The weight of each class in the loss, or the chance of its utterances
        to be drawn, is inverse to its size; or neither.

    Raises
    ------
    ValueError
        When there is no such way.

    Example
    -------
    >>> balance = ClassBalance("weights")
    >>> emotions, classes = ["ang", "sad", "sad", "sad"], ["ang", "sad"]
    >>> balance.loss_weights(emotions, classes, device="cpu")
    tensor([2.0000, 0.6667])
    >>> balance.loader_options(emotions, classes, batch_size=2, seed=1)
    {'batch_size': 2, 'drop_last': True, 'shuffle': True}
    """

    def __init__(self, way):
        if way not in WAYS:
            raise ValueError(
                f"class_balance must be weights, sampling or none, not {way!r}"
            )
        self.way = way

    def loss_weights(self, emotions, classes, device) -> torch.Tensor | None:
        """Return the weight of each class in the loss.

        Arguments
        ---------
        emotions : sequence of str
            Emotion of each training utterance, shape [n].
        classes : sequence of str
            The class set.
        device : str
            Where they are needed.

        Returns
        -------
        torch.Tensor or None
            Shape [classes]; ``None`` where all count alike.
        """
        if self.way != "weights":
            return None
        return _inverse_sizes(emotions, classes).to(device)

    def loader_options(self, emotions, classes, batch_size, seed):
        """Return the options of the training loader.

        Arguments
        ---------
        emotions : sequence of str
            Emotion of each training utterance, shape [n].
        classes : sequence of str
            The class set.
        batch_size : int
            Utterances per batch; the last batch is dropped where it would be
            smaller, because BatchNorm cannot train on a batch of one.
        seed : int
            Seed of the draws.

        Returns
        -------
        dict
            ``batch_size``, ``drop_last`` and ``sampler`` or ``shuffle``.
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
