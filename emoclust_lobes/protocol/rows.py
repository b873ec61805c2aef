"""The rows of a cell, from the predictions of its run."""

import pandas as pd
from emoclust_lobes.evaluation.metrics import emotion_metrics
from emoclust_lobes.protocol.schema import (
    CELL_TYPES,
    SPEAKER_TYPES,
    enrolled_rank,
)


def cell_rows(
    predictions,
    speakers,
    classes,
    *,
    system,
    labels,
    enrolled,
    fold,
    seed,
    n_train,
    valid_uar=None,
    commit="",
):
    """Make the rows of a cell from the predictions of its run.

    Arguments
    ---------
    predictions : pandas.DataFrame
        One row per test utterance: ``ID, truth, prediction``.
    speakers : pandas.Series
        Index: ID of at least the test utterances; value: speaker.
    classes : list of str
        The class set, in the order in which it is reported.
    system : str
        What was tested, such as "contrastive".
    labels : float
        Share of the training labels that were used, 1 for all.
    enrolled : str
        Number of unlabeled clips of the test speaker that were used, "all",
        or "" without enrolment.
    fold, seed : int
        Which run.
    n_train : int
        Number of labeled utterances trained on.
    valid_uar : float or None
        UAR on the development speakers, where there are any.
    commit : str
        Of the code.

    Returns
    -------
    cells : pandas.DataFrame
        One row: the key, ``uar, wa, macro_f1, valid_uar, n`` (test
        utterances), ``n_train``, ``recalls`` ("0.750000 -": one a class, "-"
        without utterances), ``confusion`` ("12 0;1 9": rows of truth) and
        ``commit``.
    speakers : pandas.DataFrame
        One row per test speaker: the key, ``speaker`` and ``hits`` ("7/8
        0/0": right and all utterances of each class).

    Raises
    ------
    ValueError
        When an utterance is there twice or its speaker is not known, a label
        is outside the class set, or ``enrolled`` is something else.

    Example
    -------
    >>> cells, speakers = cell_rows(
    ...     pd.DataFrame(
    ...         [["u1", "ang", "ang"], ["u2", "ang", "sad"]],
    ...         columns=["ID", "truth", "prediction"],
    ...     ),
    ...     pd.Series({"u1": "anna", "u2": "anna"}),
    ...     ["ang", "sad"],
    ...     system="none",
    ...     labels=1.0,
    ...     enrolled="",
    ...     fold=1,
    ...     seed=0,
    ...     n_train=10,
    ... )
    >>> cells["confusion"].item(), speakers["hits"].item()
    ('1 1;0 0', '1/2 0/0')
    """
    name = f"{system}, fold {fold}, seed {seed}"
    enrolled_rank(enrolled)
    if predictions["ID"].duplicated().any():
        raise ValueError(f"{name}: an utterance is predicted twice")
    tested = predictions.assign(
        speaker=predictions["ID"].map(speakers),
        right=predictions["truth"] == predictions["prediction"],
    )
    unknown = tested.loc[tested["speaker"].isna(), "ID"]
    if len(unknown) > 0:
        raise ValueError(
            f"{name}: the speakers of {len(unknown)} utterances are not "
            f"known, such as that of {unknown.iloc[0]}"
        )
    scores = emotion_metrics(
        predictions["truth"], predictions["prediction"], classes
    )
    key = {
        "system": system,
        "labels": labels,
        "enrolled": enrolled,
        "fold": fold,
        "seed": seed,
    }
    recalls = [scores["recall"][label] for label in classes]
    cell = {
        **key,
        **{score: scores[score] for score in ("uar", "wa", "macro_f1")},
        "valid_uar": valid_uar,
        "n": scores["n"],
        "n_train": n_train,
        "recalls": " ".join("-" if x is None else f"{x:.6f}" for x in recalls),
        "confusion": ";".join(
            " ".join(map(str, row)) for row in scores["confusion"]
        ),
        "commit": commit,
    }
    counts = tested.groupby(["speaker", "truth"])["right"].agg(["sum", "size"])
    hits = counts["sum"].astype(str) + "/" + counts["size"].astype(str)
    hits = hits.unstack(fill_value="0/0")
    hits = hits.reindex(columns=classes, fill_value="0/0")
    rows = [
        {**key, "speaker": speaker, "hits": " ".join(row)}
        for speaker, row in zip(hits.index, hits.to_numpy(), strict=True)
    ]
    return _typed([cell], CELL_TYPES), _typed(rows, SPEAKER_TYPES)


def _typed(rows, types):
    return pd.DataFrame(rows, columns=list(types)).astype(types).round(6)
