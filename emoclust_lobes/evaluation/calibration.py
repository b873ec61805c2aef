"""Probabilities that can be believed: temperature scaling, and its measure.

One number divides the logits (Guo et al., ICML 2017, arXiv 1706.04599): it
changes how sure the model says it is, and never which class it prefers.
"""

import numpy as np
import torch
from data_prep.annotations.arrays import vote_counts
from scipy.optimize import minimize_scalar

# Where even the best temperature is at an end: a development set without a
# single error would ask for 0, one of noise for infinity.
LOWEST, HIGHEST = 0.05, 20.0


def calibrated(log_probabilities, temperature):
    """Return the probabilities at a temperature.

    Arguments
    ---------
    log_probabilities : torch.Tensor
        Of a model, or its logits, shape [..., classes].
    temperature : float
        Above 1 the model becomes less sure, below 1 surer.

    Returns
    -------
    torch.Tensor
        Shape [..., classes]; their sum is 1.

    Example
    -------
    >>> log_probabilities = torch.tensor([0.9, 0.1]).log()
    >>> calibrated(log_probabilities, 2.0)
    tensor([0.7500, 0.2500])
    """
    return (log_probabilities / temperature).softmax(dim=-1)


def fit_temperature(log_probabilities, truth):
    """Fit the temperature under which the truth is most probable.

    log_probabilities is [n, classes], truth the index of each true class, [n], or
    the shares of the annotators' votes, [n, classes]. The loss is convex in the inverse of the temperature, searched in 1/20 ... 20.
    """
    scores = log_probabilities.double()

    def loss(inverse):
        return negative_log_likelihood(scores * inverse, truth)

    found = minimize_scalar(
        loss,
        bounds=(1 / HIGHEST, 1 / LOWEST),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return round(float(1 / found.x), 4)


def negative_log_likelihood(log_probabilities, truth):
    """Return the mean of -log p(truth) in nats, of scores [n, classes].

    With shares of votes for a truth, the cross-entropy.
    """
    scores = log_probabilities.double()
    return torch.nn.functional.cross_entropy(scores, truth).item()


def expected_calibration_error(probabilities, truth, bins=15):
    """Return the mean gap between confidence and accuracy, 0 (best) to 1.

    Bins are ((m - 1) / bins, m / bins], weighted by their share (Guo et al.
    2017, equation 3). With shares of votes for a truth, a prediction is as
    right as annotators agree with it.
    """
    confidence, prediction = probabilities.double().max(dim=1)
    if truth.dim() == 2:
        right = truth.gather(1, prediction[:, None]).squeeze(1)
    else:
        right = (prediction == truth).double()
    place = (confidence * bins).ceil().long().clamp(1, bins) - 1
    gaps = torch.zeros(bins, dtype=torch.float64)
    gaps.index_add_(0, place, right - confidence)
    return gaps.abs().sum().item() / len(truth)


def calibrate(predictions, valid_predictions, classes):
    """Fit the temperature of a run on its development speakers; measure it.

    Takes two tables of ``predict_emotions``; without development speakers it
    is 1. Returns ``temperature``, ``valid`` and ``test`` (n, ece, nll in nats;
    ece_scaled, nll_scaled).
    """
    test = logits_and_truth(predictions, classes)
    if valid_predictions is None:
        return {"temperature": 1.0, "valid": None, "test": _measure(test, 1.0)}
    valid = logits_and_truth(valid_predictions, classes)
    temperature = fit_temperature(*valid)
    return {
        "temperature": temperature,
        "valid": _measure(valid, temperature),
        "test": _measure(test, temperature),
    }


def logits_and_truth(predictions, classes):
    """Log-probabilities [n, classes]; indices of the truth [n], or shares."""
    chances = predictions[[f"p_{name}" for name in classes]].to_numpy(float)
    scores = np.log(chances.clip(min=np.finfo(np.float32).tiny))
    if "votes" in predictions:
        counts = torch.from_numpy(vote_counts(predictions["votes"], classes))
        return torch.from_numpy(scores), counts / counts.sum(1, keepdim=True)
    truth = [list(classes).index(name) for name in predictions["truth"]]
    return torch.from_numpy(scores), torch.tensor(truth)


def _measure(split, temperature):
    """Both measures of what ``logits_and_truth`` gives, before and after."""
    scores, truth = split
    measured = {"n": len(truth)}
    for suffix, each in (("", 1.0), ("_scaled", temperature)):
        measured[f"ece{suffix}"] = expected_calibration_error(
            calibrated(scores, each), truth
        )
        measured[f"nll{suffix}"] = negative_log_likelihood(scores / each, truth)
    return measured
