"""The YAML of an inference folder, made of the blocks of the training YAML.

No architecture is written twice: the modules' blocks are taken out of the
run's settings after all references and overrides, as they were trained.
"""

import io

import ruamel.yaml
from emoclust_lobes.encoders.front_ends import SSLFrontEnd
from emoclust_lobes.inference.front_end import packed_arguments
from emoclust_lobes.inference.trust import emoclust_version
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar

# Loaded name, which is that of its file -> name in the YAML
WEIGHTS = {
    "front_end": "compute_features",
    "encoder": "embedding_model",
    "classifier": "classifier",
    "dimensions": "dimensions",
}
HEADER = """\
# Emotions from speech, for SpeechBrain's EncoderClassifier; see README.md.
# Made by emoclust of the settings of the run. classify_batch
# leaves the temperature out; it divides the log-probabilities.
"""
NORMALIZER = "speechbrain.dataio.preprocess.AudioNormalizer"
PACKED = "emoclust_lobes.inference.PackedFrontEnd"
ENROLLED = "emoclust_lobes.enrolment.EnrolledClassifier"
HEAD = "emoclust_lobes.encoders.DimensionsHead"
ENCODER = "speechbrain.dataio.encoder.CategoricalEncoder"
PRETRAINER = "speechbrain.utils.parameter_transfer.Pretrainer"


def inference_settings(
    *,
    stage2,
    front_end,
    loaded,
    classes,
    temperature,
    enrolment,
    sample_rate,
    embedding_size,
    target="class",
    class_weights=None,
    dimensions_head=None,
):
    """Write the text of ``hyperparams.yaml``, in HyperPyYAML.

    ``stage2`` is the resolved block ``ser`` of the training YAML; settings of
    a pretrained front end are put in, so that no place is named; ``loaded``
    are those of ``WEIGHTS`` that have a file. A model of dimensions alone has
    its head in the classifier's place, where SpeechBrain asks for one.
    """
    yaml = ruamel.yaml.YAML()
    block = yaml.load(stage2)["ser"]
    modules = dict(block["modules"])
    if isinstance(front_end, SSLFrontEnd):
        modules["embedding_model"] = _replaced(
            modules["embedding_model"],
            modules["compute_features"],
            _reference("compute_features"),
        )
        modules["compute_features"] = _tagged(
            PACKED, packed_arguments(front_end)
        )
    head, annotators = dimensions_head, {}
    if target != "class":
        annotators["target"] = target
        annotators["class_weights"] = class_weights
    if head is not None:
        annotators |= {"dimension_names": head.names, "scale": head.scale}
        size = {"input_size": embedding_size}
        about = {**size, "names": head.names, "scale": head.scale}
        place = "classifier" if target == "dimensions" else "dimensions"
        modules[place] = _tagged(HEAD, about)
    if enrolment:
        modules["classifier"] = _tagged(
            ENROLLED,
            {
                "normalization": block["speaker_normalization"],
                "classifier": modules["classifier"],
            },
        )
    loadables = {name: _reference(WEIGHTS[name]) for name in loaded}
    loadables["label_encoder"] = _reference("label_encoder")
    settings = {
        "emoclust_version": emoclust_version(),
        "sample_rate": sample_rate,
        "classes": list(classes),
        "temperature": temperature,
        **annotators,
        "enrolment": enrolment,
        "embedding_size": embedding_size,
        **modules,
        "modules": {name: _reference(name) for name in modules},
        "audio_normalizer": _tagged(NORMALIZER, {"sample_rate": sample_rate}),
        "label_encoder": _tagged(ENCODER, {}),
        "pretrainer": _tagged(PRETRAINER, {"loadables": loadables}),
    }
    text = io.StringIO(HEADER)
    text.seek(0, io.SEEK_END)
    yaml.dump(_bare(settings), text)
    return text.getvalue()


def _reference(name):
    node = TaggedScalar(f"<{name}>")
    node.yaml_set_ctag(ruamel.yaml.Tag(suffix="!ref"))
    return node


def _tagged(target, arguments):
    node = CommentedMap(arguments)
    node.yaml_set_ctag(ruamel.yaml.Tag(suffix=f"!new:{target}"))
    return node


def _replaced(node, old, new):
    """Put one node in the place of another, which is the same object."""
    if node is old:
        return new
    if isinstance(node, dict):
        for name, each in node.items():
            node[name] = _replaced(each, old, new)
    return node


def _bare(node):
    """Take comments off, and write lists of plain values on one line.

    Comments and blank lines are not only noise: where HyperPyYAML writes the
    file again, they may end up in the midst of a list.
    """
    bare: CommentedMap | CommentedSeq
    if isinstance(node, dict):
        bare = CommentedMap({name: _bare(x) for name, x in node.items()})
    elif isinstance(node, list):
        bare = CommentedSeq([_bare(x) for x in node])
        if not any(isinstance(x, (dict, list, TaggedScalar)) for x in node):
            bare.fa.set_flow_style()
    else:
        return node
    tag = getattr(node, "tag", None)
    if tag is not None and tag.value:
        bare.yaml_set_ctag(tag)
    return bare
