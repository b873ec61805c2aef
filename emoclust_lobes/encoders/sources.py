"""Where an experiment takes the weights of a speaker encoder from.

Every step that embeds asks here: the vectors of an encoder have one place in
the ``embedding_folder``, and another source would replace them.
"""


def encoder_source(hparams, encoder):
    """Tell the source of an encoder in an experiment.

    Arguments
    ---------
    hparams : dict
        The loaded YAML.
    encoder : str
        Name of a speaker encoder, the YAML's own or any other.

    Returns
    -------
    str or None
        ``speaker_encoder_source`` for the YAML's own, ``ssl_vectors`` for
        ``ssl`` beside another; ``None`` stands for the encoder's usual source.

    Example
    -------
    >>> hparams = {
    ...     "speaker_encoder": "ecapa",
    ...     "speaker_encoder_source": "models/ecapa",
    ...     "ssl_vectors": "openai/whisper-base@4",
    ... }
    >>> [encoder_source(hparams, x) for x in ("ecapa", "ssl", "ge2e")]
    ['models/ecapa', 'openai/whisper-base@4', None]
    """
    if encoder == hparams["speaker_encoder"]:
        return hparams.get("speaker_encoder_source")
    return hparams.get("ssl_vectors") if encoder == "ssl" else None
