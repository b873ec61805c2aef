"""``emoclust predict`` on an hour of speech, CPU seconds from its launch.

Real where ``EMOCLUST_DATA`` has LibriSpeech and RAVDESS and
``EMOCLUST_FRONT_END`` names Whisper base. The pipeline of the transformers
library hears the same windows, of one minute: it pads each to 30 s.
"""

from benchmarks.builds import ROOT, cpu_seconds, reference_build
from benchmarks.long_speech import inference_folder, recording, whisper_folder
from benchmarks.part import Part

EMOCLUST = "from emoclust_lobes.cli import main; main()"
PIPELINE = """\
import sys, soundfile, torch, transformers
from emoclust_lobes.turns.windows import window_starts
torch.set_num_threads(1)
folder, path = sys.argv[1:]
samples, rate = soundfile.read(path, dtype="float32")
window, hop = 3 * rate, 3 * rate // 2
classify = transformers.pipeline(
    "audio-classification",
    model=transformers.WhisperForAudioClassification.from_pretrained(folder),
    feature_extractor=transformers.AutoFeatureExtractor.from_pretrained(folder),
)
for start in window_starts(len(samples), window, hop):
    classify(samples[start : start + window])
"""
# Size -> model and minutes
CASES = {
    1: ("Whisper", 1),
    2: ("Whisper", 60),
    3: ("ECAPA-TDNN", 60),
    4: ("CAM++", 60),
}


def _side(find_build, *options):
    def prepare(case):
        name, minutes = CASES[case]
        model, path = inference_folder(name), recording(minutes)
        build = find_build()
        words = ["-c", EMOCLUST, "predict", str(model), str(path), *options]
        return lambda: cpu_seconds(build, *words)

    return prepare


def _pipeline(case):
    path = recording(CASES[case][1])
    words = ["-c", PIPELINE, str(whisper_folder()), str(path)]
    return lambda: cpu_seconds(ROOT, *words)


PART = Part(
    name="emoclust predict, CPU seconds",
    unit="",
    sizes=tuple(CASES),
    size_names={
        size: f"{name}, {minutes} min"
        for size, (name, minutes) in CASES.items()
    },
    limits={"transformers' pipeline": 1},
    counts_itself=True,
    sides={
        "this build": _side(lambda: ROOT),
        "reference build": _side(reference_build),
        "this build, bf16": _side(lambda: ROOT, "--precision=bf16"),
        "transformers' pipeline": _pipeline,
    },
    aim="2x the reference build, 1.5x the pipeline",
)
