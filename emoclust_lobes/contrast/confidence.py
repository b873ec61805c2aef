"""How much the cluster of an utterance is trusted."""


def confidence(pool, share, mode):
    """Trust utterances less, or not at all, that lie between two clusters.

    Utterances are compared within their speaker. Two views of one utterance
    go together.

    Arguments
    ---------
    pool : pandas.DataFrame
        From ``assign_clusters``.
    share : float
        Share of each speaker's utterances that ``"drop"`` leaves out, rounded
        to whole utterances; from 0, below 1.
    mode : {"none", "drop", "weight"}
        ``"drop"`` leaves out those with the smallest margins (of equals, the
        first by ID). ``"weight"`` weighs each by the rank of its margin over
        the number of the speaker's utterances (equals share their mean rank).

    Returns
    -------
    pandas.DataFrame
        The pool, in its order, with one more column: ``weight``, above 0 and
        at most 1; it is 1 except with ``"weight"``.

    Raises
    ------
    ValueError
        When the share or the mode is not one of the above.

    Example
    -------
    >>> import pandas
    >>> pool = pandas.DataFrame(
    ...     {
    ...         "utterance_id": ["a", "b", "c", "d"],
    ...         "spk_id": "s",
    ...         "margin": [0.1, 0.4, 0.2, 0.3],
    ...     }
    ... )
    >>> confidence(pool, 0.25, "weight")["weight"].tolist()
    [0.25, 1.0, 0.5, 0.75]
    >>> confidence(pool, 0.25, "drop")["utterance_id"].tolist()
    ['b', 'c', 'd']
    """
    if mode not in ("none", "drop", "weight"):
        raise ValueError(f"mode must be none, drop or weight, not {mode!r}")
    if not 0 <= share < 1:
        raise ValueError(
            f"share must be at least 0 and below 1 (all), not {share}"
        )
    utterances = pool.drop_duplicates("utterance_id").sort_values(
        "utterance_id"
    )
    margins = utterances.groupby("spk_id")["margin"]
    sizes = margins.transform("size")

    def in_pool(values):
        """Spread values of utterances over the rows of the pool."""
        by_id = dict(zip(utterances["utterance_id"], values, strict=True))
        return pool["utterance_id"].map(by_id)

    if mode == "weight":
        return pool.assign(weight=in_pool(margins.rank("average") / sizes))
    if mode == "drop":
        kept = margins.rank("first") > (share * sizes).round()
        pool = pool[in_pool(kept)].reset_index(drop=True)
    return pool.assign(weight=1.0)
