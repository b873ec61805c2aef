"""The modules of stage 2 that depend on the utterances it is given."""

from emoclust_lobes.training.frozen import Frozen


def ser_modules(
    modules,
    train,
    freeze_encoder=False,
    speaker_classifier=None,
    projection=None,
    speaker_normalization=None,
):
    """Add to the modules of the YAML what the training utterances decide.

    Arguments
    ---------
    modules : dict
        Name -> module, with ``embedding_model``.
    train : pandas.DataFrame
        The training utterances, one row for each label; its columns ``row``
        (number of the utterance), ``spk_id`` and ``speaker`` (its number) are
        read.
    freeze_encoder : bool
        Whether ``embedding_model`` stays as it is.
    speaker_classifier : callable or None
        Makes the classifier of ``out_neurons`` speakers; ``None`` where
        speakers are not classified.
    projection : torch.nn.Module or None
        From embeddings to what is contrasted; ``None`` without a contrast.
    speaker_normalization : SpeakerNormalization or None
        Started with the training utterances; ``None`` without enrolment.

    Returns
    -------
    dict
        Name -> module.

    Example
    -------
    >>> import pandas as pd
    >>> import torch
    >>> train = pd.DataFrame({"row": [0, 1], "spk_id": ["a", "b"]})
    >>> made = ser_modules(
    ...     modules={"embedding_model": torch.nn.Linear(4, 3)},
    ...     train=train.assign(speaker=[0, 1]),
    ...     freeze_encoder=True,
    ...     speaker_classifier=lambda out_neurons: torch.nn.Linear(
    ...         3, out_neurons
    ...     ),
    ... )
    >>> made["embedding_model"](torch.zeros(5, 4)).requires_grad
    False
    >>> made["speaker_classifier"].out_features
    2
    """
    made = dict(modules)
    if freeze_encoder:
        made["embedding_model"] = Frozen(modules["embedding_model"])
    if speaker_classifier is not None:
        made["speaker_classifier"] = speaker_classifier(
            out_neurons=train["spk_id"].nunique()
        )
    if projection is not None:
        made["projection"] = projection
    if speaker_normalization is not None:
        utterances = train.drop_duplicates("row")
        speaker_normalization.start(utterances["speaker"].tolist())
        made["speaker_normalization"] = speaker_normalization
    return made
