"""Our own encoder, after stage 1 and before it, as a speaker encoder.

What SpeechBrain's ``EncoderClassifier`` needs of a stage-1 folder is written
to two, one with the trained weights and one with weights drawn anew behind the
front end as it was published: both are embedded, cached and measured like any
other encoder.
"""

import io
import pathlib
import shutil

import ruamel.yaml
import torch
from data_prep.storage.files import replacing
from emoclust_lobes.training.damage import load_state
from emoclust_lobes.training.weights import WEIGHTS
from hyperpyyaml import load_hyperpyyaml, resolve_references

STAGE_1 = "stage 1"
UNTRAINED = "untrained"
_PARTS = ("compute_features", "mean_var_norm", "embedding_model")
# Goes on with the parts whose weights lie in the folder.
_INFERENCE = """
classifier: !new:torch.nn.Identity
modules:
    compute_features: !ref <compute_features>
    mean_var_norm: !ref <mean_var_norm>
    embedding_model: !ref <embedding_model>
    classifier: !ref <classifier>
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
"""


def split_checkpoint(checkpoint, folder, seed):
    """Write a stage-1 encoder and its twin: name -> folder.

    The twin's weights are drawn anew, with the seed.
    """
    source = pathlib.Path(checkpoint).expanduser()
    for name in (WEIGHTS, "hyperparams.yaml"):
        if not (source / name).is_file():
            raise FileNotFoundError(
                f"--checkpoint={checkpoint}: there is no {name}. Give a folder "
                "that train_contrastive.py has finished"
            )
    parts = _inference_parts(source / "hyperparams.yaml")
    folders = {
        name: pathlib.Path(folder) / name.replace(" ", "_")
        for name in (UNTRAINED, STAGE_1)
    }
    untrained = _write_settings(folders[UNTRAINED], parts, ["embedding_model"])
    trained = [x for x in _PARTS if (source / f"{x}.ckpt").is_file()]
    _write_settings(folders[STAGE_1], parts, trained)
    for name in trained:
        load_state(source / f"{name}.ckpt", "Run train_contrastive.py anew")
        with open(source / f"{name}.ckpt", "rb") as weights:
            target = folders[STAGE_1] / f"{name}.ckpt"
            with replacing(target, "wb") as stream:
                shutil.copyfileobj(weights, stream)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = load_hyperpyyaml(untrained)["embedding_model"]
    with replacing(folders[UNTRAINED] / WEIGHTS, "wb") as stream:
        torch.save(model.state_dict(), stream)
    return folders


def _write_settings(folder, parts, loaded):
    """Write the YAML of a model with the names of the parts it loads."""
    names = [f"        {name}: !ref <{name}>\n" for name in loaded]
    settings = "".join([parts, _INFERENCE, *names])
    with replacing(folder / "hyperparams.yaml") as stream:
        stream.write(settings)
    return settings


def _inference_parts(path):
    """The parts of a run's YAML that turn waveforms into embeddings."""
    with open(path, encoding="utf-8") as stream:
        text = resolve_references(stream)
    yaml = ruamel.yaml.YAML()
    tree = yaml.load(text)
    missing = [name for name in _PARTS if name not in tree]
    if missing:
        raise FileNotFoundError(f"{path} has no {', '.join(missing)}")
    parts = io.StringIO()
    yaml.dump({name: tree[name] for name in tree if name in _PARTS}, parts)
    return parts.getvalue()
