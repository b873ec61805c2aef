"""Label propagation over clusters: cluster, then label.

It takes the clusters inside a speaker for emotions, as the method does.
"""


def propagate_labels(train, labeled, pool, across_speakers):
    """Give training utterances without a label their cluster's emotion.

    That is the commonest among its ``labeled`` utterances, if there is one.
    Returns the rows of ``train`` that have a label now; ``propagated`` says
    whose was given.
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
