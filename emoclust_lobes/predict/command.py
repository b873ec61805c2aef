"""``emoclust predict`` and ``emoclust encode``: from files to files."""

import argparse
import contextlib
import os
import sys
import tempfile

import numpy as np
from data_prep.storage.files import replacing
from emoclust_lobes.predict.inputs import PredictError, find_clips
from emoclust_lobes.predict.output import (
    FORMATS,
    prediction_rows,
    row_columns,
    write_embeddings,
    write_rows,
)
from emoclust_lobes.predict.predictor import Predictor
from tqdm import tqdm

SOME_FAILED = 3
NOTES = """\
exit codes:
  0  every file has its result
  3  some files cannot be used: they are named at the end, with the reasons,
     and have no row; the others have theirs
  2  nothing was done: the model, an option or an input is wrong

A file of results appears when it is complete: an interrupted run leaves what
was there before, and is simply run again.
"""


def add_predict_arguments(parser):
    """Add the options of ``emoclust predict`` to its parser."""
    _add_inputs(parser)
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="default: json for --output=FILE.json, csv otherwise",
    )
    parser.add_argument(
        "--output", metavar="FILE", help="default: standard output"
    )
    parser.add_argument(
        "--segments",
        action="store_true",
        help="the time line, a row per segment of one emotion: neighboring "
        "windows with the same emotion are one segment, with the mean of "
        "their probabilities; windows that overlap meet in the middle of "
        "their overlap",
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


def run_predict(options):
    """Run ``emoclust predict``; return its exit code, see ``NOTES``."""
    if options.enrol and options.speaker_column:
        raise PredictError("give --enrol or --speaker_column, not both")
    _check_output(options.output)
    form = options.format or "csv"
    if options.format is None and (options.output or "").endswith(".json"):
        form = "json"
    column = options.speaker_column
    clips = find_clips(options.audio, sys.stdin, column)
    enrol = find_clips([options.enrol]) if options.enrol else []
    predictor = _predictor(options)
    if options.segments:
        predictor.need_classes("--segments")
    problems: list[str] = []
    # Rows that appear on a terminal one by one are progress enough.
    shown = form == "csv" and not options.output and sys.stdout.isatty()
    with contextlib.ExitStack() as stack:
        bar = stack.enter_context(_progress(clips, hidden=shown))
        predictions = predictor.predict(
            clips,
            problems,
            enrol=enrol,
            by_speaker=column is not None,
            on_windows=bar.add_windows,
        )

        def rows():
            for prediction in predictions:
                bar.update()
                yield from prediction_rows(prediction, options.segments)
            bar.close()  # a table is printed after it

        stream = sys.stdout
        if options.output:
            stream = stack.enter_context(replacing(options.output))
        columns = row_columns(
            predictor.classes,
            options.segments,
            speakers=column is not None,
            dimensions=predictor.dimensions,
        )
        write_rows(rows(), columns, form, stream)
    return _report(problems)


def run_encode(options):
    """Run ``emoclust encode``; return its exit code, see ``NOTES``."""
    _check_output(options.output)
    if not options.output.endswith((".npz", ".parquet")):
        raise PredictError(
            f"embeddings go to FILE.npz or FILE.parquet, not {options.output}"
        )
    clips = find_clips(options.audio, sys.stdin)
    predictor = _predictor(options)
    problems, names, vectors, seconds = [], [], [], []
    with _progress(clips) as bar:
        for found in predictor.embed(clips, bar.add_windows):
            bar.update()
            if found.problem:
                problems.append(f"{found.clip.name}: {found.problem}")
                continue
            names.append(found.clip.name)
            vectors.append(found.mean.numpy())
            seconds.append(found.seconds)
    size = predictor.model.hparams.embedding_size
    table = np.array(vectors, dtype=np.float32).reshape(len(names), size)
    write_embeddings(options.output, names, table, seconds)
    return _report(problems)


class _Progress(tqdm):
    """Counts files, and the windows in them, of which an hour has many."""

    windows = 0

    def add_windows(self, windows):
        self.windows += windows
        self.set_postfix_str(f"{self.windows:,} windows")


def _progress(clips, hidden=False):
    return _Progress(
        desc="Listening",
        total=len(clips),
        unit=" files",
        leave=False,
        disable=True if hidden else None,  # None: unless on a terminal
    )


def _predictor(options):
    return Predictor(
        options.model,
        device=options.device,
        window=options.window,
        hop=options.hop,
        trust=options.trust,
        batch_seconds=options.batch_seconds,
        channel=options.channel,
    )


def _check_output(path):
    """Raise before hours of work that could not be kept."""
    if not path:
        return
    if os.path.isdir(path):
        raise PredictError(f"{path} is a folder: give --output a file in it")
    folder = os.path.dirname(path) or os.curdir
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise PredictError(
            f"{path} cannot be written: {error.strerror}. Give another --output"
        ) from error


def _report(problems):
    """Say which files failed, and return the exit code."""
    if not problems:
        return 0
    print(f"emoclust: {len(problems):,} files cannot be used:", file=sys.stderr)
    for line in problems:
        print(f"  {line}", file=sys.stderr)
    return SOME_FAILED
