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

    ``train`` has one row for each label: the number ``row`` of its utterance,
    and its speaker as ``spk_id`` and ``speaker``. What is ``None`` is left out.
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
