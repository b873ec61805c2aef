"""What stage 2 is judged by: predictions, their scores, and the files of both.

An utterance may be scored several times, with more and more enrolled
utterances of its speaker; the last time is what a run is known by.
"""

import numpy as np
import pandas as pd
import torch
from data_prep.storage.files import replacing, write_json
from emoclust_lobes.enrolment.draws import draw_enrolled
from emoclust_lobes.evaluation.calibration import calibrate
from emoclust_lobes.evaluation.metrics import emotion_metrics
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
    """Classify the utterances of a split.

    Arguments
    ---------
    embeddings : torch.Tensor
        Shape [n, dim].
    ids, speakers : sequence of str
        Of the utterances, shape [n].
    truth : sequence of int
        Place of each true emotion in ``classes``, shape [n].
    classes : sequence of str
        The class set.
    classifier : torch.nn.Module
        Embeddings -> log-probabilities, shape [n, classes].
    normalization : SpeakerNormalization
        Not used where speakers are not enrolled.
    enrolled_counts : sequence
        Numbers of the speaker's other utterances that are enrolled, or
        ``"all"``; ``None`` without enrolment.
    seed : int
        Seed of the run, for the draws of the enrolled utterances.

    Returns
    -------
    predictions : pandas.DataFrame
        One row per count and utterance: ``ID, enrolled`` ("" without),
        ``truth, prediction`` and a probability per class, ``p_<class>``.
    emotion_loss : float
        Mean negative log-probability of the truth with the last count.

    Example
    -------
    >>> predictions, loss = predict_emotions(
    ...     embeddings=torch.tensor([[0.0, 0.0], [3.0, 0.0]]),
    ...     ids=["u1", "u2"],
    ...     speakers=["anna", "anna"],
    ...     truth=[0, 0],
    ...     classes=["ang", "sad"],
    ...     classifier=torch.nn.LogSoftmax(dim=-1),
    ... )
    >>> predictions["prediction"].tolist(), round(loss, 3)
    (['ang', 'ang'], 0.371)
    """
    names = np.array(classes)
    tables = []
    for count in enrolled_counts:
        placed = embeddings
        if count is not None:
            enrolled = draw_enrolled(ids, speakers, count, seed)
            placed = normalization(embeddings, enrolled, table=embeddings)
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
    """Score predictions, those of each number of enrolled utterances apart.

    Arguments
    ---------
    predictions : pandas.DataFrame
        From ``predict_emotions``.
    classes : sequence of str
        The class set.

    Returns
    -------
    dict
        Number of enrolled utterances, as in ``predictions`` -> metrics from
        ``emotion_metrics``; in the order of ``predictions``.

    Example
    -------
    >>> rows = [["0", "ang", "sad"], ["all", "ang", "ang"]]
    >>> columns = ["enrolled", "truth", "prediction"]
    >>> scores = score_predictions(
    ...     pd.DataFrame(rows, columns=columns), ["ang", "sad"]
    ... )
    >>> {count: metrics["uar"] for count, metrics in scores.items()}
    {'0': 0.0, 'all': 1.0}
    """
    return {
        count: emotion_metrics(rows["truth"], rows["prediction"], classes)
        for count, rows in predictions.groupby("enrolled", sort=False)
    }


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

    What has its numbers has all of it.

    Arguments
    ---------
    folder : str or pathlib.Path
        Where ``predictions.csv``, ``confusion.png`` and ``metrics.json`` go.
    predictions : pandas.DataFrame
        From ``predict_emotions``.
    classes : sequence of str
        The class set.
    run : dict
        Which run it is, for ``metrics.json``; the picture's title has its
        ``corpus``, ``label_source`` and ``fold``.
    training : dict
        What else ``metrics.json`` tells, after the scores.
    valid_predictions : pandas.DataFrame
        Of the development speakers, for the calibration; ``None`` where there
        are none.
    model : dict
        Arguments of ``write_inference_folder``, but for the folder
        ``inference`` and the metrics; no model is left without them.

    Example
    -------
    >>> folder = getfixture("tmp_path")
    >>> write_results(
    ...     folder=folder,
    ...     predictions=pd.DataFrame(
    ...         [["u1", "", "ang", "ang", 0.9, 0.1]],
    ...         columns="ID enrolled truth prediction p_ang p_sad".split(),
    ...     ),
    ...     classes=["ang", "sad"],
    ...     run={"corpus": "C", "label_source": "intended", "fold": 1},
    ...     training={"best_epoch": 3},
    ... )
    >>> (folder / "metrics.json").read_text().splitlines()[1:5]
    ['  "corpus": "C",', '  "label_source": "intended",', '  "fold": 1,', \
'  "uar": 1.0,']
    """
    with replacing(f"{folder}/predictions.csv") as stream:
        predictions.to_csv(stream, index=False, float_format="%.6f")
    enrolled = score_predictions(predictions, classes)
    scores = list(enrolled.values())[-1]
    title = (
        f"{run['corpus']}, {run['label_source']} labels, fold {run['fold']}\n"
        f"UAR {scores['uar']:.3f}, n = {scores['n']}"
    )
    plot_confusion(
        scores["confusion"],
        scores["classes"],
        title,
        f"{folder}/confusion.png",
    )
    enrolled_uar = {
        count: each["uar"] for count, each in enrolled.items() if count
    }
    metrics = {
        **run,
        **scores,
        "enrolled_uar": enrolled_uar,
        "calibration": calibrate(predictions, valid_predictions, classes),
        **training,
    }
    if model is not None:
        # SpeechBrain's inference imports all that it can load
        from emoclust_lobes.inference.folder import write_inference_folder

        write_inference_folder(
            folder=f"{folder}/inference", metrics=metrics, **model
        )
    write_json(f"{folder}/metrics.json", metrics)
    logger.info(f"Test UAR {scores['uar']:.4f}; the results are in {folder}")
