"""How near the runs of a protocol come to votes and ratings of annotators.

``annotators.csv`` stands beside ``runs.csv`` where the manifests have any: one
row for each run and test speaker, of whom drawn ones are put together again.
"""

import numpy as np
from data_prep.annotations.arrays import vote_counts
from data_prep.annotations.ratings import DIMENSIONS
from emoclust_lobes.evaluation.bootstrap import UNKNOWN, draw_speakers
from emoclust_lobes.evaluation.distributions import (
    distribution_metrics,
    plurality_places,
)
from emoclust_lobes.evaluation.metrics import interval
from emoclust_lobes.protocol.markdown import table, with_interval
from emoclust_lobes.protocol.schema import (
    KEY,
    KEY_TYPES,
    Condition,
    in_order,
    keys,
    read_typed,
    typed,
    write_table,
)
from emoclust_lobes.protocol.systems import systems_of

FILE = "annotators.csv"
# Means over the utterances of a speaker, those that have a plurality, and for
# each dimension n and the sums of x, y, xx, yy and xy: truth and prediction
TYPES = {
    **KEY_TYPES,
    "speaker": str,
    "n": int,
    "js": float,
    "cross_entropy": float,
    "soft_accuracy": float,
    "n_plurality": int,
    "js_plurality": float,
    "moments": str,
}
VOTED = ("js", "cross_entropy", "soft_accuracy")


def annotator_rows(predictions, test, classes, key):
    """Make the rows of a run; none where nobody has voted on all its test."""
    shares = [f"p_{name}" for name in classes]
    test = test.loc[predictions["ID"]]
    counts = vote_counts(test["votes"], classes)
    if not set(shares) <= set(predictions) or not counts.any(axis=1).all():
        return typed([], TYPES)
    chances = predictions[shares].to_numpy(float)
    first = predictions["prediction"].map(list(classes).index).to_numpy()
    known = plurality_places(counts) >= 0
    names = [x for x in DIMENSIONS if f"predicted_{x}" in predictions]
    rows = []
    for speaker, own in test.reset_index().groupby("spk_id").indices.items():
        scores = distribution_metrics(counts[own], chances[own], first[own])
        sure = own[known[own]]
        agreed = {"js": 0.0}
        if len(sure):
            agreed = distribution_metrics(counts[sure], chances[sure])
        rows.append(
            {
                **key,
                "speaker": speaker,
                "n": len(own),
                **{name: scores[name] for name in VOTED},
                "n_plurality": len(sure),
                "js_plurality": agreed["js"],
                "moments": ";".join(
                    f"{name} {_moments(predictions.iloc[own], name)}"
                    for name in names
                ),
            }
        )
    return typed(rows, TYPES)


def _moments(rows, name):
    x, y = (rows[x].to_numpy(float) for x in (name, f"predicted_{name}"))
    sums = [x.sum(), y.sum(), (x * x).sum(), (y * y).sum(), (x * y).sum()]
    return " ".join([str(len(x)), *(f"{each:.6f}" for each in sums)])


def merge_annotators(folder, runs, rows):
    """Put the rows of runs in the place of older ones of the same runs."""
    old = read_typed(folder / FILE, TYPES)
    if old is not None:
        old = old[~keys(old).isin(keys(runs))]
    if len(rows) or old is not None:
        every = in_order([old, rows], [*KEY, "speaker"])
        write_table(folder / FILE, every)


def read_annotators(folder, runs):
    """Read the rows of the runs that there are; None without the file."""
    rows = read_typed(folder / FILE, TYPES)
    return None if rows is None else rows[keys(rows).isin(keys(runs))]


def annotator_scores(rows, n_draws=2000, seed=0):
    """Score a condition: name -> (value, low, high), 95 % over test speakers.

    Utterances count alike, with their mean over the seeds of a fold. A CCC is
    that of all utterances together, ``mean_ccc`` the mean over dimensions.
    """
    names, own = np.unique(rows["speaker"], return_inverse=True)
    drawn = draw_speakers(len(names), n_draws, seed)
    counts = np.concatenate([np.ones((1, len(names)), int), drawn])
    seeds = rows.groupby("fold")["seed"].transform("nunique").to_numpy()
    weights = counts[:, own] / seeds
    sizes = dict.fromkeys(VOTED, "n") | {"js_plurality": "n_plurality"}
    found = {}
    for name, size in sizes.items():
        n = weights * rows[size].to_numpy()
        with np.errstate(invalid="ignore"):
            found[name] = n @ rows[name].to_numpy() / n.sum(axis=1)
    cells = [[x.split() for x in text.split(";")] for text in rows["moments"]]
    if cells and cells[0][0]:
        for place, (dimension, *_) in enumerate(cells[0]):
            sums = np.array([row[place][1:] for row in cells], dtype=float)
            found[f"ccc_{dimension}"] = _ccc(weights @ sums)
        cccs = [x for name, x in found.items() if name.startswith("ccc_")]
        found["mean_ccc"] = np.mean(cccs, axis=0)
    ends = dict.fromkeys(found, UNKNOWN)
    if len(names) > 1:
        ends = {k: interval(x[1:][~np.isnan(x[1:])]) for k, x in found.items()}
    return {name: (float(x[0]), *ends[name]) for name, x in found.items()}


def _ccc(sums):
    """CCC of the sums n, x, y, xx, yy, xy: [..., 6] -> [...]."""
    n, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    mean_x, mean_y = x / n, y / n
    apart = xx / n - mean_x**2 + yy / n - mean_y**2 + (mean_x - mean_y) ** 2
    return np.divide(
        2 * (xy / n - mean_x * mean_y),
        apart,
        out=np.zeros_like(apart),
        where=apart > 0,
    )


def scored_conditions(results, rows):
    """Score each condition of results that annotators have judged."""
    fields = list(Condition._fields)
    found = {}
    for system in systems_of(results.runs, results.order):
        own = rows[rows["system"] == system]
        for labels, enrolled in dict.fromkeys(
            own[fields[1:]].sort_values("labels").itertuples(index=False)
        ):
            condition = Condition(system, labels, enrolled)
            found[condition] = annotator_scores(condition.of(own))
    return found


def annotators_table(scored):
    """Tell the scores of conditions, as Markdown."""
    titles = {
        "js": "JS divergence (bits)",
        "js_plurality": "where there is a plurality",
        "cross_entropy": "cross-entropy (nats)",
        "soft_accuracy": "annotators who agree",
        "mean_ccc": "mean CCC",
    }
    lines = []
    for condition, scores in scored.items():
        line = {
            "system": condition.system,
            "labels": f"{100 * condition.labels:g} %",
            "clips": condition.enrolled or "-",
        }
        for name, title in titles.items():
            if any(name in each for each in scored.values()):
                line[title] = with_interval(*scores.get(name, [np.nan] * 3))
        lines.append(line)
    notes = (
        "Jensen-Shannon divergence and cross-entropy of the predicted "
        "distributions from the annotators' votes; annotators who agree: the "
        "share of the votes for the prediction; with 95 % bootstrap intervals "
        "over test speakers."
    )
    return table(lines, notes)
