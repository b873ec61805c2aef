"""Lay a model out as a repository of a model hub; nothing is uploaded."""

import pathlib
import shutil

from data_prep.storage.files import read_json, replacing_folder, write_json
from emoclust_lobes.inference.card import card_data
from emoclust_lobes.inference.folder import CARD, METRICS
from emoclust_lobes.inference.load import SETTINGS, load_model
from emoclust_lobes.inference.trust import InferenceError
from huggingface_hub import ModelCard


def publish(folder, destination, trust=False):
    """Make a repository for a model hub out of an inference folder.

    It holds what the folder holds, the card under the repository's name,
    ``config.json``, which tells a hub whose model it is, and
    ``.gitattributes``, by which Git LFS takes the weights. It is loaded once
    before it appears.

    Arguments
    ---------
    folder : str or pathlib.Path
        The inference folder.
    destination : str or pathlib.Path
        The repository's folder; its name is that of the model in the card.
    trust : bool
        As of ``load_model``, for an architecture of one's own.

    Returns
    -------
    pathlib.Path
        The destination.

    Raises
    ------
    InferenceError
        When the folder holds no complete model, or there is something at the
        destination.

    Example
    -------
    >>> publish("nowhere", getfixture("tmp_path"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    emoclust_lobes.inference.trust.InferenceError: ... is there already: ...
    """
    folder = pathlib.Path(folder).expanduser()
    destination = pathlib.Path(destination).expanduser()
    if destination.exists():
        raise InferenceError(
            f"{destination} is there already: remove it, or give another name"
        )
    loadables = load_model(folder, trust=trust).hparams.pretrainer.loadables
    missing = [x for x in (CARD, METRICS) if not (folder / x).is_file()]
    if missing:
        raise InferenceError(f"{folder} has no {' and no '.join(missing)}")
    weights = [f"{name}.ckpt" for name in loadables]
    card = ModelCard.load(folder / CARD)
    card.data = card_data(read_json(folder / METRICS), destination.name)
    with replacing_folder(destination) as aside:
        for name in (SETTINGS, METRICS, *weights):
            shutil.copyfile(folder / name, aside / name)
        card.save(aside / CARD)
        write_json(
            aside / "config.json",
            {"speechbrain_interface": "EncoderClassifier"},
        )
        weights.remove("label_encoder.ckpt")  # is text
        rule = "{} filter=lfs diff=lfs merge=lfs -text\n"
        (aside / ".gitattributes").write_text(
            "".join(rule.format(name) for name in weights), encoding="utf-8"
        )
        load_model(aside, trust=trust)
    return destination


def add_arguments(parser):
    """Declare the arguments of ``emoclust publish``."""
    parser.add_argument(
        "folder",
        metavar="FOLDER",
        help="the folder `inference` that train_ser.py leaves",
    )
    parser.add_argument(
        "destination",
        metavar="DESTINATION",
        help="folder of the repository, which must not be there yet",
    )
    parser.add_argument(
        "--trust",
        action="store_true",
        help="load the model's YAML whatever it names: it can run any program",
    )


def run(options):
    """Run ``emoclust publish`` and return what to print."""
    destination = publish(
        options.folder, options.destination, trust=options.trust
    )
    return (
        f"{destination} is ready for a model hub, and nothing was uploaded. "
        "Look through its README.md, its licence most of all; then:\n"
        f"  hf upload NAME/{destination.name} {destination}"
    )
