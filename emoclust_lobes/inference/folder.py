"""Leave a trained model in a folder that SpeechBrain loads."""

import os
import pathlib
import shutil

import torch
from data_prep.storage.files import (
    fingerprint,
    replacing,
    replacing_folder,
    write_json,
)
from emoclust_lobes.encoders.front_ends import SSLFrontEnd
from emoclust_lobes.encoders.lora import merged_state
from emoclust_lobes.enrolment.normalization import EnrolledClassifier
from emoclust_lobes.inference.card import model_card
from emoclust_lobes.inference.find import is_hub_name
from emoclust_lobes.inference.load import SETTINGS, load_model
from emoclust_lobes.inference.settings import WEIGHTS, inference_settings
from emoclust_lobes.training.seen_speakers import write_seen_speakers

from speechbrain.dataio.encoder import CategoricalEncoder

CARD = "README.md"
METRICS = "metrics.json"


def write_inference_folder(
    *,
    folder,
    stage2,
    modules,
    metrics,
    sample_rate,
    embedding_size,
    front_end_folder,
    normalization=None,
    speakers=(),
):
    """Write an inference folder, whole or not at all, and load it once.

    Arguments
    ---------
    folder : str or pathlib.Path
        The folder to write.
    stage2 : str
        The resolved block ``ser`` of the run's YAML, see
        ``inference_settings``.
    modules : dict
        ``compute_features, mean_var_norm, embedding_model``, and ``classifier``
        or ``dimensions`` or both, as they were tested. ``mean_var_norm`` has no file: it must know nothing
        but its settings.
    metrics : dict
        The content of the run's ``metrics.json``.
    sample_rate : int
        Of the waveforms, in Hz.
    embedding_size : int
        Of the embeddings.
    front_end_folder : str or pathlib.Path
        Where the weights of a frozen pretrained front end are kept once for
        all runs. In the inference folder stands a hard link to them: it can be
        moved and copied as any file, and takes no room.
    normalization : SpeakerNormalization
        Where the run has learned with enrolment.
    speakers : iterable of str
        Whom the weights have seen, ``CORPUS/SPEAKER``: ``emoclust evaluate``
        refuses them.

    Raises
    ------
    InferenceError
        When what was written cannot be loaded.

    Example
    -------
    >>> from emoclust_lobes.synthetic.inference import METRICS, STAGE2
    >>> from hyperpyyaml import load_hyperpyyaml
    >>> folder = getfixture("tmp_path") / "inference"
    >>> write_inference_folder(
    ...     folder=folder,
    ...     stage2=STAGE2,
    ...     modules=load_hyperpyyaml(STAGE2)["ser"]["modules"],
    ...     metrics=METRICS,
    ...     sample_rate=16000,
    ...     embedding_size=8,
    ...     front_end_folder=folder.parent,
    ... )
    >>> sorted(path.name for path in folder.iterdir())
    ['README.md', 'classifier.ckpt', 'encoder.ckpt', 'hyperparams.yaml', \
'label_encoder.ckpt', 'metrics.json']
    """
    modules = dict(modules)
    head, target = modules.get("dimensions"), metrics.get("target", "class")
    if target == "dimensions":
        modules["classifier"] = modules.pop("dimensions")
    if normalization is not None:
        modules["classifier"] = EnrolledClassifier(
            normalization.without_table(), modules["classifier"]
        )
    front_end = modules["compute_features"]
    if isinstance(front_end, SSLFrontEnd):
        front_end.load()  # a frozen one may never have been used
        if is_hub_name(front_end.source):
            metrics = {**metrics, "base_model": front_end.source}
    loaded = [
        name
        for name, module in WEIGHTS.items()
        if module in modules
        and any(True for _ in modules[module].parameters())
        and not getattr(modules[module], "frozen", False)
    ]
    with replacing_folder(folder) as aside:
        settings = inference_settings(
            stage2=stage2,
            front_end=front_end,
            loaded=loaded,
            classes=metrics["classes"],
            temperature=metrics.get("calibration", {}).get("temperature", 1.0),
            enrolment=normalization is not None,
            sample_rate=sample_rate,
            embedding_size=embedding_size,
            target=target,
            class_weights=metrics.get("class_weights"),
            dimensions_head=head,
        )
        (aside / SETTINGS).write_text(settings, encoding="utf-8")
        card = model_card(
            metrics=metrics, settings=settings, sample_rate=sample_rate
        )
        card.save(aside / CARD)
        # Where stage 2 started may be a path of this machine
        told = {name: x for name, x in metrics.items() if name != "init"}
        write_json(aside / METRICS, told)
        if speakers:
            write_seen_speakers(aside, speakers)
        labels = CategoricalEncoder()
        labels.update_from_iterable(metrics["classes"] or head.names)
        labels.save(aside / "label_encoder.ckpt")
        for name in loaded:
            module, path = modules[WEIGHTS[name]], aside / f"{name}.ckpt"
            if isinstance(module, SSLFrontEnd) and not module.trains:
                _link_front_end(module, path, front_end_folder)
            else:
                _save_weights(module, path)
        load_model(aside, trust=True)  # its own YAML


def _save_weights(module, path):
    state = merged_state(module)
    state = {name: x.detach().cpu() for name, x in state.items()}
    with replacing(path, "wb") as stream:
        torch.save(state, stream)


def _link_front_end(front_end, path, front_end_folder):
    """Keep the weights of a frozen front end once, and link to them."""
    name = fingerprint(front_end.identity)
    kept = pathlib.Path(front_end_folder, f"{name}.ckpt")
    if not kept.exists():
        _save_weights(front_end, kept)
    try:
        os.link(kept, path)
    except OSError:  # another file system, or one without links
        shutil.copyfile(kept, path)
