"""Probabilities that can be believed: temperature scaling, and its measure.

One number, the temperature, divides the logits (Guo et al., On Calibration of
Modern Neural Networks, ICML 2017, arXiv 1706.04599). It changes how sure the
model says it is, and never which class it prefers. It is fitted on the
development speakers; the test speakers only tell how well it fits.
"""

import numpy as np
import torch
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

    The mean negative log-probability of the truth is convex in the inverse of
    the temperature, which is searched between 1/20 and 20.

    Arguments
    ---------
    log_probabilities : torch.Tensor
        Shape [n, classes].
    truth : torch.Tensor
        Index of the true class of each, shape [n].

    Returns
    -------
    float

    Example
    -------
    >>> sure = torch.tensor([[0.99, 0.01]] * 4).log()  # and once wrong
    >>> fit_temperature(sure, torch.tensor([0, 0, 0, 1]))
    4.1827
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
    """Return the mean negative log-probability of the truth.

    Arguments
    ---------
    log_probabilities : torch.Tensor
        Or logits, shape [n, classes].
    truth : torch.Tensor
        Index of the true class of each, shape [n].

    Returns
    -------
    float
        In nats.

    Example
    -------
    >>> negative_log_likelihood(torch.zeros(1, 2), torch.tensor([0]))
    0.6931471805599453
    """
    scores = log_probabilities.double().log_softmax(dim=1)
    return torch.nn.functional.nll_loss(scores, truth).item()


def expected_calibration_error(probabilities, truth, bins=15):
    """Return how far confidence is from accuracy, on average.

    Predictions are sorted into bins of equal width, ``((m - 1) / bins, m /
    bins]``, by their confidence, the probability of the class that is
    predicted. Over the bins, weighted by the share of the predictions in each,
    the mean of ``|accuracy - mean confidence|`` (Guo et al. 2017, equation 3).

    Arguments
    ---------
    probabilities : torch.Tensor
        Shape [n, classes].
    truth : torch.Tensor
        Index of the true class of each, shape [n].
    bins : int
        Number of bins.

    Returns
    -------
    float
        From 0, which is best, to 1.

    Example
    -------
    >>> halves = torch.tensor([[0.8, 0.2], [0.8, 0.2]])
    >>> round(expected_calibration_error(halves, torch.tensor([0, 1])), 3)
    0.3
    """
    confidence, prediction = probabilities.double().max(dim=1)
    right = (prediction == truth).double()
    place = (confidence * bins).ceil().long().clamp(1, bins) - 1
    gaps = torch.zeros(bins, dtype=torch.float64)
    gaps.index_add_(0, place, right - confidence)
    return gaps.abs().sum().item() / len(truth)


def calibrate(predictions, valid_predictions, classes):
    """Fit the temperature of a run, and measure what it does.

    Where speakers are enrolled, all numbers of enrolled utterances count
    alike: one temperature serves them all.

    Arguments
    ---------
    predictions : pandas.DataFrame
        Of the test, from ``predict_emotions``.
    valid_predictions : pandas.DataFrame
        Of the development speakers; ``None`` where the protocol has none, and
        then the temperature is 1.
    classes : sequence of str
        The class set.

    Returns
    -------
    dict
        ``temperature``; ``valid`` (``None`` without development speakers) and
        ``test`` with ``n`` (predictions), ``ece`` and ``nll`` (expected
        calibration error; mean negative log-probability of the truth, in nats)
        as the model is, and ``ece_scaled, nll_scaled`` at the temperature.

    Example
    -------
    >>> import pandas
    >>> row = {"truth": "ang", "p_ang": 0.8, "p_sad": 0.2}
    >>> sure = pandas.DataFrame([row, {**row, "truth": "sad"}] * 5)
    >>> found = calibrate(sure, sure, ["ang", "sad"])
    >>> round(found["test"]["ece"], 3), round(found["test"]["ece_scaled"], 3)
    (0.3, 0.017)
    """
    test = _scores(predictions, classes)
    if valid_predictions is None:
        return {"temperature": 1.0, "valid": None, "test": _measure(test, 1.0)}
    valid = _scores(valid_predictions, classes)
    temperature = fit_temperature(*valid)
    return {
        "temperature": temperature,
        "valid": _measure(valid, temperature),
        "test": _measure(test, temperature),
    }


def _scores(predictions, classes):
    """Log-probabilities [n, classes] and indices of the truth [n]."""
    chances = predictions[[f"p_{name}" for name in classes]].to_numpy(float)
    scores = np.log(chances.clip(min=np.finfo(np.float32).tiny))
    truth = [list(classes).index(name) for name in predictions["truth"]]
    return torch.from_numpy(scores), torch.tensor(truth)


def _measure(split, temperature):
    """Both measures of what ``_scores`` gives, before and after."""
    scores, truth = split
    measured = {"n": len(truth)}
    for suffix, each in (("", 1.0), ("_scaled", temperature)):
        measured[f"ece{suffix}"] = expected_calibration_error(
            calibrated(scores, each), truth
        )
        measured[f"nll{suffix}"] = negative_log_likelihood(scores / each, truth)
    return measured
