"""The steps before training, as an experiment's YAML wires them."""

from data_prep.errors import EmoclustError
from emoclust_lobes.experiment.summaries import (
    describe_clusters,
    describe_embeddings,
    describe_manifests,
)
from hyperpyyaml import load_hyperpyyaml

# Keys of the YAML: the steps, and what their summaries read.
NEEDED = (
    "prepare",
    "sources",
    "embed",
    "cluster",
    "manifest_folder",
    "embedding_folder",
    "speaker_encoder",
    "cluster_folder",
)


class UsageError(EmoclustError):
    """A YAML file, its overrides or an option cannot be used."""


def load_experiment(param_file, overrides=None):
    """Load the YAML of an experiment.

    Arguments
    ---------
    param_file : str or pathlib.Path
        The file.
    overrides : str, dict or None
        As ``load_hyperpyyaml`` takes them.

    Returns
    -------
    dict
        With at least the keys of ``NEEDED``.

    Raises
    ------
    OSError
        When the file cannot be read.
    UsageError
        When it cannot be loaded with these overrides, or has no steps.

    Example
    -------
    >>> path = getfixture("tmp_path") / "experiment.yaml"
    >>> _ = path.write_text("fold: 1")
    >>> load_experiment(path, {"fold": 2})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    emoclust_lobes.experiment.steps.UsageError: ... has no prepare, ...
    """
    with open(param_file, encoding="utf-8") as stream:
        try:
            hparams = load_hyperpyyaml(stream, overrides)
        except OSError:
            raise
        except Exception as error:  # objects that are made may raise any
            # YAML errors show lines around the problem; the message of an
            # unknown override goes on with all keys there are.
            reason = getattr(error, "problem", None) or str(error).strip('"')
            reason = reason.partition(" in: [")[0] or type(error).__name__
            raise UsageError(f"{param_file}: {reason}") from error
    missing = [key for key in NEEDED if key not in hparams]
    if missing:
        raise UsageError(f"{param_file} has no {', '.join(missing)}")
    return hparams


def run_steps(last, hparams, device):
    """Run the steps up to one; those that are up to date are skipped.

    Arguments
    ---------
    last : str
        ``prepare``, ``embed`` or ``clusters``.
    hparams : dict
        From ``load_experiment``.
    device : str
        Where embeddings are computed.

    Returns
    -------
    str
        What the last step made.

    Example
    -------
    >>> from emoclust_lobes.synthetic.experiment import tiny_ravdess
    >>> overrides = tiny_ravdess(getfixture("tmp_path"))
    >>> hparams = load_experiment("hparams/ravdess.yaml", overrides)
    >>> text = run_steps("clusters", hparams, "cpu")
    >>> print(text.splitlines()[0])  # doctest: +ELLIPSIS
    21 clusters of 45 utterances of 3 speakers (kmeans, stats); ...
    """
    hparams["prepare"]()
    hparams["sources"].prepare_pools()
    if last == "prepare":
        return describe_manifests(hparams["manifest_folder"])
    sources = hparams["sources"].of_fold()
    hparams["embed"](sources=sources, device=device)
    if last == "embed":
        return describe_embeddings(
            sources, hparams["embedding_folder"], hparams["speaker_encoder"]
        )
    hparams["cluster"](sources=sources)
    return describe_clusters(hparams["cluster_folder"])
