"""The encoder's weights: left by stage 1, taken up by stage 2."""

import hashlib
import pathlib
import shutil

import torch
from data_prep.storage.files import replacing
from emoclust_lobes.training.seen_speakers import (
    read_seen_speakers,
    refuse_seen_speakers,
    write_seen_speakers,
)

from speechbrain.utils.distributed import run_on_main
from speechbrain.utils.fetching import fetch
from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)

WEIGHTS = "embedding_model.ckpt"


def add_trained_parts(checkpointer, modules):
    """Let checkpoints hold every module that trains, the front end too.

    Arguments
    ---------
    checkpointer : Checkpointer
        The run's.
    modules : dict
        The Brain's modules, by name.

    Example
    -------
    >>> from speechbrain.utils.checkpoints import Checkpointer
    >>> checkpointer = Checkpointer(getfixture("tmp_path"))
    >>> modules = {"net": torch.nn.Linear(2, 2), "norm": torch.nn.Identity()}
    >>> add_trained_parts(checkpointer, modules)
    >>> list(checkpointer.recoverables)
    ['net']
    """
    for name, module in modules.items():
        trains = any(p.requires_grad for p in module.parameters())
        if trains and name not in checkpointer.recoverables:
            checkpointer.add_recoverable(name, module)


def export_encoder(checkpoint, folder, speakers):
    """Leave an encoder where stage 2 looks for it, with whom it has heard.

    Arguments
    ---------
    checkpoint : Checkpoint
        SpeechBrain's record of the checkpoint to take it from.
    folder : str or pathlib.Path
        The stage-1 folder.
    speakers : iterable of str
        Every speaker it was trained on.

    Example
    -------
    >>> from speechbrain.utils.checkpoints import Checkpointer
    >>> folder = getfixture("tmp_path")
    >>> parts = {"embedding_model": torch.nn.Linear(2, 2)}
    >>> checkpoint = Checkpointer(folder, parts).save_checkpoint()
    >>> export_encoder(checkpoint, folder / "contrastive", ["bob", "ann"])
    >>> sorted(path.name for path in (folder / "contrastive").iterdir())
    ['embedding_model.ckpt', 'speakers.txt']
    """
    folder = pathlib.Path(folder)
    write_seen_speakers(folder, speakers)
    # The front end first: what is asked for is the encoder.
    for name in ("compute_features", "embedding_model"):
        source = checkpoint.paramfiles.get(name)
        if source is None:  # a front end that does not train, or one no more
            (folder / f"{name}.ckpt").unlink(missing_ok=True)
            continue
        with open(source, "rb") as weights:
            with replacing(folder / f"{name}.ckpt", "wb") as stream:
                shutil.copyfileobj(weights, stream)


def initialize_encoder(modules, init, run_folder, test_speakers):
    """Load the weights that stage 2 starts from, on every process.

    Arguments
    ---------
    modules : dict
        ``embedding_model``, the encoder, and ``compute_features``, the front
        end, which takes weights only where stage 1 has trained one; changed in
        place.
    init : str
        ``"none"`` leaves them as they are; the name of a stage-1 folder of
        this run (``"contrastive"``, ``"multitask"``, ...); a local
        folder that holds ``embedding_model.ckpt``, or that file; or the hub's
        name of a SpeechBrain model (``"speechbrain/spkrec-ecapa-voxceleb"``).
    run_folder : str or pathlib.Path
        The run's folder, where its stage-1 folders lie.
    test_speakers : iterable of str
        Speakers of the test split: weights that were pretrained on one of
        them are refused, where the folder says whom it has seen.

    Returns
    -------
    str
        What tells these weights from others: ``"none"`` or their SHA-256.

    Raises
    ------
    FileNotFoundError
        When there are no such weights; says what to run.
    ValueError
        When the weights do not fit the encoder, or have seen a test speaker.

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> pretrained, model = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    >>> (folder / "contrastive").mkdir()
    >>> path = folder / "contrastive" / "embedding_model.ckpt"
    >>> torch.save(pretrained.state_dict(), path)
    >>> modules = {"embedding_model": model}
    >>> digest = initialize_encoder(modules, "contrastive", folder, [])
    >>> torch.equal(model.weight, pretrained.weight)
    True
    """
    if init == "none":
        return "none"
    # One process fetches them
    weights = run_on_main(find_weights, args=[init, run_folder])
    refuse_seen_speakers(weights.parent, test_speakers)
    front_end = weights.with_name("compute_features.ckpt")
    digest = hashlib.sha256()
    if front_end.exists():
        _load(modules["compute_features"], front_end, digest)
    _load(modules["embedding_model"], weights, digest)
    logger.info(f"The encoder starts from {weights}")
    return digest.hexdigest()


def _load(module, weights, digest):
    """Load weights into a module, and feed them to a digest."""
    state = torch.load(weights, map_location="cpu", weights_only=True)
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(
            f"the weights of {weights} do not fit the modules of this YAML: "
            "set n_mels, ecapa_channels, attention_channels, embedding_size "
            "and, with a front end, ssl_layers, ssl_trainable_layers and "
            f"hidden_size to theirs. {error}"
        ) from error
    digest.update(weights.read_bytes())


def seen_in_both_stages(tables, init, run_folder):
    """Tell whom weights have heard at the end of stage 2.

    Arguments
    ---------
    tables : dict
        Name of the split -> table with ``spk_id``. All but ``test`` count.
    init, run_folder : str
        As for ``initialize_encoder``: where stage 2 has started, if it has
        started from anything.

    Returns
    -------
    set of str

    Example
    -------
    >>> import pandas as pd
    >>> names = {"train": "ann", "valid": "ben", "test": "cy"}
    >>> tables = {k: pd.DataFrame({"spk_id": [v]}) for k, v in names.items()}
    >>> sorted(seen_in_both_stages(tables, "none", "run"))
    ['ann', 'ben']
    """
    heard = set().union(
        *(tables[name]["spk_id"] for name in tables if name != "test")
    )
    if init != "none":
        heard |= read_seen_speakers(find_weights(init, run_folder).parent)
    return heard


def find_weights(init, run_folder):
    """Return the path of the weights that ``init`` names, fetched if remote.

    Arguments
    ---------
    init : str
        As for ``initialize_encoder``.
    run_folder : str or pathlib.Path
        As for ``initialize_encoder``.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    FileNotFoundError
        When there are none.

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> (folder / "embedding_model.ckpt").touch()
    >>> find_weights(str(folder), "run").name
    'embedding_model.ckpt'
    """
    stage1 = pathlib.Path(run_folder) / init / WEIGHTS
    given = pathlib.Path(init).expanduser()
    for candidate in (stage1, given / WEIGHTS, given):
        if candidate.is_file():
            return candidate
    on_hub = init.count("/") == 1 and not given.exists() and init[0] not in "./"
    if not on_hub:
        raise FileNotFoundError(
            f"--init={init}: neither {stage1} nor {given / WEIGHTS} is there. "
            "Run train_contrastive.py with the same YAML and overrides first, "
            "give a folder that holds embedding_model.ckpt, or --init=none"
        )
    return pathlib.Path(
        fetch(WEIGHTS, source=init, savedir=f"{run_folder}/init/{init}")
    )
