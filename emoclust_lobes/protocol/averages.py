"""Means and deviations of a protocol's results over seeds and folds."""

from emoclust_lobes.protocol.schema import Condition, parse_confusions

SCORES = ["uar", "wa", "macro_f1"]
# Of runs that learn from annotators
ANNOTATED = ["js", "soft_accuracy", "mean_ccc"]


def summarize(runs, by=Condition._fields):
    """Average over seeds, then over folds, for each combination of ``by``.

    ``uar_fold_std`` is the deviation of the folds' means, ``uar_seed_std``
    that over the seeds of a fold, averaged over the folds, both with n - 1
    (NaN for one value); ``n`` are the utterances tested, each once.
    """
    by = list(by)
    told = [*SCORES, "valid_uar", *(x for x in ANNOTATED if x in runs)]
    means = {score: (score, "mean") for score in told}
    per_fold = (
        runs.astype(dict.fromkeys(told, float))
        .groupby([*by, "fold"])
        .agg(
            runs=("n", "size"),
            n=("n", "first"),
            seed_std=("uar", "std"),
            **means,
        )
    )
    return (
        per_fold.groupby(by)
        .agg(
            folds=("n", "size"),
            seeds_min=("runs", "min"),
            seeds_max=("runs", "max"),
            runs=("runs", "sum"),
            **means,
            uar_fold_std=("uar", "std"),
            uar_seed_std=("seed_std", "mean"),
            n=("n", "sum"),
        )
        .reset_index()
    )


def summary_of(results):
    """Means and deviations of the results, by condition."""
    return summarize(results.runs).set_index(list(Condition._fields))


def pooled_confusion(runs, condition):
    """Add the confusion matrices of the folds; average those of seeds.

    Rows are truth, columns prediction, shape [classes, classes].
    """
    rows = condition.of(runs)
    confusions = parse_confusions(rows["confusion"])
    return sum(
        confusions[places].mean(axis=0)
        for places in rows.groupby("fold").indices.values()
    )
