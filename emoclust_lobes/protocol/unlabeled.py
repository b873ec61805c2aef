"""Baselines that also hear unlabeled speech of the training speakers.

What moves inside a speaker is told by vectors of a speaker encoder from which
the speaker's own mean is taken (*centered*): in training several clips of a
speaker are there. A test speaker is known by the single clip that is scored.
"""

import numpy as np
import pandas as pd
from emoclust_lobes.protocol.baselines import best_model, linear_classifier
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from threadpoolctl import threadpool_limits

# Penalties of the ridge regression
ALPHAS = (1e2, 1e3, 1e4, 1e5)
PARTS = 5
# From which probability on self-training believes itself
SURE = 0.75


def center_speakers(utterances):
    """Take each speaker's mean from the vectors."""
    vectors = pd.DataFrame(utterances.vectors)
    means = vectors.groupby(utterances.speakers).transform("mean")
    return utterances._replace(vectors=(vectors - means).to_numpy())


def standardize_corpora(utterances, pool):
    """Standardize vectors by those of the pool that are of the same corpus.

    A speaker's corpus stands before a slash in the name, as in a matrix over
    corpora; without one, all are of one corpus.
    """
    corpora, known = (
        np.array([x.rpartition("/")[0] for x in table.speakers])
        for table in (utterances, pool)
    )
    vectors = np.empty_like(utterances.vectors)
    for corpus in np.unique(corpora):
        own = pool.vectors[known == corpus]
        if len(own) == 0:
            raise ValueError(
                f"the training speakers have no speech of {str(corpus)!r} to "
                "standardize its vectors by: adapt to it (--adapt=other)"
            )
        here = corpora == corpus
        scaler = StandardScaler().fit(own)
        vectors[here] = scaler.transform(utterances.vectors[here])
    return utterances._replace(vectors=vectors)


def ridge_map(pool, targets, alphas=ALPHAS):
    """Learn to tell centered vectors from those of a single clip, standardized.

    ``targets`` are the utterances of the ``pool`` centered; of several ``alphas`` the
    best for speakers who are left out in turn is taken. Returns a map of vectors.
    """
    n_speakers = len(np.unique(pool.speakers))
    if n_speakers < 2:
        raise ValueError(
            "a ridge map is learned from two training speakers or more, found "
            f"{n_speakers}"
        )
    parts = GroupKFold(min(PARTS, n_speakers))
    scaler = StandardScaler().fit(pool.vectors)
    inputs = scaler.transform(pool.vectors)
    splits = list(parts.split(inputs, groups=pool.speakers))
    several = RidgeCV(alphas, cv=splits)
    ridge = several if len(alphas) > 1 else Ridge(alphas[0])
    with threadpool_limits(1):
        ridge.fit(inputs, targets.vectors)
    return make_pipeline(scaler, ridge).predict


def pseudo_labels(pool, labels, valid, *, classes, C_grid, iterate):
    """Guess the emotions of unlabeled utterances of the training speakers.

    A logistic regression of the centered vectors of ``pool`` learns from ``labels``
    ("" where unknown), its C chosen on ``valid``, centered, too; with ``iterate`` by
    scikit-learn's ``SelfTrainingClassifier``. Returns all emotions.
    """
    known = labels != ""
    if known.all():
        return labels
    names, numbers = np.unique(labels[known], return_inverse=True)
    given = np.full(len(labels), -1)
    given[known] = numbers

    def fit(C):
        model = linear_classifier("logistic", C)
        if not iterate:
            return model.fit(pool.vectors[known], labels[known])
        iterated = SelfTrainingClassifier(model, threshold=SURE)
        return _Named(iterated.fit(pool.vectors, given), names)

    best, _ = best_model(fit, valid, classes, C_grid)
    return np.where(known, labels, best.predict(pool.vectors))


class _Named:
    """A classifier that was trained on the numbers of some classes."""

    def __init__(self, model, names):
        self.model = model
        self.classes_ = names

    def decision_function(self, vectors):
        """Score vectors, [n, classes]."""
        return self.model.decision_function(vectors)

    def predict(self, vectors):
        """Tell the class of vectors [n, dim]."""
        return self.classes_[self.model.predict(vectors)]
