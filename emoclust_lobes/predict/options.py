"""The options of ``emoclust predict`` and ``emoclust encode``."""

import argparse

from emoclust_lobes.encoders.speaker_encoders import SPEAKER_ENCODERS
from emoclust_lobes.evaluation.selective import add_abstain_option
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


def add_predict_arguments(parser):
    """Add the options of ``emoclust predict`` to its parser."""
    _add_inputs(parser)
    parser.add_argument(
        "--format",
        choices=(*FORMATS, *ANNOTATIONS),
        help="default: json for --output=FILE.json, csv otherwise; rttm, "
        "textgrid (Praat) and eaf (ELAN) are of --segments",
    )
    parser.add_argument(
        "--output", metavar="FILE", help="default: standard output"
    )
    parser.add_argument(
        "--segments",
        action="store_true",
        help="the time line, a row per segment of one emotion in speech, and "
        "one per pause (no speech): neighboring windows with the same emotion "
        "are one segment, with the mean of their probabilities; windows that "
        "overlap meet in the middle of their overlap",
    )
    add_listening_arguments(parser)
    add_abstain_option(parser)
    parser.add_argument(
        "--turns",
        metavar="FILE",
        help="who speaks when, from somebody else: RTTM, CSV (start, end, "
        "speaker, and path where it is of several recordings), TextGrid or eaf",
    )
    parser.add_argument(
        "--enrol",
        metavar="DIR",
        help="unlabeled clips of the one speaker of all AUDIO, for models "
        "that were trained with enrolment; a clip of AUDIO that is among them "
        "is not compared with itself",
    )
    parser.add_argument(
        "--speaker_column",
        metavar="NAME",
        help="for the same models: AUDIO is a CSV file, and each clip is "
        "compared with its speaker's other clips in it",
    )


def add_listening_arguments(parser):
    """Add what finds the turns in a recording to a parser."""
    parser.add_argument(
        "--speech",
        choices=(*DETECTORS, "none"),
        default="silero",
        help="what tells speech from pauses in --segments: silero (default), a "
        "network and a second look; energy, where nothing but speech is loud; "
        "none, where there are no pauses",
    )
    parser.add_argument(
        "--speakers",
        metavar="auto|N",
        help="tell apart the people in a recording, N or as many as there "
        "seem to be: a row per turn (implies --segments); a model that was "
        "trained with enrolment compares each with their own other turns",
    )
    parser.add_argument(
        "--speaker_encoder",
        choices=SPEAKER_ENCODERS,
        default="campplus",
        help="by which vectors people are told apart (default: %(default)s)",
    )


def add_encode_arguments(parser):
    """Add the options of ``emoclust encode`` to its parser."""
    _add_inputs(parser)
    parser.add_argument(
        "--output",
        required=True,
        metavar="FILE",
        help="FILE.npz (arrays path, embedding, seconds) or FILE.parquet",
    )


def _add_inputs(parser):
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = NOTES
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="folder inference of a run of train_ser.py",
    )
    parser.add_argument(
        "audio",
        nargs="+",
        metavar="AUDIO",
        help="files, folders, patterns ('calls/**/*.wav'), CSV files with a "
        "column wav, path or file, or - for a list of paths on standard input",
    )
    parser.add_argument(
        "--window",
        type=float,
        default=3.0,
        metavar="SECONDS",
        help="a longer recording is read in windows of this length, and the "
        "mean over them is its result (default: %(default)s)",
    )
    parser.add_argument(
        "--hop",
        type=float,
        default=1.5,
        metavar="SECONDS",
        help="from one window to the next (default: %(default)s); the last "
        "one ends with the recording",
    )
    parser.add_argument(
        "--batch_seconds",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="audio that is computed together (default: %(default)s); the "
        "results do not depend on it, the memory does",
    )
    parser.add_argument(
        "--precision",
        choices=("fp32", "bf16"),
        default="fp32",
        help="bf16 computes the network in bfloat16: faster where the device "
        "can, and probabilities differ by about .001 (default: %(default)s)",
    )
    parser.add_argument(
        "--channel",
        type=int,
        metavar="N",
        help="which channel is heard, counted from 1, where each is another "
        "person (default: the mean of all)",
    )
    parser.add_argument(
        "--device", default="cpu", help="cpu (default), cuda, cuda:1, ..."
    )
    parser.add_argument(
        "--trust",
        action="store_true",
        help="load a model whose YAML may run any code: only where you know "
        "who made it",
    )
