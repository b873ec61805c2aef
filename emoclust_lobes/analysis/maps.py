"""Two-dimensional maps of the utterances of one speaker."""

import importlib.util
import warnings

import joblib
import numpy as np
import pandas
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits


def has_tsne():
    """Tell whether openTSNE is installed.

    Returns
    -------
    bool

    Example
    -------
    >>> has_tsne() in (True, False)
    True
    """
    return importlib.util.find_spec("openTSNE") is not None


def draw_maps(speakers, seed, n_jobs=1):
    """Place the utterances of each speaker on a plane.

    Arguments
    ---------
    speakers : list of Speaker
        See ``emoclust_lobes.analysis.grid``.
    seed : int
        Of t-SNE.
    n_jobs : int
        Number of processes.

    Returns
    -------
    pandas.DataFrame
        One row per utterance, speaker after speaker: ``pca_x``, ``pca_y``,
        ``pca_x_share``, ``pca_y_share`` (of the speaker's variance) and, with
        openTSNE, ``tsne_x``, ``tsne_y``.

    Example
    -------
    >>> from emoclust_lobes.analysis.grid import Speaker
    >>> places = draw_maps([Speaker("ann", np.eye(3), {})], seed=1)
    >>> shares = places[["pca_x_share", "pca_y_share"]].sum(axis=1)
    >>> len(places), shares.round(6).tolist()
    (3, [1.0, 1.0, 1.0])
    """
    pool = joblib.Parallel(n_jobs=n_jobs)
    tables = pool(joblib.delayed(_map)(x.vectors, seed) for x in speakers)
    return pandas.concat(tables, ignore_index=True)


def _map(vectors, seed):
    with threadpool_limits(1):
        places, shares = pca(vectors)
        table = pandas.DataFrame(places, columns=["pca_x", "pca_y"])
        table["pca_x_share"], table["pca_y_share"] = shares
        if has_tsne():
            table[["tsne_x", "tsne_y"]] = tsne(vectors, seed)
    return table


def pca(vectors):
    """Project on the two directions of largest variance.

    Arguments
    ---------
    vectors : numpy.ndarray
        Shape [n, dim].

    Returns
    -------
    places : numpy.ndarray
        Shape [n, 2]; 0 where there is no second direction.
    shares : numpy.ndarray
        Shares of the variance, shape [2].

    Example
    -------
    >>> places, shares = pca(np.array([[0.0, 0.0], [2.0, 0.0], [1.0, 0.0]]))
    >>> shares.tolist()
    [1.0, 0.0]
    """
    places, shares = np.zeros((len(vectors), 2)), np.zeros(2)
    n = min(2, *vectors.shape)
    if np.ptp(vectors, axis=0).any():
        model = PCA(n, svd_solver="full")
        places[:, :n] = model.fit_transform(vectors)
        shares[:n] = model.explained_variance_ratio_
    return places, shares


def tsne(vectors, seed):
    """Place utterances so that near ones stay near (t-SNE, cosine).

    Van der Maaten and Hinton, JMLR 9, 2008; Policar, Strazar and Zupan,
    "openTSNE", Journal of Statistical Software 109, 2024. Perplexity 15, less
    for speakers with fewer than 46 utterances.

    Arguments
    ---------
    vectors : numpy.ndarray
        Shape [n, dim].
    seed : int
        The same seed gives the same map.

    Returns
    -------
    numpy.ndarray
        Shape [n, 2]; all at 0 where there are fewer than five utterances or
        all are the same.

    Example
    -------
    >>> tsne(np.ones((5, 2)), seed=1).shape  # all the same: no map to draw
    (5, 2)
    """
    if len(vectors) < 5 or not np.ptp(vectors, axis=0).any():
        return np.zeros((len(vectors), 2))
    import openTSNE

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = openTSNE.TSNE(
            perplexity=min(15, (len(vectors) - 1) / 3),
            metric="cosine",
            neighbors="exact",
            negative_gradient_method="bh",
            random_state=seed,
            n_jobs=1,
        )
        return np.asarray(model.fit(vectors))
