"""What stage 2 is judged by: predictions, their scores, and the files of both.

An utterance may be scored several times, with more and more enrolled
utterances of its speaker; the last time is what a run is known by.
"""

import numpy as np
import pandas as pd
import torch
from data_prep.annotations.arrays import vote_counts
from data_prep.annotations.ratings import DIMENSIONS
from data_prep.errors import EmoclustError, name_some
from data_prep.storage.files import read_json, replacing, write_json
from emoclust_lobes.enrolment.draws import enrolled_moments
from emoclust_lobes.evaluation.calibration import calibrate
from emoclust_lobes.evaluation.dimensions import dimension_metrics
from emoclust_lobes.evaluation.distributions import (
    distribution_metrics,
    plurality_metrics,
)
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
    dimensions=None,
    annotations=None,
    class_weights=None,
):
    """Classify and rate a split: a row per enrolled count and utterance.

    Embeddings are [n, dim], ``truth`` places, -1 where there is none. Returns
    also the mean negative log-probability of the truth, or of the votes, with
    the last count. ``class_weights`` [classes] are taken out of the
    probabilities, not of the prediction.
    """
    names = np.array(classes)
    annotations = annotations or {}
    tables = []
    for count in enrolled_counts:
        placed = embeddings
        if count is not None:
            moments = enrolled_moments(
                embeddings.cpu().numpy(), ids, speakers, count, seed
            )
            moments = (torch.as_tensor(x).to(embeddings) for x in moments)
            placed = normalization.place(embeddings, *moments)
        table = {"ID": ids, "enrolled": "" if count is None else str(count)}
        if classifier is not None:
            scores = classifier(placed).cpu()
            first = scores.argmax(dim=1).numpy()
            if class_weights is not None:
                scores = (scores - class_weights.cpu().log()).log_softmax(dim=1)
            chances = scores.exp().numpy()
            table["truth"] = np.array([*classes, ""])[truth]  # -1: ""
            table["prediction"] = names[first]
            table |= {f"p_{x}": chances[:, i] for i, x in enumerate(names)}
        if annotations:
            table |= {"speaker": speakers, **annotations}
        if dimensions is not None:
            rated = [name for name in annotations if name != "votes"]
            found = dimensions(placed).cpu().numpy().T.astype(float)
            each = zip(rated, found, strict=True)
            table |= {f"predicted_{name}": x for name, x in each}
        tables.append(pd.DataFrame(table))
    predictions = pd.concat(tables, ignore_index=True)
    if classifier is None:
        return predictions, None
    if "votes" in annotations:
        counts = torch.as_tensor(vote_counts(annotations["votes"], classes))
        shares = (counts / counts.sum(dim=1, keepdim=True)).to(scores)
        loss = -(shares * scores).sum(dim=1).mean()
    else:
        loss = torch.nn.functional.nll_loss(scores, torch.as_tensor(truth))
    return predictions, loss.item()


def score_predictions(predictions, classes):
    """Score predictions for each number of enrolled utterances."""
    return {
        count: _scores(rows, classes)
        for count, rows in predictions.groupby("enrolled", sort=False)
    }


def _scores(rows, classes):
    """Score what there is: classes, votes, dimensions.

    Of votes and dimensions, ``joint`` is the mean of 1 - ``js`` and
    ``mean_ccc``, both 1 at best.
    """
    scores: dict = {}
    if "votes" in rows:
        scores |= plurality_metrics(rows["truth"], rows["prediction"], classes)
        scores |= distribution_metrics(
            vote_counts(rows["votes"], classes),
            rows[[f"p_{name}" for name in classes]],
            [list(classes).index(name) for name in rows["prediction"]],
        )
    elif "prediction" in rows:
        scores |= emotion_metrics(rows["truth"], rows["prediction"], classes)
    else:
        classes = []
    names = [x for x in DIMENSIONS if f"predicted_{x}" in rows]
    if names:
        scores |= dimension_metrics(
            rows[names],
            rows[[f"predicted_{name}" for name in names]],
            names,
            rows["speaker"],
        )
        scores = {"classes": list(classes), "n": len(rows), **scores}
    if "js" in scores and names:
        scores["joint"] = (1 - scores["js"] + scores["mean_ccc"]) / 2
    return scores


def read_predictions(folder, metrics):
    """Read the predictions that ``write_results`` left with these metrics.

    All columns are text; a file that was damaged since is refused.
    """
    path = f"{folder}/predictions.csv"
    counts = sorted(metrics.get("enrolled_uar") or [""])
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        sizes = table.groupby("enrolled")["ID"].nunique()
        wanted = dict.fromkeys(counts, metrics.get("n_voted", metrics["n"]))
        if dict(sizes) != wanted or len(table) != sizes.sum():
            raise ValueError(
                f"there are {dict(sizes)} utterances, not {wanted}"
            )
        labels = {*table["truth"], *table["prediction"]}
        known = {*metrics["classes"], *([""] if "n_voted" in metrics else [])}
        if labels - known or (table.iloc[:, -1] == "").any():
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
    if not {"uar", "js", "mean_ccc"} & done.keys():
        raise EmoclustError(
            f"{path} has no uar: remove it, and the best checkpoint is tested "
            "and packed again"
        )
    logger.info(
        f"Tested before: {headline(done)}. To test and pack the best "
        f"checkpoint again, remove {path}"
    )
    return True


def headline(metrics):
    """Say the main numbers of a test, those that there are."""
    names = {"uar": "UAR", "js": "JS divergence", "mean_ccc": "mean CCC"}
    told = [f"{x} {metrics[k]:.4f}" for k, x in names.items() if k in metrics]
    return ", ".join(told)


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
    """Leave the test's predictions, picture, model and, last, ``metrics.json``.

    ``training`` is what else the numbers tell, ``valid_predictions``
    calibrate; without ``model``, arguments of ``write_inference_folder``,
    neither model nor picture is left.
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
    kept = ("uar", "wa", "macro_f1", "mean_ccc")
    metrics = {
        **run,
        **scores,
        **{
            f"enrolled_{score}": {
                count: each[score] for count, each in enrolled.items() if count
            }
            for score in kept
            if score in scores
        },
    }
    if "prediction" in predictions:
        found = calibrate(predictions, valid_predictions, classes)
        metrics["calibration"] = found
        metrics["selective"] = None
        if "votes" not in predictions:  # which are no right or wrong
            metrics["selective"] = operating_points(
                predictions, valid_predictions, classes, found["temperature"]
            )
    metrics |= training
    if model and "confusion" in scores:
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
    if model:
        # SpeechBrain's inference imports all that it can load
        from emoclust_lobes.inference.folder import write_inference_folder

        write_inference_folder(
            folder=f"{folder}/inference", metrics=metrics, **model
        )
    write_json(f"{folder}/metrics.json", metrics)
    logger.info(f"Test {headline(scores)}; the results are in {folder}")
