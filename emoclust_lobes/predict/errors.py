"""How prediction says that it cannot be done as it was asked for."""

from data_prep.errors import EmoclustError


class PredictError(EmoclustError):
    """What is wrong with the model, the options or the inputs, and where.

    A single file that cannot be used is no such error where others remain:
    see :class:`data_prep.recordings.audio_files.UnusableAudio`.
    """
