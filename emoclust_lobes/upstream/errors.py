"""What can go wrong on the way to SpeechBrain's tree."""

from data_prep.errors import EmoclustError


class UpstreamError(EmoclustError):
    """Something cannot be exported or breaks a rule of SpeechBrain's."""
