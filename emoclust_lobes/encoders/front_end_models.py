"""Which pretrained speech model a front end is, and how it is loaded.

wav2vec 2.0, HuBERT, WavLM and Whisper stand behind SpeechBrain's own wrappers;
the ``model_type`` in a model's ``config.json`` says which.
"""

import functools
import importlib
import pathlib

import huggingface_hub
from data_prep.errors import EmoclustError
from data_prep.storage.files import files_digest, read_json

# model_type -> module and class in speechbrain.integrations.huggingface
_WRAPPERS = {
    "wav2vec2": "wav2vec2.Wav2Vec2",
    "hubert": "hubert.HuBERT",
    "wavlm": "wavlm.WavLM",
    "whisper": "whisper.Whisper",
}
# What changes the features: settings, normalization of the input, weights.
_HASHED = ("*config.json", "*.safetensors", "*.bin", "*.ckpt")


class FrontEndError(EmoclustError):
    """A front end cannot be had; says why and what to do."""


def front_end_identity(source, save_path, layers="all"):
    """Tell what can be known of a front end without loading or downloading it.

    Arguments
    ---------
    source, save_path, layers
        As of ``SSLFrontEnd``.

    Returns
    -------
    dict
        ``source``, ``layers``, ``model_type``, and the ``sha256`` of a folder's
        settings and weights or the ``revision`` of a hub's model. Of a hub's
        model that is not in ``save_path``, only ``source`` and ``layers``. Can
        be written as JSON.

    Example
    -------
    >>> front_end_identity("facebook/wav2vec2-base", "nowhere", [4, 5])
    {'source': 'facebook/wav2vec2-base', 'layers': [4, 5]}
    """
    layers = layers if layers == "all" else list(layers)
    identity = {"source": str(source), "layers": layers}
    folder = _local_folder(source, save_path)
    config = read_json(folder / "config.json") if folder else None
    if config is None:
        return identity
    identity["model_type"] = config.get("model_type")
    if not pathlib.Path(source).expanduser().is_dir():
        return {**identity, "revision": folder.name}
    hashed = {path for each in _HASHED for path in folder.glob(each)}
    return {**identity, "sha256": files_digest(hashed)}


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
    """Load the settings of a model, as the transformers library has them.

    Arguments
    ---------
    source, save_path
        As of ``SSLFrontEnd``.

    Returns
    -------
    transformers.PretrainedConfig

    Raises
    ------
    FrontEndError
        When there are none, or the model is none of the four.

    Example
    -------
    >>> from emoclust_lobes.synthetic.models import save_tiny
    >>> folder = save_tiny("hubert", getfixture("tmp_path"))
    >>> load_config(folder, folder).num_hidden_layers
    3
    """
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


def load_wrapper(source, save_path):
    """Load SpeechBrain's wrapper of a model, in float32.

    Arguments
    ---------
    source, save_path
        As of ``SSLFrontEnd``.

    Returns
    -------
    torch.nn.Module

    Raises
    ------
    FrontEndError
        When the model cannot be had, or is none of the four.

    Example
    -------
    >>> from emoclust_lobes.synthetic.models import save_tiny
    >>> folder = save_tiny("wavlm", getfixture("tmp_path"))
    >>> load_wrapper(str(folder), str(folder)).model.config.model_type
    'wavlm'
    """
    wrapper = wrapper_class(load_config(source, save_path).model_type)
    # Some published weights are float16.
    return _from_first_place(
        source,
        save_path,
        lambda x: wrapper(x, save_path, output_all_hiddens=True).float(),
    )


def load_whole_model(source, save_path):
    """Load a whole model as the transformers library has it, in float32.

    Arguments
    ---------
    source, save_path
        As of ``SSLFrontEnd``.

    Returns
    -------
    transformers.PreTrainedModel, transformers.FeatureExtractionMixin
        The model and its feature extractor.

    Raises
    ------
    FrontEndError
        When they cannot be had.

    Example
    -------
    >>> from emoclust_lobes.synthetic.models import save_tiny
    >>> folder = save_tiny("whisper", getfixture("tmp_path"))
    >>> model, extractor = load_whole_model(folder, folder)
    >>> type(model).__name__, extractor.sampling_rate
    ('WhisperModel', 16000)
    """
    transformers = import_transformers(source)
    kinds = (transformers.AutoModel, transformers.AutoFeatureExtractor)
    model, extractor = _from_first_place(
        source,
        save_path,
        lambda x: [k.from_pretrained(x, cache_dir=save_path) for k in kinds],
    )
    return model.float(), extractor


def import_transformers(source):
    """Import the transformers library, which is optional.

    Arguments
    ---------
    source : str
        What is wanted of it, for the message.

    Returns
    -------
    module

    Raises
    ------
    FrontEndError
        When it is not installed.

    Example
    -------
    >>> import pytest
    >>> _ = pytest.importorskip("transformers")
    >>> import_transformers("openai/whisper-base").__name__
    'transformers'
    """
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
    """Return SpeechBrain's wrapper of a type of model.

    Arguments
    ---------
    model_type : str
        ``wav2vec2``, ``hubert``, ``wavlm`` or ``whisper``.

    Returns
    -------
    callable
        Makes the wrapper; of Whisper, of its encoder alone.

    Example
    -------
    >>> import pytest
    >>> _ = pytest.importorskip("transformers")
    >>> wrapper_class("wavlm").__name__
    'WavLM'
    """
    module, name = _WRAPPERS[model_type].split(".")
    package = "speechbrain.integrations.huggingface"
    wrapper = getattr(importlib.import_module(f"{package}.{module}"), name)
    if model_type == "whisper":
        return functools.partial(wrapper, encoder_only=True)
    return wrapper
