"""What the options of stage 2 ask for, and which of them contradict others."""


def uses_clusters(hparams):
    """Say whether stage 2 reads the clusters, too.

    Arguments
    ---------
    hparams : dict
        The loaded YAML, with its block ``ser`` at the top level.

    Returns
    -------
    bool

    Example
    -------
    >>> uses_clusters({"contrastive_weight": 0.3, "propagate_labels": False})
    True
    """
    return hparams["contrastive_weight"] > 0 or hparams["propagate_labels"]


def refuse_contradictions(hparams):
    """Stop before anything is done where options cannot all be obeyed.

    Arguments
    ---------
    hparams : dict
        As for ``uses_clusters``.

    Raises
    ------
    ValueError
        Says what to change.

    Example
    -------
    >>> hparams = {"contrastive_weight": 0.3, "propagate_labels": False}
    >>> refuse_contradictions({**hparams, "pretraining": "none"})
    Traceback (most recent call last):
    ...
    ValueError: pretraining=none has no clusters, ...
    """
    if hparams["pretraining"] == "none" and uses_clusters(hparams):
        raise ValueError(
            "pretraining=none has no clusters, which ser_propagate_labels and "
            "ser_contrastive_weight read: choose another pretraining, and "
            "--init=none where its encoder is not to be used"
        )
    if hparams.get("keep_front_end") and not hparams["ssl_trainable_layers"]:
        raise ValueError(
            "keep_front_end=True keeps what has trained, and no layer trains: "
            "give --ssl_trainable_layers"
        )
