"""Where an experiment takes the weights of a speaker encoder from.

Every step that embeds asks here: the vectors of an encoder have one place in
the ``embedding_folder``, and another source would replace them.
"""


def encoder_source(hparams, encoder):
    """Source of a speaker encoder in an experiment; None: its usual one.

    That of the YAML's own is ``speaker_encoder_source``; where ``ssl`` is
    beside another, its source is ``ssl_vectors``.
    """
    if encoder == hparams["speaker_encoder"]:
        return hparams.get("speaker_encoder_source")
    return hparams.get("ssl_vectors") if encoder == "ssl" else None
