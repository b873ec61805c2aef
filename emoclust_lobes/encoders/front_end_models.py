"""Which pretrained speech model a front end is, and how it is loaded."""

import functools
import importlib
import pathlib

import huggingface_hub
from data_prep.storage.files import files_digest, read_json
from emoclust_lobes.encoders.front_end_states import LEVEL_EPSILON
from emoclust_lobes.encoders.wheels import EncoderError

# model_type -> module and class in speechbrain.integrations.huggingface
_WRAPPERS = {
    "wav2vec2": "wav2vec2.Wav2Vec2",
    "hubert": "hubert.HuBERT",
    "wavlm": "wavlm.WavLM",
    "whisper": "whisper.Whisper",
}
# What changes the features: settings, normalization of the input, weights.
_HASHED = ("*config.json", "*.safetensors", "*.bin", "*.ckpt")


class FrontEndError(EncoderError):
    """A front end cannot be had; says why and what to do."""


def front_end_identity(source, save_path, layers="all", cache=None):
    """Tell what is known of a front end without loading or downloading it.

    A folder's ``sha256``, or the ``revision`` of a hub's model that is there.
    """
    layers = layers if layers == "all" else list(layers)
    identity = {"source": str(source), "layers": layers}
    folder = _local_folder(source, save_path)
    config = read_json(folder / "config.json") if folder else None
    if config is None:
        return identity
    identity["model_type"] = config.get("model_type")
    extractor = read_json(folder / "preprocessor_config.json") or {}
    if config.get("model_type") != "whisper" and extractor.get("do_normalize"):
        # Once it was another: features of then are computed anew
        identity["level_epsilon"] = LEVEL_EPSILON
    if not pathlib.Path(source).expanduser().is_dir():
        return {**identity, "revision": folder.name}
    hashed = {path for each in _HASHED for path in folder.glob(each)}
    return {**identity, "sha256": files_digest(hashed, cache)}


def _local_folder(source, save_path):
    """Folder of a model that need not be downloaded, or ``None``."""
    folder = pathlib.Path(source).expanduser()
    if folder.is_dir():
        return folder
    try:
        snapshot = huggingface_hub.snapshot_download(
            str(source), cache_dir=save_path, local_files_only=True
        )
    except (OSError, ValueError):  # not there, or no name of a hub's model
        return None
    return pathlib.Path(snapshot)


def load_config(source, save_path):
    """Load the transformers library's settings of one of the four models."""
    from_pretrained = import_transformers(source).AutoConfig.from_pretrained
    config = _from_first_place(
        source, save_path, lambda x: from_pretrained(x, cache_dir=save_path)
    )
    if config.model_type not in _WRAPPERS:
        raise FrontEndError(
            f"the model {source} is of the type {config.model_type!r}; a front "
            f"end is one of {', '.join(_WRAPPERS)}"
        )
    return config


def read_sizes(source, save_path):
    """Number of a model's transformer layers, and their size.

    Where ``config.json`` says both they are read there, as importing the
    transformers library takes two seconds; what it leaves out are defaults,
    which only that library knows.
    """
    folder = _local_folder(source, save_path)
    config = (read_json(folder / "config.json") if folder else None) or {}
    if config.get("model_type") in _WRAPPERS:
        is_whisper = config["model_type"] == "whisper"
        names = ("encoder_layers", "d_model")
        if not is_whisper:
            names = ("num_hidden_layers", "hidden_size")
        if set(names) <= set(config):
            return tuple(config[name] for name in names)
    config = load_config(source, save_path)
    return config.num_hidden_layers, config.hidden_size


def load_wrapper(source, save_path):
    """Load SpeechBrain's wrapper of a model, in float32."""
    wrapper = wrapper_class(load_config(source, save_path).model_type)
    # Some published weights are float16.
    return _from_first_place(
        source,
        save_path,
        lambda x: wrapper(x, save_path, output_all_hiddens=True).float(),
    )


def load_whole_model(source, save_path):
    """Load a model of the transformers library and its feature extractor."""
    transformers = import_transformers(source)
    kinds = (transformers.AutoModel, transformers.AutoFeatureExtractor)
    model, extractor = _from_first_place(
        source,
        save_path,
        lambda x: [k.from_pretrained(x, cache_dir=save_path) for k in kinds],
    )
    return model.float(), extractor


def import_transformers(source):
    """Import the transformers library, which is optional."""
    try:
        return importlib.import_module("transformers")
    except ImportError as error:
        raise FrontEndError(
            f"the front end {source} needs the transformers library: "
            'pip install "emoclust[transformers]"'
        ) from error


def _from_first_place(source, save_path, load):
    """Load from a folder, the hub's cache or the hub."""
    from safetensors import SafetensorError

    # The cache first: asking an unreachable hub takes minutes.
    folder = _local_folder(source, save_path) or source
    for place in dict.fromkeys([str(folder), source]):
        try:
            return load(place)
        except (OSError, ValueError, SafetensorError) as error:
            reason = error
    raise FrontEndError(
        f"no speech model at {source}: it is neither a local folder with "
        "config.json, preprocessor_config.json and weights nor a model that "
        "the hub can give. Give a local folder (--ssl_hub=FOLDER). The reason "
        f"was: {reason}"
    ) from reason


def wrapper_class(model_type):
    """What makes SpeechBrain's wrapper of a model; of Whisper, its encoder."""
    module, name = _WRAPPERS[model_type].split(".")
    package = "speechbrain.integrations.huggingface"
    wrapper = getattr(importlib.import_module(f"{package}.{module}"), name)
    if model_type == "whisper":
        return functools.partial(wrapper, encoder_only=True)
    return wrapper
