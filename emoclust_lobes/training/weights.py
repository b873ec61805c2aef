"""The encoder's weights: left by stage 1, taken up by stage 2."""

import hashlib
import pathlib
import shutil

import torch
from data_prep.errors import EmoclustError
from data_prep.storage.files import replacing
from emoclust_lobes.training.damage import load_state
from emoclust_lobes.training.seen_speakers import (
    read_seen_speakers,
    refuse_seen_speakers,
    speakers_in,
    write_seen_speakers,
)

from speechbrain.utils.checkpoints import average_checkpoints
from speechbrain.utils.distributed import run_on_main
from speechbrain.utils.fetching import fetch
from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)

WEIGHTS = "embedding_model.ckpt"


def add_trained_parts(checkpointer, modules):
    """Let checkpoints hold every module that trains, the front end too."""
    for name, module in modules.items():
        trains = any(p.requires_grad for p in module.parameters())
        if trains and name not in checkpointer.recoverables:
            checkpointer.add_recoverable(name, module)


def export_encoder(checkpoints, folder, speakers):
    """Leave the average encoder of checkpoints where stage 2 looks for it.

    The front end goes with it where it has trained, and the speakers' names.
    """
    folder = pathlib.Path(folder)
    write_seen_speakers(folder, speakers)
    # The front end first: what is asked for is the encoder.
    for name in ("compute_features", "embedding_model"):
        if name not in checkpoints[0].paramfiles:
            # A front end that does not train, or one no more
            (folder / f"{name}.ckpt").unlink(missing_ok=True)
            continue
        with replacing(folder / f"{name}.ckpt", "wb") as stream:
            if len(checkpoints) > 1:
                torch.save(average_checkpoints(checkpoints, name), stream)
                continue
            with open(checkpoints[0].paramfiles[name], "rb") as weights:
                shutil.copyfileobj(weights, stream)


def initialize_encoder(modules, init, run_folder, test_speakers):
    """Load the weights that stage 2 starts from, on every process.

    ``init`` is ``"none"``, the name of a stage-1 folder of this run, a folder
    that holds ``embedding_model.ckpt``, that file, or the hub's name of a
    SpeechBrain model. Returns ``"none"`` or their SHA-256.
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
    state = load_state(
        weights,
        "Take it from where it was made anew, or remove it and run "
        "train_contrastive.py, which makes it of its best checkpoint once "
        "metrics.json beside it is removed, too",
    )
    try:
        getattr(module, "load_trained", module.load_state_dict)(state)
    except RuntimeError as error:
        raise EmoclustError(
            f"the weights of {weights} do not fit the modules of this YAML: "
            "set n_mels, ecapa_channels, attention_channels, embedding_size "
            "and, with a front end, ssl_layers, ssl_trainable_layers, "
            f"ssl_lora_rank and hidden_size to theirs. {error}"
        ) from error
    digest.update(weights.read_bytes())


def seen_in_both_stages(sources, init, run_folder, front_end=None):
    """Name all whom weights have seen after stage 2 has seen these CSVs.

    ``front_end`` is the folder or the hub's name of a pretrained one.
    """
    seen = set(speakers_in(sources))
    if front_end is not None:
        seen |= read_seen_speakers(front_end)
    if init != "none":
        seen |= read_seen_speakers(find_weights(init, run_folder).parent)
    return seen


def find_weights(init, run_folder):
    """Return the path of the weights that ``init`` names, fetched if remote."""
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
