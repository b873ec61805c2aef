"""A baseline on a fold: its manifests, its vectors, its predictions."""

import pathlib

import numpy as np
from data_prep.manifests.manifest import SPLITS, Source, read_manifest
from data_prep.manifests.summary import read_summary
from emoclust_lobes.embeddings.extraction import read_embeddings
from emoclust_lobes.protocol.annotator_baselines import annotator_baseline
from emoclust_lobes.protocol.baselines import (
    Utterances,
    baseline_predictions,
    normalize_speakers,
)
from emoclust_lobes.protocol.plan import CENTERED
from emoclust_lobes.protocol.unlabeled import (
    ALPHAS,
    center_speakers,
    pseudo_labels,
    ridge_map,
    standardize_corpora,
)

UNLABELED = "none standardized ridge_map pseudo_labels self_training".split()


def run_baseline(
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
    unlabeled="none",
    centered=CENTERED,
    goal=None,
):
    """Run a baseline on one fold; return what ``baseline_predictions`` does.

    Of the training utterances only the labels of ``labeled_ids`` are used
    (None: all); with ``n_enrolled``, a number or "all", the vectors of all
    splits, side by side for several encoders, pass ``normalize_speakers``.
    ``unlabeled`` says what is made of all speech of the training speakers, the
    vectors ``centered`` serving a ``ridge_map`` or further labels. With a
    ``goal`` of votes it is an ``annotator_baseline``.
    """
    if unlabeled not in UNLABELED:
        raise ValueError(
            f"unlabeled must be one of {', '.join(UNLABELED)}, found "
            f"{unlabeled!r}"
        )
    folder = pathlib.Path(manifest_folder)
    votes = goal is not None and goal.has_votes
    if votes and unlabeled != "none":
        raise ValueError(
            f"unlabeled={unlabeled} learns classes, and not target="
            f"{goal.target}: leave the system out, or give --target=class"
        )
    tables = {}

    def read(name, encoders):
        csv = folder / f"{name}.csv"
        if not csv.exists():
            return None
        table = read_manifest(Source(str(csv), str(data_folder)))
        tables[name] = table
        columns = table[["ID", "spk_id", "emotion"]].to_numpy(dtype=str)
        ids, speakers, emotions = columns.T
        vectors = read_embeddings(embedding_folder, "+".join(encoders), ids)
        return Utterances(ids, speakers, emotions, vectors.astype(np.float64))

    splits = {name: read(name, encoders) for name in SPLITS}
    known = splits["train"]
    if labeled_ids is None:
        labeled_ids = known.ids
    unknown = sorted(set(labeled_ids).difference(known.ids))
    if unknown:
        raise ValueError(
            f"{len(unknown)} labeled IDs are not in {manifest_folder}/"
            f"train.csv, among them {', '.join(unknown[:5])}"
        )
    # The pool holds what is in train.csv, and other speech of its speakers
    pool = "pool" if (folder / "pool.csv").exists() else "train"
    if unlabeled != "none":
        splits["train"] = read(pool, encoders)
    if n_enrolled is not None:
        splits = {
            name: split
            and normalize_speakers(
                split, splits["train"], n_enrolled, prior_weight, seed
            )
            for name, split in splits.items()
        }
    if votes:
        return annotator_baseline(splits, tables, goal, labeled_ids, C_grid)
    train = splits["train"]
    given = dict(zip(known.ids, known.emotions))
    given = {x: given[x] for x in labeled_ids}
    labels = np.array([given.get(x, "") for x in train.ids])
    classes = read_summary(manifest_folder)["classes"]
    if unlabeled == "standardized":
        splits = {
            name: split and standardize_corpora(split, train)
            for name, split in splits.items()
        }
    elif unlabeled in ("pseudo_labels", "self_training"):
        valid = read("valid", centered)
        labels = pseudo_labels(
            center_speakers(read(pool, centered)),
            labels,
            valid and center_speakers(valid),
            classes=classes,
            C_grid=C_grid,
            iterate=unlabeled == "self_training",
        )

    def run(places):
        """Train on what has a label, by the vectors that a map gives."""
        train, valid, test = (
            split and split._replace(vectors=places(split.vectors))
            for split in (splits[name] for name in SPLITS)
        )
        kept = labels != ""
        train = train._replace(emotions=labels)
        train = Utterances(*(column[kept] for column in train))
        return baseline_predictions(
            train, valid, test, classes, classifier, C_grid
        )

    if unlabeled != "ridge_map":
        return run(lambda vectors: vectors)
    targets = center_speakers(read(pool, centered))
    # The penalty that is best on development speakers, of equal ones the
    # largest; without any, it is chosen by training speakers left out
    grids = [[x] for x in sorted(ALPHAS, reverse=True)]
    if splits["valid"] is None:
        grids = [sorted(ALPHAS)]
    runs = [run(ridge_map(train, targets, alphas)) for alphas in grids]
    return max(runs, key=lambda x: x[-1] or 0.0)
