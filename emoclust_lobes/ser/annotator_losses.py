"""Losses of distributions over annotators, and of their ratings."""


def soft_cross_entropy(
    log_probabilities, distributions, weights, class_weights=None
):
    """Return the mean cross-entropy of distributions, in nats.

    Shapes are [batch, classes] twice, and [batch]; ``class_weights`` [classes],
    of the terms, are those of the negative log-likelihood of labels.
    """
    terms = -distributions * log_probabilities
    if class_weights is not None:
        terms = terms * class_weights
    return (weights * terms.sum(dim=1)).mean()


def concordance_loss(predicted, truth):
    """Return the mean over dimensions of 1 - CCC over a batch.

    Shapes are [batch, dimensions]. Where a dimension is constant in both, its
    CCC is 0.
    """
    errors = (predicted.mean(dim=0) - truth.mean(dim=0)).square()
    x, y = predicted - predicted.mean(dim=0), truth - truth.mean(dim=0)
    both = (x * y).mean(dim=0)
    apart = x.square().mean(dim=0) + y.square().mean(dim=0) + errors
    return (1 - 2 * both / apart.clamp(min=1e-8)).mean()
