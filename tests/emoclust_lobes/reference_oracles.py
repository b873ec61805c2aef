"""Made-up clips, and what is compared with the reference systems."""

import numpy as np
from data_prep.manifests.manifest import Source, read_manifest
from emoclust_lobes.embeddings.extraction import read_embeddings
from emoclust_lobes.protocol.baselines import Utterances
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score
from sklearn.svm import LinearSVC

CLASSES = ["ang", "hap", "neu", "sad"]


def clips(n_speakers, n_clips, dim=3, seed=0):
    """Utterances of speakers who each have a place and a spread."""
    random = np.random.default_rng(seed)
    speakers = np.repeat([f"s{x}" for x in range(n_speakers)], n_clips)
    places = random.normal(0, 3, (n_speakers, dim)).repeat(n_clips, axis=0)
    spreads = random.uniform(1, 5, (n_speakers, dim)).repeat(n_clips, axis=0)
    return Utterances(
        np.array([f"{name}_{row}" for row, name in enumerate(speakers)]),
        speakers,
        np.resize(CLASSES, len(speakers)),
        places + spreads * random.normal(size=(len(speakers), dim)),
    )


def read_fold(fold, split):
    """The manifest and the vectors of a split, put together by hand."""
    table = read_manifest(
        Source(str(fold["manifest_folder"] / f"{split}.csv"), "data")
    )
    rows = []
    for name in table["ID"]:
        parts = [
            read_embeddings(fold["embedding_folder"], encoder, [name])[0]
            for encoder in fold["encoders"]
        ]
        rows.append(np.concatenate(parts).astype(np.float64))
    return table, np.array(rows)


MODELS = {
    "logistic": lambda C: LogisticRegression(
        C=C, class_weight="balanced", max_iter=2000
    ),
    "svm": lambda C: LinearSVC(
        C=C, class_weight="balanced", max_iter=10000, random_state=0
    ),
}


def uar_of(table):
    """UAR of predictions of which every class occurs."""
    return recall_score(table["truth"], table["prediction"], average="macro")
