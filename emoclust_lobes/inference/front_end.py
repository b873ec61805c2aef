"""A pretrained front end that travels inside an inference folder.

In training a front end is found by a hub's name or a folder. In an inference
folder its settings stand in the YAML and its weights lie in
``front_end.ckpt``, as those of any other module do.
"""

import pathlib
import tempfile

from data_prep.storage.files import write_json
from emoclust_lobes.encoders.front_end_models import (
    import_transformers,
    load_config,
    wrapper_class,
)
from emoclust_lobes.encoders.front_ends import SSLFrontEnd
from emoclust_lobes.inference.trust import InferenceError

# Where the model came from, and what decides how it is computed here.
_NOT_SETTINGS = (
    "_name_or_path",
    "architectures",
    "dtype",
    "transformers_version",
)


class PackedFrontEnd(SSLFrontEnd):
    """A front end with its settings, whose weights are loaded afterwards.

    Arguments
    ---------
    config, extractor : dict
        Settings of the model and of its feature extractor, as in the files
        ``config.json`` and ``preprocessor_config.json``; what is not there is
        as in the transformers library.
    layers : list of int
        As of ``SSLFrontEnd``.
    rounded : bool
        Round the features to float16, in which those of a frozen front end are
        kept for training.
    pooled_frames, speaker_frames, speaker_vector
        As of ``SSLFrontEnd``.

    Raises
    ------
    InferenceError
        When there are settings that the transformers library does not know:
        some that it would obey download and run programs.
    FrontEndError
        When the model is none of the four, or the library is not installed.

    Example
    -------
    >>> import pytest, torch
    >>> _ = pytest.importorskip("transformers")
    >>> front_end = PackedFrontEnd(
    ...     config={
    ...         "model_type": "wavlm",
    ...         "hidden_size": 48,
    ...         "num_hidden_layers": 2,
    ...     },
    ...     extractor={"feature_extractor_type": "Wav2Vec2FeatureExtractor"},
    ...     layers=[1, 2],
    ...     rounded=True,
    ... )
    >>> front_end(torch.randn(1, 16000)).shape
    torch.Size([1, 49, 96])
    """

    def __init__(
        self,
        config,
        extractor,
        layers,
        rounded,
        pooled_frames=1,
        speaker_frames=False,
        speaker_vector=False,
    ):
        _refuse_unknown_settings(config, extractor)
        with tempfile.TemporaryDirectory() as folder:
            files = {"config": config, "preprocessor_config": extractor}
            for name, content in files.items():
                write_json(pathlib.Path(folder, f"{name}.json"), dict(content))
            super().__init__(
                source=folder,
                save_path=folder,
                layers=layers,
                pooled_frames=pooled_frames,
                speaker_frames=speaker_frames,
                speaker_vector=speaker_vector,
            )
            self.load()
        self.source = config["model_type"]  # for messages
        self.rounded = rounded

    def _load_wrapper(self):
        return _wrapper_without_weights(self.source)

    def forward(self, wavs, wav_lens=None):
        """Turn waveforms into frames, as ``SSLFrontEnd`` does."""
        frames = super().forward(wavs, wav_lens)
        return frames.half().float() if self.rounded else frames


def packed_arguments(front_end):
    """Return the arguments that make a loaded SSLFrontEnd anew, without weights.

    These are those of ``merged_state``: there are no adapters. Settings that are the transformers library's own are left out.
    """
    wrapper = front_end.states.wrapper
    config = wrapper.model.config
    settings = _changed(config.to_dict(), type(config)().to_dict())
    extractor = wrapper.feature_extractor
    kind = type(extractor).__name__
    changed = _changed(extractor.to_dict(), type(extractor)().to_dict())
    return {
        "config": {"model_type": config.model_type, **settings},
        "extractor": {"feature_extractor_type": kind, **changed},
        "layers": list(front_end.layers),
        "rounded": not front_end.trains,
        "pooled_frames": front_end.pooled_frames,
        "speaker_frames": front_end.beside_size > 0,
        **({"speaker_vector": True} if front_end.vector_size else {}),
    }


def _changed(settings, defaults):
    """What is not as in the library, of what it knows."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in settings.items()
        if name in defaults
        and name not in _NOT_SETTINGS
        and value != defaults[name]
    }


def _refuse_unknown_settings(config, extractor):
    """Raise where the library does not know a setting."""
    kind = config.get("model_type")
    transformers = import_transformers(kind)
    try:
        known = transformers.AutoConfig.for_model(kind).to_dict()
    except ValueError as error:
        raise InferenceError(
            f"a front end is one of the library transformers, not {kind!r}"
        ) from error
    family = "Whisper" if kind == "whisper" else "Wav2Vec2"
    family = f"{family}FeatureExtractor"
    unknown = [x for x in config if x not in known or x in _NOT_SETTINGS]
    known = getattr(transformers, family)().to_dict()
    unknown += [x for x in extractor if x not in known]
    found = extractor.get("feature_extractor_type")
    if found != family:
        unknown.append(f"feature_extractor_type {found!r}")
    if unknown:
        raise InferenceError(
            f"these settings are none of a {kind} front end: "
            f"{', '.join(unknown)}"
        )


def _wrapper_without_weights(folder):
    """SpeechBrain's wrapper of a model of which there are settings only."""

    def make_model(self, *_args, **_options):
        self.model = self.auto_class.from_config(self.config)

    wrapper = wrapper_class(load_config(folder, folder).model_type)
    family = getattr(wrapper, "func", wrapper)  # Whisper's is a partial
    options = getattr(wrapper, "keywords", {})
    members = {"_from_pretrained": make_model}
    unloaded = type(family.__name__, (family,), members)
    return unloaded(folder, folder, output_all_hiddens=True, **options)
