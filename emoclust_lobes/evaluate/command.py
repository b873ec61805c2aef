"""``emoclust evaluate``: a trained model on labeled recordings of others."""

import pathlib
import sys

import numpy as np
import pandas as pd
from data_prep.errors import name_some
from data_prep.storage.files import read_json
from emoclust_lobes.evaluate.classes import (
    common_classes,
    read_mapping,
    refuse_others,
)
from emoclust_lobes.evaluate.report import summarize, write_report
from emoclust_lobes.evaluate.scores import evaluate_rows
from emoclust_lobes.evaluate.table import (
    EvaluateError,
    read_labeled,
    read_predictions,
)
from emoclust_lobes.evaluation.selective import (
    add_abstain_option,
    answer,
    find_threshold,
)
from emoclust_lobes.experiment.option_table import adder
from emoclust_lobes.predict.enrolment import Enrolment
from emoclust_lobes.predict.predictor import Predictor
from emoclust_lobes.training.seen_speakers import read_seen_speakers

SOME_FAILED = 3
_HELP = {
    "model": "folder inference of a run of train_ser.py, or a CSV of anybody's "
    "predictions: file, and prob_CLASS for each class or emotion",
    "table": "CSV with the columns file, speaker, emotion and, if wanted, start "
    "and end (seconds), gender, age or others; or a CSV of a manifest",
    "output": "predictions.csv, evaluation.json, evaluation.html and figures go "
    "there (default: %(default)s)",
    "data_folder": "where the table's paths start from (default: its folder)",
    "corpus": "of the table: speakers are then told apart from those of the same "
    "names in other corpora that the model has seen",
    "mapping": "which class of the model an emotion of the table is, NAME= to "
    "leave one out; or a YAML like hparams/crosscorpus.yaml",
    "by": "columns of the table whose groups are told apart",
    "window": "as of emoclust predict, with hops of half of it (default: "
    "%(default)s)",
}


def add_arguments(parser):
    """Add the options of ``emoclust evaluate`` to its parser."""
    add = adder(parser, _HELP)
    add("model", "MODEL")
    add("table", "TABLE")
    add("--output", "FOLDER", default="evaluation")
    add("--data_folder", "FOLDER")
    add("--corpus", "NAME")
    add("--mapping", "NAME=CLASS,...|FILE")
    add("--by", "COLUMN,...", default="")
    add_abstain_option(parser)
    add("--window", "SECONDS", type=float, default=3.0)
    add("--device", default="cpu")
    add("--trust", action="store_true")


def run(options):
    """Run ``emoclust evaluate``; return its exit code."""
    labeled = read_labeled(options.table, options.data_folder, options.corpus)
    by = list(filter(None, options.by.split(",")))
    lacking = sorted(set(by) - set(labeled.rows))
    if lacking:
        raise EvaluateError(
            f"{options.table} has no column {name_some(lacking)} (--by), but "
            f"{', '.join(labeled.rows)}"
        )
    notes: list[str] = []
    problems: list[str] = []
    model_corpus, threshold, probabilities = None, None, True
    if not options.model.lower().endswith(".csv"):
        predictor = Predictor(
            options.model,
            device=options.device,
            window=options.window,
            hop=options.window / 2,
            trust=options.trust,
        )
        if options.abstain is not None:
            threshold = find_threshold(options.model, options.abstain)
        metrics = read_json(pathlib.Path(options.model, "metrics.json")) or {}
        model_corpus = metrics.get("corpus", "")
        notes += refuse_seen(options.model, labeled)
        found = _predict(predictor, labeled.clips, problems)
    else:
        if options.abstain is not None:
            raise EvaluateError(
                "--abstain needs MODEL to be a model: predictions do not tell "
                "how often they are wrong on development speakers"
            )
        files = labeled.rows["file"].tolist()
        chances, probabilities = read_predictions(options.model, files)
        found = {"": chances.set_axis(files)}
    mapping = read_mapping(options.mapping, model_corpus, labeled.corpus)
    results, tables = [], []
    for enrolled, chances in found.items():
        rows, classes = _rows(labeled, chances, mapping, probabilities, options)
        if threshold is not None:
            pairs = zip(rows["prediction"], rows["confidence"], strict=True)
            rows["answer"] = [answer(*x, threshold) for x in pairs]
        scores = evaluate_rows(rows, classes, by, probabilities, threshold)
        results.append({"enrolled": enrolled, **scores})
        tables.append(rows.assign(enrolled=enrolled))
    if labeled.unlabeled or len(rows) < len(labeled.rows):
        mapped = len(labeled.rows) - len(rows) - len(problems)
        notes.append(
            f"Left out: {labeled.unlabeled} recordings without an emotion, "
            f"{mapped} by --mapping, {len(problems)} that cannot be used."
        )
    if results[0]["speakers"] < 2:
        notes.append(
            "There is one speaker: nothing tells what another changes."
        )
    facts = {
        **{x: getattr(options, x) for x in ("model", "table")},
        "corpus": labeled.corpus,
        **{x: getattr(options, x) for x in ("mapping", "abstain")},
        "probabilities": probabilities,
        "notes": notes,
        "unusable": problems,
    }
    page = write_report(options.output, facts, results, pd.concat(tables))
    print(summarize(results, facts))
    print(*notes, f"The page is {page}", sep="\n")
    for line in problems:
        print(f"emoclust: cannot be used: {line}", file=sys.stderr)
    return SOME_FAILED if problems else 0


def refuse_seen(model_folder, labeled):
    """Raise where the model has seen a speaker of the table; return notes."""
    seen = read_seen_speakers(model_folder)
    if not seen:
        return [
            "The model does not tell whom it has seen: make sure that nobody of "
            "the table was in its training."
        ]
    names = set(labeled.rows["speaker"])
    if labeled.corpus:
        prefix = f"{labeled.corpus}/"
        common = {x for x in names if prefix + x.removeprefix(prefix) in seen}
        hint = "take them out of the table, or a model that has not"
    else:
        common = names & {*seen, *(x.partition("/")[2] for x in seen)}
        hint = (
            "take them out of the table; where they are others of the same "
            "names, give the table's corpus a name, --corpus=NAME"
        )
    if common:
        raise EvaluateError(
            f"{model_folder} has seen {len(common)} speakers of the table "
            f"({name_some(sorted(common), 5)}): {hint}"
        )
    return []


def _predict(predictor, clips, problems):
    """Predict with nothing of the speaker and, where it can, with all else.

    Returns a table of probabilities, by file, for each.
    """
    usable = []
    for each in predictor.embed(clips):
        if each.problem:
            problems.append(f"{each.clip.name}: {each.problem}")
        else:
            usable.append(each)
    if not usable:
        raise EvaluateError(
            "none of the recordings can be used: " + name_some(problems, 5)
        )
    given = {"": Enrolment([])}
    if predictor.model.hparams.enrolment:
        given = {"0": given[""], "all": Enrolment(usable)}
    names = [each.clip.name for each in usable]
    found = {}
    for enrolled, known in given.items():
        rows = [
            predictor.classify(x, known.others(x.clip)).probabilities
            for x in usable
        ]
        found[enrolled] = pd.DataFrame(rows, names, predictor.classes)
    return found


def _rows(labeled, chances, mapping, probabilities, options):
    """Join the table and the predictions, in one class set; return both."""
    rows = labeled.rows.set_index("file").loc[chances.index]
    confidence = chances.max(axis=1)
    chances, truth = common_classes(chances, rows["emotion"], mapping)
    if not probabilities:  # which name the classes that were given alone
        for name in sorted(set(truth.dropna()) - set(chances)):
            chances[name] = 0.0
    refuse_others(list(chances), truth, options.table)
    said = chances.columns[np.argmax(chances.to_numpy(), axis=1)]
    own = [x for x in rows if x.startswith("p_")]
    rows = rows.drop(columns=own).assign(
        truth=truth, prediction=said, confidence=confidence
    )
    kept = rows.join(chances.add_prefix("p_"))[truth.notna()]
    return kept.reset_index(names="file"), list(chances)
