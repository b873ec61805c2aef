"""Which emotions the clusters hold apart, and how many utterances it takes."""

import itertools

import joblib
import numpy as np
import pandas
from emoclust_lobes.clustering.agreement import agreement
from emoclust_lobes.clustering.algorithms import cluster_speaker, speaker_seed
from emoclust_lobes.clustering.centering import remove_speaker
from scipy.optimize import linear_sum_assignment
from sklearn.metrics.cluster import contingency_matrix
from threadpoolctl import threadpool_limits

UNMATCHED = "none"


def match_clusters(emotions, clusters):
    """Give each cluster of one speaker the emotion it fits best.

    No two clusters get one emotion: the assignment has the most utterances
    that are in their emotion's cluster (Kuhn, "The Hungarian method for the
    assignment problem", 1955).

    Arguments
    ---------
    emotions : numpy.ndarray
        Text, "" where not known, shape [n].
    clusters : numpy.ndarray
        Shape [n].

    Returns
    -------
    dict
        Cluster -> emotion; clusters for which none is left are not in it.

    Example
    -------
    >>> match_clusters(np.array(["a", "a", "b"]), np.array([1, 1, 0]))
    {1: 'a', 0: 'b'}
    """
    known = emotions != ""
    if not known.any():
        return {}
    names, numbers = np.unique(emotions[known]), np.unique(clusters[known])
    table = contingency_matrix(emotions[known], clusters[known])
    pairs = zip(*linear_sum_assignment(-table))
    return {int(numbers[c]): str(names[e]) for e, c in pairs if table[e, c]}


def matched_emotions(utterances, clusters):
    """Match the clusters of every speaker.

    Arguments
    ---------
    utterances : pandas.DataFrame
        With ``spk_id`` and ``emotion``.
    clusters : numpy.ndarray
        Shape [n].

    Returns
    -------
    numpy.ndarray
        The emotion that each utterance's cluster was given, "none" where it
        was given none, shape [n].

    Example
    -------
    >>> table = pandas.DataFrame({"spk_id": "s", "emotion": ["a", "a", "b"]})
    >>> matched_emotions(table, np.array([1, 1, 0])).tolist()
    ['a', 'a', 'b']
    """
    matched = np.full(len(utterances), UNMATCHED, dtype=object)
    for rows in utterances.groupby("spk_id").indices.values():
        emotions = utterances["emotion"].to_numpy()[rows]
        given = match_clusters(emotions, clusters[rows])
        matched[rows] = [given.get(x, UNMATCHED) for x in clusters[rows]]
    return matched


def confusion(utterances, clusters, seed, n_permutations=20):
    """Tell where the utterances of each emotion went, after matching.

    Arguments
    ---------
    utterances : pandas.DataFrame
        With ``spk_id`` and ``emotion``.
    clusters : numpy.ndarray
        Shape [n].
    seed : int
        Of the permutations.
    n_permutations : int
        Random clusterings that give the chance level.

    Returns
    -------
    counts : pandas.DataFrame
        Utterances: rows are emotions, columns the emotion that the cluster
        was given, and "none".
    accuracy, chance : float
        Share on the diagonal, and the same for random clusters.

    Example
    -------
    >>> table = pandas.DataFrame({"spk_id": "s", "emotion": list("aabb")})
    >>> counts, accuracy, chance = confusion(
    ...     table, np.array([0, 0, 1, 0]), seed=1
    ... )
    >>> counts.loc["b"].tolist(), accuracy
    ([1, 1, 0], 0.75)
    """
    known = utterances["emotion"].to_numpy() != ""
    utterances = utterances[known].reset_index(drop=True)
    clusters = clusters[known]
    emotion = utterances["emotion"].to_numpy(dtype=object)
    matched = matched_emotions(utterances, clusters)
    names = sorted(set(emotion))
    counts = pandas.crosstab(emotion, matched).reindex(
        index=names, columns=[*names, UNMATCHED], fill_value=0
    )
    rng = np.random.default_rng(seed)
    speakers = list(utterances.groupby("spk_id").indices.values())
    chance = []
    for _ in range(n_permutations):
        random = clusters.copy()
        for rows in speakers:
            random[rows] = rng.permutation(random[rows])
        chance.append((matched_emotions(utterances, random) == emotion).mean())
    accuracy = float((matched == emotion).mean())
    return counts, accuracy, float(np.mean(chance))


def separate_pairs(utterances, clusters):
    """Tell how well the clusters hold each two emotions apart.

    Nothing is clustered anew: of the clusters of all emotions, the part that
    holds the two is looked at. Two emotions in one cluster count 0.

    Arguments
    ---------
    utterances : pandas.DataFrame
        With ``spk_id`` and ``emotion``.
    clusters : numpy.ndarray
        Shape [n].

    Returns
    -------
    pandas.DataFrame
        One row per pair: ``first``, ``second``, ``ami`` (mean over the
        speakers who have both) and ``speakers``.

    Example
    -------
    >>> table = pandas.DataFrame({"spk_id": "s", "emotion": list("aabbcc")})
    >>> pairs = separate_pairs(table, np.array([0, 0, 1, 1, 1, 1]))
    >>> pairs[["first", "second", "ami"]].values.tolist()
    [['a', 'b', 1.0], ['a', 'c', 1.0], ['b', 'c', 0.0]]
    """
    emotion = utterances["emotion"].to_numpy(dtype=str)
    speakers = list(utterances.groupby("spk_id").indices.values())
    rows = []
    for pair in itertools.combinations(sorted({*emotion.tolist()} - {""}), 2):
        values = []
        for mine in speakers:
            labels, found = emotion[mine], clusters[mine]
            both = np.isin(labels, pair)
            if len(set(labels[both])) == 2:
                scores = agreement(labels[both], found[both][None])
                values.append(scores["ami"][0])
        if values:
            rows.append((*pair, float(np.mean(values)), len(values)))
    columns = ["first", "second", "ami", "speakers"]
    return pandas.DataFrame(rows, columns=columns)


def vary_utterances(
    utterances, vectors, algorithm, k, n_init, seed, n_jobs, n_draws=3
):
    """Cluster random parts of each speaker's utterances.

    All sizes are measured on the same speakers, those who have at least as
    many utterances as the median speaker, so that sizes can be compared. A
    part is centered by its own mean, as a speaker who has no more would be.

    Arguments
    ---------
    utterances : pandas.DataFrame
        With ``spk_id`` and ``emotion``; those without emotion are left out.
    vectors : numpy.ndarray
        Embeddings, shape [n, dim].
    algorithm, k, n_init, seed
        As for ``cluster_speaker``; ``seed`` is the run's.
    n_jobs : int
        Number of processes.
    n_draws : int
        Random parts of each size and speaker.

    Returns
    -------
    pandas.DataFrame
        One row for each size and speaker: ``utterances``, ``spk_id``, ``ami``
        (mean over draws).

    Example
    -------
    >>> table = pandas.DataFrame({"spk_id": "s", "emotion": list("ab") * 10})
    >>> vectors = np.array([[0.0, 1.0], [1.0, 0.0]] * 10)
    >>> sizes = vary_utterances(
    ...     table, vectors, "kmeans", 2, n_init=1, seed=1, n_jobs=1
    ... )
    >>> sizes["utterances"].tolist(), sizes["ami"].round(6).tolist()
    ([10, 15, 20], [1.0, 1.0, 1.0])
    """
    emotion = utterances["emotion"].to_numpy(dtype=str)
    known = utterances[emotion != ""]
    speakers = known.groupby("spk_id").indices
    speakers = {x: known.index[rows] for x, rows in speakers.items()}
    columns = ["utterances", "spk_id", "ami"]
    if not speakers:
        return pandas.DataFrame(columns=columns)
    most = int(np.median([len(rows) for rows in speakers.values()]))
    sizes = [x for x in _SIZES if x < 0.9 * most] + [most]
    jobs = [
        joblib.delayed(_ami_of_parts)(
            name,
            vectors[rows],
            emotion[rows],
            sizes,
            n_draws,
            (algorithm, k, n_init, seed),
        )
        for name, rows in speakers.items()
        if len(rows) >= most
    ]
    rows = itertools.chain(*joblib.Parallel(n_jobs=n_jobs)(jobs))
    return pandas.DataFrame(rows, columns=columns)


_SIZES = (10, 15, 20, 30, 40, 60, 80, 120, 160, 240, 320, 480)


def _ami_of_parts(name, vectors, emotion, sizes, n_draws, how):
    algorithm, k, n_init, seed = how
    rows = []
    for size in sizes:
        values = []
        for draw in range(n_draws):
            number = speaker_seed(seed + draw, f"{name}|{size}")
            rng = np.random.default_rng(number)
            part = np.sort(rng.permutation(len(vectors))[:size])
            labels = emotion[part]
            with threadpool_limits(1):
                clusters = cluster_speaker(
                    remove_speaker(vectors[part]), k, algorithm, n_init, number
                )
            if len(set(labels)) > 1:
                scores = agreement(labels, clusters[None])
                values.append(scores["ami"][0])
        if values:
            rows.append((size, name, float(np.mean(values))))
    return rows
