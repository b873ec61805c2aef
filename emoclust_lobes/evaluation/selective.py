"""When a model had better say "unknown": risk against coverage.

The coverage is the share of recordings whose confidence lies above a
threshold, the risk the share of errors among these (El-Yaniv and Wiener, JMLR
11, 2010). Thresholds are chosen on development speakers.
"""

import pathlib

import numpy as np
import scipy.stats
from data_prep.errors import EmoclustError
from data_prep.storage.files import read_json

UNKNOWN = "unknown"
# Thresholds that are looked at, at even steps of coverage, and how likely any
# of their bounds may be too low.
N_POINTS = 20
DELTA = 0.05


def risk_coverage(confidence, right):
    """Return coverages and the risk at each, one a distinct confidence, rising."""
    confidence, right = np.asarray(confidence), np.asarray(right, dtype=bool)
    order = np.argsort(-confidence, kind="stable")
    # The last of those that are equally sure
    ends = np.append(np.diff(confidence[order]) != 0, True)
    answered = np.arange(1, len(order) + 1)[ends]
    return answered / len(order), (~right[order]).cumsum()[ends] / answered


def area_under_risk(confidence, right):
    """Return the mean risk over the coverages 1/n ... 1 (AURC), 0 is best.

    Recordings that are equally sure count as in the mean of all their orders
    (Geifman et al., ICLR 2019, arXiv 1805.08206).
    """
    coverage, risk = risk_coverage(confidence, right)
    n = len(np.asarray(confidence))
    answered = np.arange(1, n + 1)
    errors = np.interp(
        answered, np.append(0, coverage * n), np.append(0, risk * coverage * n)
    )
    return float(np.mean(errors / answered))


def risk_bound(errors, n, delta=DELTA):
    """Return what a risk lies below, but for a chance of ``delta``.

    The exact one-sided bound of Clopper and Pearson ("The use of confidence or
    fiducial limits", Biometrika 26, 1934) for ``errors`` in ``n`` answers.
    """
    if errors >= n:
        return 1.0
    return float(scipy.stats.beta.ppf(1 - delta, errors + 1, n - errors))


def operating_points(predictions, valid_predictions, classes, temperature):
    """Measure thresholds on development speakers, and on the test.

    All bounds of ``points`` hold together but for a chance of ``delta``: each
    has its share of it (learn then test, Angelopoulos et al. 2021, arXiv
    2110.01052, with Bonferroni's correction). A threshold is a confidence of
    the development recordings, which does not count itself (Geifman and
    El-Yaniv, NeurIPS 2017, arXiv 1705.08500). None without such.
    """
    if valid_predictions is None:
        return None
    valid, test = (
        _sure_and_right(x, classes, temperature)
        for x in (valid_predictions, predictions)
    )
    ascending = np.sort(valid[0])
    skipped = np.arange(N_POINTS) * len(ascending) // N_POINTS
    points = []
    for count in dict.fromkeys(skipped.tolist()):
        threshold = float(ascending[count - 1]) if count else 0.0
        n, errors = _answers(valid, threshold)
        test_n, test_errors = _answers(test, threshold)
        points.append(
            {
                "threshold": threshold,
                "n": n,
                "errors": errors,
                "bound": risk_bound(errors, n, DELTA / N_POINTS),
                "test_n": test_n,
                "test_errors": test_errors,
            }
        )
    return {"n": len(ascending), "delta": DELTA, "points": points}


def find_threshold(model_folder, share):
    """Return the lowest confidence above which a model errs seldom enough.

    Of the thresholds in its ``metrics.json`` whose bound is no larger than the
    share, that which answers most; 0 for None.
    """
    if share is None:
        return 0.0
    if not 0 < share < 1:
        raise EmoclustError(
            f"--abstain is a share of wrong answers between 0 and 1, not {share:g}"
        )
    metrics = read_json(pathlib.Path(model_folder) / "metrics.json") or {}
    selective = metrics.get("selective")
    if not selective:
        raise EmoclustError(
            f"{model_folder} does not tell how often it errs above which "
            "confidence: it was made before models did, or without development "
            "speakers. Remove metrics.json of its run and start train_ser.py "
            "again, which tests and packs it anew; or leave --abstain out"
        )
    points = selective["points"]
    met = [x for x in points if x["bound"] <= share]
    if not met:
        least = min(points, key=lambda x: x["bound"])
        raise EmoclustError(
            f"no threshold of {model_folder} keeps the share of wrong answers "
            f"below {share:g} with certainty {1 - selective['delta']:g}: the "
            f"smallest that can be promised is {least['bound']:.3f} "
            f"({least['errors']} errors in the {least['n']} surest of "
            f"{selective['n']} development recordings). Give --abstain that or "
            "more"
        )
    return max(met, key=lambda x: x["n"])["threshold"]


def answer(emotion, confidence, threshold):
    """Return the emotion, or ``UNKNOWN`` unless it lies above the threshold."""
    return emotion if confidence > threshold else UNKNOWN


def add_abstain_option(parser):
    """Add ``--abstain`` to the parser of a command that uses a model."""
    parser.add_argument(
        "--abstain",
        type=float,
        metavar="SHARE",
        help=f"answer {UNKNOWN!r} where the model is not sure enough for at "
        "most this share of its answers to be wrong, as measured on "
        "development speakers, with 95 %% certainty (default: always answer)",
    )


def _sure_and_right(predictions, classes, temperature):
    """Return the confidence of recordings and whether they are right, [n] each.

    Of several numbers of enrolled utterances the last counts.
    """
    last = predictions["enrolled"] == predictions["enrolled"].iloc[-1]
    rows = predictions[last]
    # As evaluation.calibration does, without the price of importing torch
    chances = rows[[f"p_{name}" for name in classes]].to_numpy(float)
    scaled = chances.clip(np.finfo(np.float32).tiny) ** (1 / temperature)
    chances = scaled / scaled.sum(axis=1, keepdims=True)
    right = (rows["prediction"] == rows["truth"]).to_numpy()
    return chances.max(axis=1), right


def _answers(split, threshold):
    """Count the answers above a threshold, and the wrong ones among them."""
    confidence, right = split
    answered = confidence > threshold
    return int(answered.sum()), int((answered & ~right).sum())
