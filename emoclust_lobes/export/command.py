"""``emoclust export_onnx``: a model as one file for ONNX Runtime."""

import importlib
import json
import logging
import pathlib
import warnings

import torch
from data_prep.storage.files import replacing
from emoclust_lobes.export.graph import ENROLLED, EmotionGraph
from emoclust_lobes.inference.load import load_model
from emoclust_lobes.inference.trust import InferenceError

NEEDS = ("onnx", "onnxscript", "onnxruntime")
OPSET = 18
# Seconds of sound that is computed by both, and the largest difference
CHECKED = (0.6, 1.0, 2.37, 7.5)
TOLERANCE = 1e-4


def export_onnx(folder, path, trust=False):
    """Write a model as an ONNX file, and hear with it what PyTorch hears.

    Returns the largest difference to PyTorch, of all outputs, on noise of
    several lengths. An InferenceError says why nothing was written.
    """
    onnx = _libraries()
    model = load_model(folder, trust=trust)
    graph = EmotionGraph(model)
    try:
        proto = _exported(graph, model.hparams.sample_rate)
    except Exception as error:  # the exporter's may be any
        reason = str(error).strip().partition("\n")[0]
        raise InferenceError(
            f"the model in {folder} cannot be exported: {reason}"
        ) from error
    for name, value in zip(ENROLLED, graph.neutral()):
        default = onnx.numpy_helper.from_array(value.numpy(), name)
        proto.graph.initializer.append(default)
    for key in ("classes", "sample_rate", "temperature", "emoclust_version"):
        value = json.dumps(getattr(model.hparams, key, None))
        proto.metadata_props.add(key=key, value=value)
    found = proto.SerializeToString()
    difference = _difference(model, graph, found)
    if not difference <= TOLERANCE:
        raise InferenceError(
            f"the ONNX file of {folder} is {difference:.1e} off what PyTorch "
            f"computes, more than {TOLERANCE:.0e}: nothing was written"
        )
    with replacing(pathlib.Path(path).expanduser(), "wb") as stream:
        stream.write(found)
    return difference


def _libraries():
    """Import what is needed, and return ``onnx``."""
    try:
        return [importlib.import_module(name) for name in NEEDS][0]
    except ImportError as error:
        raise InferenceError(
            f"ONNX files need {error.name}: pip install 'emoclust[onnx]'"
        ) from error


def _exported(graph, sample_rate):
    names = ["waveform", *ENROLLED[: len(graph.neutral())]]
    example = torch.randn(1, 2 * sample_rate + 77) / 10
    shapes = ({1: torch.export.Dim.DYNAMIC}, *({} for _ in graph.neutral()))
    logging.getLogger("onnxscript").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            graph,
            (example, *graph.neutral()),
            input_names=names,
            output_names=["probabilities", "embedding"],
            dynamic_shapes=shapes,
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    return program.model_proto


@torch.inference_mode()
def _difference(model, graph, found):
    """Largest difference between the file and the model, over lengths."""
    import onnxruntime

    session = onnxruntime.InferenceSession(
        found, providers=["CPUExecutionProvider"]
    )
    largest = 0.0
    for seconds in CHECKED:
        samples = int(seconds * model.hparams.sample_rate)
        generator = torch.Generator().manual_seed(samples)
        wave = torch.randn(1, samples, generator=generator) / 20
        embedding = model.encode_batch(wave).flatten(1)
        if graph.enrolment is not None:
            model.mods.classifier.enrol(embedding[:0])
        scores = model.mods.classifier(embedding)
        chances = (scores / graph.temperature).softmax(dim=-1)
        outputs = session.run(None, {"waveform": wave.numpy()})
        for expected, output in zip((chances, embedding), outputs):
            off = (expected - torch.from_numpy(output)).abs().max().item()
            largest = max(largest, off)
    return largest


def add_arguments(parser):
    """Declare the arguments of ``emoclust export_onnx``."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="folder inference of a run of train_ser.py",
    )
    parser.add_argument("file", metavar="FILE", help="FILE.onnx to write")
    parser.add_argument(
        "--trust",
        action="store_true",
        help="load a model whose YAML may run any code: only where you know "
        "who made it",
    )


def run(options):
    """Run ``emoclust export_onnx`` and return what to print."""
    difference = export_onnx(options.model, options.file, trust=options.trust)
    return (
        f"{options.file}: waveform in, probabilities and embedding out, "
        f"{difference:.0e} off PyTorch at most"
    )
