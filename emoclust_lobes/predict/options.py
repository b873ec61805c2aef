"""The options of ``emoclust predict`` and ``emoclust encode``."""

import argparse

from emoclust_lobes.encoders.speaker_encoders import SPEAKER_ENCODERS
from emoclust_lobes.evaluation.selective import add_abstain_option
from emoclust_lobes.experiment.option_table import adder
from emoclust_lobes.predict.annotations import ANNOTATIONS
from emoclust_lobes.predict.output import FORMATS
from emoclust_lobes.turns.speech import DETECTORS

NOTES = """\
exit codes:
  0  every file has its result
  3  some files cannot be used: they are named at the end, with the reasons,
     and have no row; the others have theirs
  2  nothing was done: the model, an option or an input is wrong

A file of results appears when it is complete: an interrupted run leaves what
was there before, and the rows of what was finished in FILE.partial beside it.
"""
_HELP = {
    "audio": "files, folders, patterns ('calls/**/*.wav'), CSV files with a "
    "column wav, path or file, or - for a list of paths on standard input",
    "window": "a longer recording is read in windows of this length, and the "
    "mean over them is its result (default: %(default)s)",
    "hop": "from one window to the next (default: %(default)s); the last "
    "one ends with the recording",
    "batch_seconds": "audio that is computed together (default: %(default)s); "
    "the results do not depend on it, the memory does",
    "precision": "bf16 computes the network in bfloat16: faster where the "
    "device can, and probabilities differ by about .001 (default: %(default)s)",
    "channel": "which channel is heard, counted from 1, where each is another "
    "person (default: the mean of all)",
    "format": "default: json for --output=FILE.json, csv otherwise; rttm, "
    "textgrid (Praat) and eaf (ELAN) are of --segments",
    "output": "default: standard output",
    "segments": "the time line, a row per segment of one emotion in speech, "
    "and one per pause (no speech): neighboring windows with the same emotion "
    "are one segment, with the mean of their probabilities; windows that "
    "overlap meet in the middle of their overlap",
    "speech": "what tells speech from pauses in --segments: silero (default), "
    "a network and a second look; energy, where nothing but speech is loud; "
    "none, where there are no pauses",
    "speakers": "tell apart the people in a recording, N or as many as there "
    "seem to be: a row per turn (implies --segments); a model that was "
    "trained with enrolment compares each with their own other turns",
    "speaker_encoder": "by which vectors people are told apart (default: "
    "%(default)s)",
    "turns": "who speaks when, from somebody else: RTTM, CSV (start, end, "
    "speaker, and path where it is of several recordings), TextGrid or eaf",
    "enrol": "unlabeled clips of the one speaker of all AUDIO, for models "
    "that were trained with enrolment; a clip of AUDIO that is among them "
    "is not compared with itself",
    "speaker_column": "for the same models: AUDIO is a CSV file, and each clip "
    "is compared with its speaker's other clips in it",
}


def add_predict_arguments(parser):
    """Add the options of ``emoclust predict`` to its parser."""
    add = _add_inputs(parser, _HELP)
    add("--format", choices=(*FORMATS, *ANNOTATIONS))
    add("--output", "FILE")
    add("--segments", action="store_true")
    add_listening_arguments(parser)
    add_abstain_option(parser)
    add("--turns", "FILE")
    add("--enrol", "DIR")
    add("--speaker_column", "NAME")


def add_listening_arguments(parser):
    """Add what finds the turns in a recording to a parser."""
    add = adder(parser, _HELP)
    add("--speech", choices=(*DETECTORS, "none"), default="silero")
    add("--speakers", "auto|N")
    add("--speaker_encoder", choices=SPEAKER_ENCODERS, default="campplus")


def add_encode_arguments(parser):
    """Add the options of ``emoclust encode`` to its parser."""
    file = "FILE.npz (arrays path, embedding, seconds) or FILE.parquet"
    add = _add_inputs(parser, {**_HELP, "output": file})
    add("--output", "FILE", required=True)


def _add_inputs(parser, helps):
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = NOTES
    add = adder(parser, helps)
    add("model", "MODEL")
    add("audio", "AUDIO", nargs="+")
    add("--window", "SECONDS", type=float, default=3.0)
    add("--hop", "SECONDS", type=float, default=1.5)
    add("--batch_seconds", "SECONDS", type=float, default=60.0)
    add("--precision", choices=("fp32", "bf16"), default="fp32")
    add("--channel", "N", type=int)
    add("--device", default="cpu")
    add("--trust", action="store_true")
    return add
