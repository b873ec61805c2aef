"""``emoclust predict`` and ``emoclust encode``: from files to files."""

import os
import sys
import tempfile

import numpy as np
from emoclust_lobes.evaluation.selective import find_threshold
from emoclust_lobes.predict.annotations import (
    ANNOTATIONS,
    SUFFIXES,
    annotation_paths,
    library,
)
from emoclust_lobes.predict.inputs import PredictError, find_clips
from emoclust_lobes.predict.options import (  # noqa: F401, of the command
    add_encode_arguments,
    add_predict_arguments,
)
from emoclust_lobes.predict.output import (
    prediction_rows,
    row_columns,
    write_embeddings,
)
from emoclust_lobes.predict.predictor import Predictor
from emoclust_lobes.predict.progress import Progress
from emoclust_lobes.predict.writers import AnnotationWriter, TableWriter
from emoclust_lobes.turns.listening import Listener
from emoclust_lobes.turns.turn_files import read_turns

SOME_FAILED = 3


def run_predict(options):
    """Run ``emoclust predict``; return its exit code, see ``NOTES``."""
    if options.enrol and options.speaker_column:
        raise PredictError("give --enrol or --speaker_column, not both")
    form = options.format or "csv"
    if options.format is None and (options.output or "").endswith(".json"):
        form = "json"
    by_turn = options.speakers is not None or options.turns is not None
    if form in ANNOTATIONS and not (by_turn or options.segments):
        raise PredictError(
            f"--format={form} is of parts of a recording: give --segments, "
            "--speakers or --turns"
        )
    if form in SUFFIXES:
        library(form)
    else:
        _check_output(options.output)
    column = options.speaker_column
    clips = find_clips(options.audio, sys.stdin, column)
    enrol = find_clips([options.enrol]) if options.enrol else []
    threshold = find_threshold(options.model, options.abstain)
    predictor = _predictor(options)
    segments = options.segments or by_turn
    if segments or options.abstain is not None:
        predictor.need_classes("a time line, or --abstain,")
    listener = _listener(options, predictor, clips) if segments else None
    writer = _writer(form, options.output, clips)
    problems: list[str] = []
    # Rows that appear on a terminal one by one are progress enough.
    shown = form == "csv" and not options.output and sys.stdout.isatty()
    passes = 1 + (listener.passes if listener else 0)
    with Progress(clips, passes, hidden=shown) as bar:
        predictions = predictor.predict(
            clips,
            problems,
            enrol=enrol,
            by_speaker=column is not None,
            advance=bar.advance,
            listener=listener,
        )

        def finished():
            for prediction in predictions:
                bar.finish(prediction)
                rows = prediction_rows(prediction, segments, by_turn, threshold)
                yield prediction, rows
            bar.close()  # a table is printed after it

        columns = row_columns(
            predictor.classes,
            segments,
            speakers=column is not None or by_turn,
            enrolled=by_turn and predictor.model.hparams.enrolment,
            dimensions=predictor.dimensions,
        )
        writer.write(finished(), columns)
    return _report(problems)


def _listener(options, predictor, clips):
    """Make what finds the turns, or takes those of a file."""
    if options.turns and options.speakers is not None:
        raise PredictError("give --turns or --speakers, not both")
    turns = read_turns(options.turns) if options.turns else None
    if turns is not None and "" in turns and len(clips) > 1:
        raise PredictError(
            f"{options.turns} does not say of which of the {len(clips):,} "
            "recordings it is: give one AUDIO, or an RTTM or CSV that names them"
        )
    return Listener(
        options.speech,
        options.speakers,
        turns,
        options.speaker_encoder,
        options.device,
        predictor.channels,
    )


def _writer(form, output, clips):
    if form not in SUFFIXES:
        return TableWriter(form, output)
    if not output and len(clips) > 1:
        raise PredictError(
            f"{len(clips):,} recordings are as many {form} files: give "
            "--output=FOLDER"
        )
    names = [clip.name for clip in clips]
    paths = annotation_paths(output, names, form) if output else {}
    return AnnotationWriter(form, paths)


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
    with Progress(clips) as bar:
        for found in predictor.embed(clips, bar.advance):
            bar.finish(found)
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


def _predictor(options):
    return Predictor(
        options.model,
        device=options.device,
        window=options.window,
        hop=options.hop,
        trust=options.trust,
        batch_seconds=options.batch_seconds,
        channel=options.channel,
        precision=options.precision,
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
