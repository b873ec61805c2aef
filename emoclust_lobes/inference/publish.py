"""Lay a model out as a repository of a model hub; nothing is uploaded."""

import pathlib
import shutil

from data_prep.storage.files import read_json, replacing_folder
from emoclust_lobes.inference.card import licence_of
from emoclust_lobes.inference.errors import InferenceError
from emoclust_lobes.inference.folder import CARD, METRICS
from emoclust_lobes.inference.load import SETTINGS, load_model
from huggingface_hub import EvalResult, ModelCardData

TASK = "audio-classification"
TAGS = ["speechbrain", "speech-emotion-recognition", TASK, "emoclust"]
# Key in metrics.json -> name of the metric on the hub, name in the card
SCORES = {
    "uar": ("recall", "UAR (mean recall of the classes)"),
    "wa": ("accuracy", "WA (accuracy)"),
    "macro_f1": ("f1", "macro-F1"),
}


def publish(folder, destination, trust=False):
    """Make a repository for a model hub out of an inference folder.

    It holds what the folder holds, the card with the hub's front matter before
    it (licence, tags, the numbers of the test) and ``.gitattributes``, by which
    Git LFS takes the weights. It is loaded once before it appears.

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
    emoclust_lobes.inference.errors.InferenceError: ... is there already: ...
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
    text = (folder / CARD).read_text(encoding="utf-8")
    front_matter = _front_matter(read_json(folder / METRICS), destination.name)
    with replacing_folder(destination) as aside:
        for name in (SETTINGS, METRICS, *weights):
            shutil.copyfile(folder / name, aside / name)
        (aside / CARD).write_text(f"{front_matter}\n{text}", encoding="utf-8")
        weights.remove("label_encoder.ckpt")  # is text
        rule = "{} filter=lfs diff=lfs merge=lfs -text\n"
        (aside / ".gitattributes").write_text(
            "".join(rule.format(name) for name in weights), encoding="utf-8"
        )
        load_model(aside, trust=trust)
    return destination


def _front_matter(metrics, name):
    """What the hub reads of a card, in YAML between lines of dashes."""
    corpus = metrics["corpus"]
    results = [
        EvalResult(
            task_type=TASK,
            task_name="Speech emotion recognition",
            dataset_type=corpus.lower().replace(" ", "-"),
            dataset_name=f"{corpus}, fold {metrics['fold']}",
            dataset_split="test",
            metric_type=kind,
            metric_name=title,
            metric_value=round(metrics[score], 4),
        )
        for score, (kind, title) in SCORES.items()
    ]
    licence, _ = licence_of(corpus)
    data = ModelCardData(
        model_name=name,
        license=licence,
        library_name="speechbrain",
        pipeline_tag=TASK,
        tags=TAGS,
        metrics=[kind for kind, _ in SCORES.values()],
        eval_results=results,
    )
    return f"---\n{data.to_yaml()}\n---\n"


def add_arguments(parser):
    """Declare the arguments of ``emoclust publish``.

    Arguments
    ---------
    parser : argparse.ArgumentParser
        Of the command.

    Example
    -------
    >>> import argparse
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> parser.parse_args(["run/inference", "my-model"]).destination
    'my-model'
    """
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
    """Run ``emoclust publish``.

    Arguments
    ---------
    options : argparse.Namespace
        With what ``add_arguments`` declares.

    Returns
    -------
    str
        What to print.

    Raises
    ------
    InferenceError
        As ``publish``.

    Example
    -------
    >>> import argparse
    >>> from emoclust_lobes.synthetic.inference import made_up_model
    >>> folder = getfixture("tmp_path")
    >>> model = made_up_model(folder / "inference")
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> told = run(parser.parse_args([str(model), str(folder / "my-model")]))
    >>> told.splitlines()[1].split()[:3]
    ['hf', 'upload', 'NAME/my-model']
    """
    destination = publish(
        options.folder, options.destination, trust=options.trust
    )
    return (
        f"{destination} is ready for a model hub, and nothing was uploaded. "
        "Look through its README.md, its licence most of all; then:\n"
        f"  hf upload NAME/{destination.name} {destination}"
    )
