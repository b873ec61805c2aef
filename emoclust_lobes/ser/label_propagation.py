"""Labels that spread over clusters: cluster, then label.

Where few utterances of a speaker have a label, the others of their clusters
are taken for the same emotion. That is the method's own assumption, that the
clusters inside a speaker are emotions, used on the labels themselves.
"""


def propagate_labels(train, labeled, pool, across_speakers):
    """Give training utterances without a label the emotion of their cluster.

    The emotion of a cluster is the commonest among its labeled utterances.
    Where two are as common, or none is labeled, nothing is spread.

    Arguments
    ---------
    train : pandas.DataFrame
        Training manifest, with ``ID``, ``spk_id`` and ``emotion``.
    labeled : pandas.DataFrame
        The rows of it whose labels may be read.
    pool : pandas.DataFrame
        From ``clustered_pool``. Utterances that are not in it, as those that
        are too close to another cluster may be, are given nothing.
    across_speakers : bool
        Whether clusters span the speakers.

    Returns
    -------
    pandas.DataFrame
        The rows of ``train``, in their order, that are labeled or were given
        a label, with that in ``emotion``, and with the column ``spread``:
        whether it was given.

    Example
    -------
    >>> import pandas
    >>> train = pandas.DataFrame(
    ...     {"ID": list("abcd"), "spk_id": "s", "emotion": ["sad", *"???"]}
    ... )
    >>> pool = pandas.DataFrame(
    ...     {"utterance_id": list("abcd"), "cluster": [1, 0, 1, 1]}
    ... )
    >>> table = propagate_labels(train, train[:1], pool, across_speakers=False)
    >>> table[["ID", "emotion", "propagated"]].values.tolist()
    [['a', 'sad', False], ['c', 'sad', True], ['d', 'sad', True]]
    """
    clusters = pool.drop_duplicates("utterance_id").set_index("utterance_id")
    table = train.assign(cluster=train["ID"].map(clusters["cluster"]))
    groups = ["cluster"] if across_speakers else ["spk_id", "cluster"]
    known = table["ID"].isin(labeled["ID"])
    counts = table[known].groupby([*groups, "emotion"]).size()
    most = counts.groupby(groups).transform("max")
    winners = counts[counts == most].reset_index("emotion")["emotion"]
    winners = winners[~winners.index.duplicated(keep=False)]
    votes = table.join(winners.rename("vote"), on=groups)["vote"]
    emotion = table["emotion"].where(known, votes)
    return train.assign(emotion=emotion, propagated=~known)[
        known | votes.notna()
    ]
