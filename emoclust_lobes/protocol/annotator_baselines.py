"""Linear baselines that learn what annotators said: distributions, dimensions."""

import numpy as np
import pandas as pd
from data_prep.annotations.arrays import ratings
from emoclust_lobes.evaluation.dimensions import dimension_metrics
from emoclust_lobes.evaluation.distributions import (
    distribution_metrics,
    plurality_metrics,
)
from emoclust_lobes.ser.class_balance import inverse_sizes
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

# Penalties of the ridge regression of dimensions
ALPHAS = (1e1, 1e2, 1e3, 1e4)


def annotator_baseline(splits, tables, goal, labeled_ids, C_grid):
    """Learn the votes, and dimensions where these are the goal, too.

    Votes by a logistic regression in which each utterance stands once for each
    class, weighted by its distribution, with the C of the lowest JS divergence
    of development speakers; dimensions by a ridge regression, with the penalty
    of the highest mean CCC. Returns what ``baseline_predictions`` does.
    """
    valid = splits["valid"]
    if valid is None and len(C_grid) > 1:
        raise ValueError(
            "C_grid must hold one value without development speakers; found "
            f"{C_grid}"
        )
    kept = np.isin(splits["train"].ids, list(labeled_ids))
    table = tables["train"][kept]
    scaler = StandardScaler().fit(splits["train"].vectors[kept])
    vectors = {
        name: scaler.transform(split.vectors)
        for name, split in splits.items()
        if split is not None
    }
    vectors["train"] = vectors["train"][kept]
    with threadpool_limits(1):
        found = _votes(vectors, table, tables, goal, sorted(C_grid))
        if goal.has_ratings:
            found = _with_dimensions(found, vectors, table, tables, goal)
    valid_uar = None
    if valid is not None:
        told = found["valid"]
        scores = plurality_metrics(
            told["truth"], told["prediction"], goal.classes
        )
        valid_uar = scores.get("uar")
    return found["test"], found.get("valid"), valid_uar


def _votes(vectors, train, tables, goal, C_grid):
    learned = goal.learned(train.assign(row=range(len(train))), "cpu")
    balance = inverse_sizes(goal.shares(train)).double().numpy()
    classes = np.array(goal.classes)
    weights = learned["distributions"].double().numpy() * balance
    weights *= learned["weights"].double().numpy()[:, None]
    rows, columns = np.nonzero(weights)
    fitted = []
    for C in C_grid:
        model = LogisticRegression(C=C, max_iter=2000)
        model.fit(
            vectors["train"][rows],
            columns,  # of classes, of which each utterance has some
            sample_weight=weights[rows, columns],
        )
        found = {
            split: _predict(model, vectors[split], tables[split], goal, balance)
            for split in vectors
            if split != "train"
        }
        js = 0.0
        if "valid" in found:
            shares = found["valid"][[f"p_{name}" for name in classes]]
            js = distribution_metrics(goal.counts(tables["valid"]), shares)[
                "js"
            ]
        fitted.append((js, found))
    return min(fitted, key=lambda x: x[0])[1]


def _predict(model, vectors, table, goal, balance):
    names = np.array([*goal.classes, ""])  # -1: ""
    scores = np.full((len(table), len(goal.classes)), -np.inf)
    scores[:, model.classes_] = model.predict_log_proba(vectors)
    told = pd.DataFrame({"ID": table["ID"].to_numpy()})
    told["truth"] = names[np.asarray(goal.truth(table))]
    told["prediction"] = names[scores.argmax(axis=1)]
    shares = softmax(scores - np.log(balance), axis=1)
    return told.assign(
        **{f"p_{name}": x for name, x in zip(goal.classes, shares.T)}
    )


def _with_dimensions(found, vectors, train, tables, goal):
    truth = ratings(train, goal.dimensions)
    names = list(goal.dimensions)
    fitted = []
    for alpha in ALPHAS:
        model = Ridge(alpha=alpha).fit(vectors["train"], truth)
        rated = {
            split: model.predict(vectors[split])
            .reshape(-1, len(names))
            .clip(*goal.scale)
            for split in found
        }
        ccc = 0.0
        if "valid" in found:
            ccc = dimension_metrics(
                ratings(tables["valid"], names),
                rated["valid"],
                names,
                tables["valid"]["spk_id"],
            )["mean_ccc"]
        fitted.append((ccc, rated))
    best = max(fitted, key=lambda x: x[0])[1]
    return {
        split: told.assign(
            **dict(zip(names, ratings(tables[split], names).T)),
            **{f"predicted_{x}": y for x, y in zip(names, best[split].T)},
        )
        for split, told in found.items()
    }
