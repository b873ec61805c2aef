"""What is told of a recording, and of a turn in it."""

from typing import NamedTuple


class HeardTurn(NamedTuple):
    """A turn, in seconds, and what a model hears in its windows.

    ``speaker`` is empty where unknown; ``enrolled`` says with how many other
    turns of the speaker it was compared; windows are as in a FilePrediction.
    """

    start: float
    end: float
    speaker: str
    enrolled: int
    windows: list


class FilePrediction(NamedTuple):
    """What a model hears in a recording of so many ``seconds``.

    A window is (start, end, class -> calibrated probability);
    ``probabilities`` are the windows' means, ``emotion`` the most probable
    class, empty where nobody speaks and of models of dimensions alone,
    ``dimensions`` name -> mean rating. A ``speaker`` is empty where unknown;
    ``turns`` (HeardTurns) and ``bounds``, (start, end), are there where a
    Listener listened.
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
