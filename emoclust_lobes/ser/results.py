"""What stage 2 is judged by: predictions, their scores, and the files of both.

An utterance may be scored several times, with more and more enrolled
utterances of its speaker; the last time is what a run is known by.
"""

import numpy as np
import pandas as pd
import torch
from data_prep.errors import EmoclustError, name_some
from data_prep.storage.files import read_json, replacing, write_json
from emoclust_lobes.enrolment.draws import enrolled_moments
from emoclust_lobes.evaluation.calibration import calibrate
from emoclust_lobes.evaluation.metrics import emotion_metrics
from emoclust_lobes.evaluation.selective import operating_points
from emoclust_lobes.figures.confusion import plot_confusion

from speechbrain.utils.logger import get_logger

logger = get_logger(__name__)


@torch.no_grad()
def predict_emotions(
    *,
    embeddings,
    ids,
    speakers,
    truth,
    classes,
    classifier,
    normalization=None,
    enrolled_counts=(None,),
    seed=0,
):
    """Classify the utterances of a split: embeddings [n, dim], ``truth`` as
    places.

    Returns a row for each number of enrolled utterances and each utterance,
    with the columns ``ID, enrolled`` ("" without enrolment), ``truth,
    prediction`` and ``p_<class>``, and the mean negative log-probability of the
    truth with the last number.
    """
    names = np.array(classes)
    tables = []
    for count in enrolled_counts:
        placed = embeddings
        if count is not None:
            moments = enrolled_moments(
                embeddings.cpu().numpy(), ids, speakers, count, seed
            )
            moments = (torch.as_tensor(x).to(embeddings) for x in moments)
            placed = normalization.place(embeddings, *moments)
        scores = classifier(placed).cpu()
        chances = scores.exp().numpy()
        table = {
            "ID": ids,
            "enrolled": "" if count is None else str(count),
            "truth": names[truth],
            "prediction": names[chances.argmax(axis=1)],
            **{f"p_{name}": chances[:, i] for i, name in enumerate(names)},
        }
        tables.append(pd.DataFrame(table))
    loss = torch.nn.functional.nll_loss(scores, torch.as_tensor(truth))
    return pd.concat(tables, ignore_index=True), loss.item()


def score_predictions(predictions, classes):
    """Score predictions for each number of enrolled utterances."""
    return {
        count: emotion_metrics(rows["truth"], rows["prediction"], classes)
        for count, rows in predictions.groupby("enrolled", sort=False)
    }


def read_predictions(folder, metrics):
    """Read the predictions that ``write_results`` left with these metrics.

    All columns are text; a file that was damaged since is refused.
    """
    path = f"{folder}/predictions.csv"
    counts = sorted(metrics.get("enrolled_uar") or [""])
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        sizes = table.groupby("enrolled")["ID"].nunique()
        wanted = dict.fromkeys(counts, metrics["n"])
        if dict(sizes) != wanted or len(table) != sizes.sum():
            raise ValueError(
                f"there are {dict(sizes)} utterances, not {wanted}"
            )
        labels = {*table["truth"], *table["prediction"]}
        if labels - {*metrics["classes"]} or (table.iloc[:, -1] == "").any():
            raise ValueError(f"it tells of {name_some(sorted(labels))}")
    except (OSError, KeyError, ValueError) as error:
        raise EmoclustError(
            f"{path} is damaged ({error}): remove {folder}/metrics.json and give "
            "the command again, which tests the best checkpoint again"
        ) from error
    return table


def was_tested(folder):
    """Say whether a run has its result, and what is to be done for another."""
    path = f"{folder}/metrics.json"
    done = read_json(path)
    if done is None:
        return False
    if "uar" not in done:
        raise EmoclustError(
            f"{path} has no uar: remove it, and the best checkpoint is tested "
            "and packed again"
        )
    logger.info(
        f"Tested before: UAR {done['uar']:.4f}. To test and pack the best "
        f"checkpoint again, remove {path}"
    )
    return True


def write_results(
    *,
    folder,
    predictions,
    classes,
    run,
    training,
    valid_predictions=None,
    model=None,
):
    """Leave the test's predictions, picture, model and, last, its numbers.

    What has ``metrics.json`` has all of it. ``run`` tells which run it is,
    ``training`` what else the numbers tell, ``valid_predictions`` calibrate
    and are left beside those of the test; ``model`` are arguments of
    ``write_inference_folder``, without which neither model nor picture is left.
    """
    tables = {
        "predictions": predictions,
        "valid_predictions": valid_predictions,
    }
    for name, table in tables.items():
        if table is not None:
            with replacing(f"{folder}/{name}.csv") as stream:
                table.to_csv(stream, index=False, float_format="%.6f")
    enrolled = score_predictions(predictions, classes)
    scores = list(enrolled.values())[-1]
    calibration = calibrate(predictions, valid_predictions, classes)
    metrics = {
        **run,
        **scores,
        **{
            f"enrolled_{score}": {
                count: each[score] for count, each in enrolled.items() if count
            }
            for score in ("uar", "wa", "macro_f1")
        },
        "calibration": calibration,
        "selective": operating_points(
            predictions, valid_predictions, classes, calibration["temperature"]
        ),
        **training,
    }
    if model:
        title = (
            f"{run['corpus']}, {run['label_source']} labels, fold "
            f"{run['fold']}\nUAR {scores['uar']:.3f}, n = {scores['n']}"
        )
        plot_confusion(
            scores["confusion"],
            scores["classes"],
            title,
            f"{folder}/confusion.png",
        )
        # SpeechBrain's inference imports all that it can load
        from emoclust_lobes.inference.folder import write_inference_folder

        write_inference_folder(
            folder=f"{folder}/inference", metrics=metrics, **model
        )
    write_json(f"{folder}/metrics.json", metrics)
    logger.info(f"Test UAR {scores['uar']:.4f}; the results are in {folder}")
