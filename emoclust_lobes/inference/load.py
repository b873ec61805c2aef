"""Load the model of an inference folder, as it was tested."""

import torch
from data_prep.errors import EmoclustError
from emoclust_lobes.inference.find import find_model
from emoclust_lobes.inference.trust import (
    InferenceError,
    check_layout,
    check_yaml,
)
from emoclust_lobes.training.damage import load_state

from speechbrain.inference.classifiers import EncoderClassifier
from speechbrain.utils.fetching import FetchConfig

SETTINGS = "hyperparams.yaml"
LABELS = "label_encoder.ckpt"
# What `hparams` of a loaded model holds
NEEDED = (
    "sample_rate",
    "classes",
    "temperature",
    "enrolment",
    "embedding_size",
    "label_encoder",
)


def load_model(folder, device="cpu", trust=False):
    """Load a model from its folder; only a hub's is downloaded, once.

    ``EncoderClassifier.from_hparams(source=folder)`` gives the same model.
    Here the YAML is looked at before it is loaded, and all weights must fit.

    Arguments
    ---------
    folder : str or pathlib.Path
        The ``inference`` folder of a run, or a published one; ``starter``;
        or ``OWNER/NAME`` on the Hugging Face hub.
    device : str
        Where to compute: ``"cpu"``, ``"cuda:0"``.
    trust : bool
        Load the YAML whatever it names. A YAML can run any program: trust
        those who wrote it.

    Returns
    -------
    EncoderClassifier
        SpeechBrain's, in evaluation mode. ``classify_batch`` and
        ``classify_file`` give log-probabilities as they were tested, which the
        temperature has not changed; ``encode_batch`` embeddings, shape [batch,
        1, dim], and ``mods.classifier`` maps these to log-probabilities. Where
        ``hparams.enrolment`` holds, ``mods.classifier`` is an
        ``emoclust_lobes.enrolment.EnrolledClassifier``: its ``enrol`` takes a
        speaker's own embeddings. Its ``hparams`` has ``sample_rate`` (in Hz),
        ``classes`` (list of codes, in the order of the outputs),
        ``temperature`` (float, see ``calibrated``), ``enrolment`` (bool),
        ``embedding_size`` (int), ``label_encoder``, ``target`` and
        ``class_weights`` (see ``Goal``), and ``dimension_names`` and ``scale`` where it has any: ``mods.dimensions``
        maps embeddings to them; where ``target`` is ``"dimensions"``,
        ``mods.classifier`` does, and ``classes`` is empty.

    Raises
    ------
    InferenceError
        When there is no such folder, something is missing or does not fit,
        another version of emoclust has written it, or the YAML names what no
        model of ours needs.

    Example
    -------
    >>> load_model("nowhere")
    Traceback (most recent call last):
    ...
    emoclust_lobes.inference.trust.InferenceError: nowhere holds no model: \
there is no hyperparams.yaml in it. Give the folder `inference` that \
train_ser.py leaves beside metrics.json
    """
    folder = find_model(folder)
    settings = folder / SETTINGS
    if not settings.is_file():
        raise InferenceError(
            f"{folder} holds no model: there is no {SETTINGS} in it. Give the "
            "folder `inference` that train_ser.py leaves beside metrics.json"
        )
    check_layout(settings)
    if not trust:
        check_yaml(settings)
    try:
        model = EncoderClassifier.from_hparams(
            source=str(folder),
            run_opts={"device": str(device)},
            fetch_config=FetchConfig(allow_network=False),
        )
    except Exception as error:  # whatever the YAML has made may raise
        reason: Exception = error
        try:
            for weights in sorted(folder.glob("*.ckpt")):
                if weights.name != LABELS:  # which is text
                    load_state(weights, "Copy the folder anew")
        except EmoclustError as damage:
            reason = damage
        raise InferenceError(
            f"the model in {folder} cannot be loaded: {reason}"
        ) from error
    if not hasattr(model.hparams, "target"):
        model.hparams.target, model.hparams.class_weights = "class", None
    missing = [name for name in NEEDED if not hasattr(model.hparams, name)]
    if missing:
        raise InferenceError(f"{settings} has no {', '.join(missing)}")
    _check_labels(model, folder)
    _check_weights(model, folder)
    return model


def _check_labels(model, folder):
    """Refuse a label encoder that does not have the YAML's classes."""
    encoder, classes = model.hparams.label_encoder, model.hparams.classes
    if model.hparams.target == "dimensions":
        classes = model.hparams.dimension_names
    # SpeechBrain takes a missing file for an empty encoder.
    found = [encoder.ind2lab[index] for index in sorted(encoder.ind2lab)]
    if found != list(classes):
        raise InferenceError(
            f"{folder / LABELS} has the classes {found}, "
            f"{SETTINGS} {list(classes)}: copy the folder anew"
        )
    encoder.expect_len(len(found))


def _check_weights(model, folder):
    """Refuse weights of other modules, at which SpeechBrain only warns."""
    pretrainer = model.hparams.pretrainer
    for name, module in pretrainer.loadables.items():
        if not isinstance(module, torch.nn.Module):
            continue
        saved = torch.load(
            pretrainer.paths[name], map_location="cpu", weights_only=True
        )
        others = sorted(set(saved) ^ set(module.state_dict()))
        if others:
            raise InferenceError(
                f"{folder / name}.ckpt does not fit {SETTINGS}: "
                f"{len(others)} weights are in one of them only, such as "
                f"{others[0]}"
            )
