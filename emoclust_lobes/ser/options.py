"""What the options of stage 2 ask for, and which of them contradict others."""

from data_prep.errors import EmoclustError
from emoclust_lobes.contrast.variants import find_variant


def uses_clusters(hparams):
    """Say whether stage 2 reads the clusters, too."""
    return hparams["contrastive_weight"] > 0 or hparams["propagate_labels"]


def refuse_contradictions(hparams):
    """Stop before anything is done where options cannot all be obeyed."""
    pretraining = hparams["pretraining"]
    clustered = pretraining != "none" and find_variant(pretraining).clusters
    if uses_clusters(hparams) and not clustered:
        raise EmoclustError(
            f"pretraining={pretraining} has no clusters, which "
            "ser_propagate_labels and ser_contrastive_weight read: choose "
            "another pretraining, and --init= a folder, or none, where its "
            "encoder is not to be used"
        )
    goal = hparams["goal"]
    if goal.target != "class" and hparams["propagate_labels"]:
        raise EmoclustError(
            "ser_propagate_labels gives utterances the class of their cluster, "
            f"and target={goal.target} learns no classes: leave one of them out"
        )
    if goal.has_votes and hparams["label_smoothing"]:
        raise EmoclustError(
            "label_smoothing is that of classes: with votes "
            f"(target={goal.target}) give --vote_smoothing instead"
        )
    if hparams["propagate_labels"] and not hparams["sources"].has_own:
        raise EmoclustError(
            "ser_propagate_labels gives labels to the clusters of the training "
            "speakers, and none of them is in the pool: add own to --pools, or "
            "set ser_propagate_labels to False"
        )
    trains = hparams.get("ssl_trainable_layers") or hparams.get("ssl_lora_rank")
    if hparams.get("keep_front_end") and not trains:
        raise EmoclustError(
            "keep_front_end=True keeps what has trained, and no layer trains: "
            "give --ssl_trainable_layers or --ssl_lora_rank"
        )
