"""Reference systems: what a frozen vector and a linear classifier give.

They take the same rows of the same manifests as any other system of a protocol.
With ``n_enrolled`` each utterance is seen relative to its speaker's
own unlabeled speech, that of test speakers too: a mode of its own
(transductive), never to be compared with rows that do without.
"""

import operator
import pathlib
from typing import NamedTuple

import numpy as np
import pandas as pd
from data_prep.manifests.manifest import SPLITS, Source, read_manifest
from data_prep.manifests.summary import read_summary
from emoclust_lobes.embeddings.extraction import read_embeddings
from emoclust_lobes.enrolment.draws import ALL, draw_enrolled
from emoclust_lobes.evaluation.metrics import emotion_metrics
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_limits


class Utterances(NamedTuple):
    """Utterances of a split: text of shape [n] each, vectors [n, dim].

    Example
    -------
    >>> text = np.array(["u1", "u2"])
    >>> Utterances(text, text, text, np.eye(2)).vectors.shape
    (2, 2)
    """

    ids: np.ndarray
    speakers: np.ndarray
    emotions: np.ndarray
    vectors: np.ndarray


def normalize_speakers(utterances, training, n_enrolled, prior_weight, seed):
    """Standardize each utterance by unlabeled speech of its speaker.

    From n enrolled utterances with mean m and variance v come

        mean = (n m + c M) / (n + c)
        variance = (n v + c V) / (n + c)

    where c is ``prior_weight``, and M and V are the means over the training
    speakers of their means and of their variances. The clips are drawn, and
    the statistics shrunk, as in ``emoclust_lobes.enrolment.normalization``.

    Arguments
    ---------
    utterances, training : Utterances
        What to standardize, and the training speakers'; as manifests have
        them, in the order of their IDs. Labels are not read.
    n_enrolled : int or "all"
        Clips drawn for each utterance from the speaker's others, all of them
        where there are fewer.
    prior_weight : float
        In utterances, above 0.
    seed : int
        Of the draws.

    Returns
    -------
    Utterances

    Raises
    ------
    ValueError
        When ``n_enrolled`` is negative or ``prior_weight`` is not above 0.

    Example
    -------
    >>> text = np.array(["a", "b", "c"])
    >>> vectors = np.array([[0.0], [3.0], [3.0]])
    >>> clips = Utterances(text, np.array(["s"] * 3), text, vectors)
    >>> found = normalize_speakers(clips, clips, "all", prior_weight=2, seed=1)
    >>> found.vectors.round(3).tolist()
    [[-2.5], [0.857], [0.857]]
    """
    if prior_weight <= 0 or (n_enrolled != ALL and n_enrolled < 0):
        raise ValueError(
            "n_enrolled must be all or at least 0 and prior_weight above 0, "
            f"found {n_enrolled} and {prior_weight}"
        )
    _, speakers, _, vectors = utterances
    groups = pd.DataFrame(training.vectors).groupby(training.speakers)
    mean = prior_weight * groups.mean().mean().to_numpy()
    variance = prior_weight * groups.var(ddof=0).mean().to_numpy()
    result = []
    enrolled = draw_enrolled(utterances.ids, speakers, n_enrolled, seed)
    for vector, chosen in zip(vectors, enrolled, strict=True):
        clips = vectors[chosen]
        n, total = len(clips), len(clips) + prior_weight
        spread = n * clips.var(axis=0) if n else 0
        deviation = np.sqrt((spread + variance) / total)
        distance = vector - (clips.sum(axis=0) + mean) / total
        result.append(distance / np.where(deviation > 0, deviation, 1))
    return utterances._replace(vectors=np.array(result))


def reference_predictions(train, valid, test, classes, classifier, C_grid):
    """Train on one split, choose C on the second, predict the third.

    Vectors are standardized by the training vectors' statistics. The classes
    are weighted so that each counts the same, as it does in the UAR.

    Arguments
    ---------
    train, valid, test : Utterances
        ``valid`` may be None when there is one C.
    classes : list of str
        The class set.
    classifier : str
        ``"logistic"`` for logistic regression, ``"svm"`` for linear support
        vector machines, one for each class against the others.
    C_grid : list of float
        Inverse strengths of the regularisation. The one with the highest UAR
        on ``valid`` counts, the smallest of equals.

    Returns
    -------
    predictions : pandas.DataFrame
        A row per test utterance: ID, truth, prediction and ``p_<class>`` for
        each class, 0 for one that ``train`` lacks: the softmax of the
        scores, which is a probability for the logistic regression only.
    valid_uar : float or None
        UAR of ``valid`` with the chosen C.

    Raises
    ------
    ValueError
        When the classifier is not one of the two, ``train`` has one class, or
        there is no C to choose or nothing to choose it with.

    Example
    -------
    >>> text, emotions = np.array(["a", "b"]), np.array(["hap", "sad"])
    >>> split = Utterances(text, text, emotions, np.eye(2))
    >>> predictions, valid_uar = reference_predictions(
    ...     split, split, split, ["hap", "sad"], "logistic", [0.1, 1.0]
    ... )
    >>> predictions["prediction"].tolist(), valid_uar
    (['hap', 'sad'], 1.0)
    """
    C_grid = sorted(C_grid)
    if not C_grid or (valid is None and len(C_grid) > 1):
        raise ValueError(
            "C_grid must hold one value, or several where there are development "
            f"speakers to choose one; found {C_grid}"
        )
    fitted = []
    with threadpool_limits(1):  # the work is too little for more
        for C in C_grid:
            model = _classifier(classifier, C)
            model.fit(train.vectors, train.emotions)
            uar = None
            if valid is not None:
                found = _predict(model, valid, classes)["prediction"]
                uar = emotion_metrics(valid.emotions, found, classes)["uar"]
            fitted.append((uar, model))
        valid_uar, best = max(fitted, key=operator.itemgetter(0))
        return _predict(best, test, classes), valid_uar


def _classifier(classifier, C):
    """Make an untrained classifier."""
    options = {"C": C, "class_weight": "balanced", "random_state": 0}
    if classifier == "logistic":
        model = LogisticRegression(max_iter=2000, **options)
    elif classifier == "svm":
        model = LinearSVC(max_iter=10000, **options)
    else:
        raise ValueError(
            f"classifier must be logistic or svm, found {classifier!r}"
        )
    return make_pipeline(StandardScaler(), model)


def _predict(model, utterances, classes):
    """Predictions of a trained classifier, as a table."""
    scores = model.decision_function(utterances.vectors)
    if scores.ndim == 1:  # of the second of two classes, against the first
        scores = np.stack([np.zeros_like(scores), scores], axis=1)
    shares = pd.DataFrame(softmax(scores, axis=1), columns=model.classes_)
    shares = shares.reindex(columns=classes, fill_value=0.0)
    table = pd.DataFrame({"ID": utterances.ids, "truth": utterances.emotions})
    table["prediction"] = shares.idxmax(axis=1)
    return table.join(shares.add_prefix("p_"))


def run_reference(
    *,
    manifest_folder,
    data_folder,
    embedding_folder,
    encoders,
    classifier,
    C_grid,
    labeled_ids=None,
    n_enrolled=None,
    prior_weight,
    seed,
):
    """Run a reference system on one fold.

    Arguments
    ---------
    manifest_folder, data_folder, embedding_folder : str or pathlib.Path
        The fold's manifest, what ``$data_root`` stands for in it, and where
        ``embed_utterances`` keeps its caches.
    encoders : list of str
        Encoders whose vectors are put side by side.
    classifier, C_grid
        As for ``reference_predictions``.
    labeled_ids : list of str or None
        Training utterances whose labels are used, None for all. The others
        still tell how their speakers speak.
    n_enrolled : int, "all" or None
        With how many utterances of a speaker ``normalize_speakers`` prepares
        the vectors, those of training speakers like those of test speakers;
        with 0 the result is the plain one. None leaves vectors as they are.
    prior_weight, seed
        As for ``normalize_speakers``.

    Returns
    -------
    predictions, valid_uar
        As from ``reference_predictions``.

    Raises
    ------
    ValueError
        When arguments do not fit together, or labeled IDs are not in training.
    EmbeddingError
        When vectors are missing.

    Example
    -------
    >>> from emoclust_lobes.experiment.steps import load_experiment
    >>> from emoclust_lobes.synthetic.experiment import tiny_ravdess
    >>> overrides = tiny_ravdess(getfixture("tmp_path"))
    >>> hparams = load_experiment("hparams/ravdess.yaml", overrides)
    >>> hparams["prepare"]()
    >>> hparams["embed"](sources=hparams["sources"].of_fold(), device="cpu")
    >>> predictions, valid_uar = run_reference(
    ...     manifest_folder=hparams["manifest_folder"],
    ...     data_folder=overrides["data_folder"],
    ...     embedding_folder=hparams["embedding_folder"],
    ...     encoders=["stats"],
    ...     classifier="logistic",
    ...     C_grid=[0.01],
    ...     prior_weight=2.0,
    ...     seed=1986,
    ... )
    >>> list(predictions.columns[:3]), len(predictions)
    (['ID', 'truth', 'prediction'], 15)
    """
    splits = {}
    for name in SPLITS:
        csv = pathlib.Path(manifest_folder) / f"{name}.csv"
        if name == "valid" and not csv.exists():
            continue
        table = read_manifest(Source(str(csv), str(data_folder)))
        columns = table[["ID", "spk_id", "emotion"]].to_numpy(dtype=str)
        ids, speakers, emotions = columns.T
        vectors = read_embeddings(embedding_folder, "+".join(encoders), ids)
        vectors = vectors.astype(np.float64)
        splits[name] = Utterances(ids, speakers, emotions, vectors)
    if n_enrolled is not None:
        splits = {
            name: normalize_speakers(
                split, splits["train"], n_enrolled, prior_weight, seed
            )
            for name, split in splits.items()
        }
    train = splits["train"]
    if labeled_ids is not None:
        unknown = sorted(set(labeled_ids).difference(train.ids))
        if unknown:
            raise ValueError(
                f"{len(unknown)} labeled IDs are not in {manifest_folder}/"
                f"train.csv, among them {', '.join(unknown[:5])}"
            )
        kept = np.isin(train.ids, list(labeled_ids))
        train = Utterances(*(column[kept] for column in train))
    valid, test = splits.get("valid"), splits["test"]
    classes = read_summary(manifest_folder)["classes"]
    return reference_predictions(
        train, valid, test, classes, classifier, C_grid
    )
