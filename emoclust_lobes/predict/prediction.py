"""What is told of a recording, and of a turn in it."""

from typing import NamedTuple


class HeardTurn(NamedTuple):
    """A turn, and what a model hears in it.

    Arguments
    ---------
    start, end : float
        Where it lies in the recording, in seconds.
    speaker : str
        Empty where unknown.
    enrolled : int
        With how many other turns of the speaker it was compared.
    windows : list of (float, float, dict)
        Start and end in seconds, and class -> probability, of each window.

    Example
    -------
    >>> HeardTurn(0.5, 2.0, "S1", 3, [(0.5, 2.0, {"ang": 1.0})]).enrolled
    3
    """

    start: float
    end: float
    speaker: str
    enrolled: int
    windows: list


class FilePrediction(NamedTuple):
    """What a model hears in a recording.

    Arguments
    ---------
    path : str
        The recording, as it was given.
    emotion : str
        Code of the most probable class; empty where nobody speaks, and of
        models of dimensions alone, which have no probabilities either.
    confidence : float or None
        Its probability.
    probabilities : dict
        Class -> probability, calibrated: the mean of the windows'.
    seconds : float
        Length of the recording.
    windows : list of (float, float, dict)
        Start and end in seconds, and class -> probability, of each window.
    speaker : str
        Empty where unknown.
    turns : list of HeardTurn, or None
        Where somebody listened, see ``emoclust_lobes.turns.Listener``.
    bounds : tuple
        Likewise: (start, end) of the recording.
    dimensions : dict
        Dimension -> number on the corpus' scale, the mean of the windows', of
        models that have any.

    Example
    -------
    >>> chances = {"ang": 0.9, "sad": 0.1}
    >>> windows = [(0.0, 1.0, chances)]
    >>> FilePrediction("a.wav", "ang", 0.9, chances, 1.0, windows).emotion
    'ang'
    """

    path: str
    emotion: str
    confidence: float | None
    probabilities: dict
    seconds: float
    windows: list
    speaker: str = ""
    turns: list | None = None
    bounds: tuple = ()
    dimensions: dict = {}
