"""Look at a model's YAML before it can do anything.

HyperPyYAML calls any function that a file names. Here it is only parsed, and
refused when it names what the folders of emoclust do not need.
"""

import importlib.metadata
import io
import pathlib
import re

import ruamel.yaml
from data_prep.errors import EmoclustError
from hyperpyyaml import resolve_references

# What the folders that `write_inference_folder` leaves are made of.
ALLOWED = frozenset(
    {
        "emoclust_lobes.enrolment.EnrolledClassifier",
        "emoclust_lobes.enrolment.SpeakerNormalization",
        "emoclust_lobes.encoders.DimensionsHead",
        "emoclust_lobes.encoders.NoNormalization",
        "emoclust_lobes.inference.PackedFrontEnd",
        "emoclust_lobes.encoders.MixedEncoder",
        "emoclust_lobes.encoders.make_encoder",
        "emoclust_lobes.encoders.CamPlusPlusEncoder",
        "emoclust_lobes.encoders.KaldiFbank",
        "speechbrain.dataio.encoder.CategoricalEncoder",
        "speechbrain.dataio.preprocess.AudioNormalizer",
        "speechbrain.lobes.features.Fbank",
        "speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN",
        "speechbrain.processing.features.InputNormalization",
        "speechbrain.utils.parameter_transfer.Pretrainer",
        "torch.nn.Dropout",
        "torch.nn.Linear",
        "torch.nn.LogSoftmax",
        "torch.nn.Sequential",
    }
)
# Modules that other versions' files name, and this one has elsewhere.
_OLD = re.compile(
    r"emoclust_lobes\.(front_ends|layer_mix|wheel_encoders|speaker_encoders"
    r"|utterance_vectors)\.\w+"
)
_PLAIN = {
    f"tag:yaml.org,2002:{kind}"
    for kind in ("bool", "float", "int", "map", "null", "seq", "str")
}


class InferenceError(EmoclustError):
    """A model cannot be loaded or published; says why and what to do."""


def check_layout(path):
    """Refuse a YAML that names modules as a version before this one did."""
    text = pathlib.Path(path).read_text(encoding="utf-8", errors="replace")
    old = _OLD.search(text)
    if old is None:
        return
    found = re.search(r"^emoclust_version: *(\S+)", text, re.MULTILINE)
    author = found[1] if found else "(before 0.1.0 recorded versions)"
    raise InferenceError(
        f"{path} was written by emoclust {author}: this one, "
        f"{emoclust_version()}, has no {old[0]}. Run train_ser.py again with "
        "this version to make the model anew, or install that version"
    )


def emoclust_version():
    """Return the version that is installed, to be written into folders."""
    try:
        return importlib.metadata.version("emoclust")
    except importlib.metadata.PackageNotFoundError:  # run from a checkout
        return "unknown"


def check_yaml(path):
    """Refuse a HyperPyYAML file that could do more than make a model of ours.

    Nothing is constructed. Allowed are plain values, ``!new:`` and ``!name:``
    of what is in ``ALLOWED``, and ``!ref`` to a key of the top level. Text in
    parentheses is refused too, quoted or not: HyperPyYAML reads it as a tuple,
    with a loader that makes any object.
    """
    text = pathlib.Path(path).read_text(encoding="utf-8")
    _check_text(text, path)
    # What is loaded in the end is not this text but what HyperPyYAML writes
    # after it has put in the references; they call nothing by now.
    try:
        resolved = resolve_references(io.StringIO(text)).read()
    except ValueError as error:
        raise InferenceError(f"{path}: {error}") from error
    _check_text(resolved, path)


def _check_text(text, path):
    yaml = ruamel.yaml.YAML(typ="safe", pure=True)
    try:
        nodes = [yaml.compose(text)]
    except ruamel.yaml.error.YAMLError as error:
        raise InferenceError(f"{path} is no YAML: {error}") from error
    if not isinstance(nodes[0], ruamel.yaml.MappingNode):
        raise InferenceError(f"{path} holds no settings")
    seen = set()
    while nodes:
        node = nodes.pop()
        if id(node) in seen:  # an alias, which may lead in a circle
            continue
        seen.add(id(node))
        found = _objection(node)
        if found:
            raise InferenceError(
                f"{path}, line {node.start_mark.line + 1}: {found} is not "
                "among what models of emoclust are made of. Such a file can "
                "run any program. If you know who wrote it, and trust them, "
                "load it with trust=True"
            )
        if isinstance(node, ruamel.yaml.MappingNode):
            nodes += [part for pair in node.value for part in pair]
        elif isinstance(node, ruamel.yaml.SequenceNode):
            nodes += node.value


def _objection(node):
    """What is wrong with one node, or ``None``."""
    value = node.value if isinstance(node.value, str) else ""
    if value.lstrip().startswith("("):
        return value
    if node.tag == "!ref":
        return None if re.fullmatch(r"<\w+>", value) else f"!ref {value}"
    kind, _, name = node.tag.partition(":")
    if node.tag in _PLAIN or (kind in ("!new", "!name") and name in ALLOWED):
        return None
    return node.tag
