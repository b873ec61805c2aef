"""What can go wrong on the way to SpeechBrain's tree."""


class UpstreamError(RuntimeError):
    """Something cannot be exported or breaks a rule of SpeechBrain's."""
