"""What stage 2 reads: labeled utterances, or a share of them for training."""

import hashlib
import pathlib

import numpy as np
import pandas
from data_prep.errors import EmoclustError
from data_prep.manifests.manifest import SPLITS, Source, read_manifest
from emoclust_lobes.contrast.samplers import numbers_of
from emoclust_lobes.ser.label_propagation import propagate_labels


def labeled_splits(
    manifest_folder,
    data_folder,
    share,
    seed,
    goal,
    pool=None,
    across_speakers=False,
):
    """Read the splits of a fold, as stage 2 trains and tests on them.

    Every table has the columns of its manifest, ``utterance_id`` (the ID
    there) and ``emotion_index`` (see ``Goal.truth``). Training utterances are
    a share of the labels, repeated, with their number ``row``, their
    ``speaker``, and ``propagated``: whether the label is that of the cluster.
    """
    folder = pathlib.Path(manifest_folder)
    tables = {
        split: read_manifest(Source(str(folder / f"{split}.csv"), data_folder))
        for split in SPLITS
        if (folder / f"{split}.csv").exists()
    }
    n_rows = len(tables["train"])
    train = labeled_share(tables["train"], share, seed).assign(propagated=False)
    if pool is not None:
        train = propagate_labels(tables["train"], train, pool, across_speakers)
    train = train.assign(
        row=range(len(train)), speaker=numbers_of(train["spk_id"])
    )
    tables["train"] = repeated(train, n_rows)
    for split, table in tables.items():
        table["emotion_index"] = goal.truth(table)
        if split != "train":
            table["utterance_id"] = table["ID"]
    return tables


def labeled_share(table, share, seed):
    """Keep a share of each class of the training utterances, at least one.

    Which ones depends on the seed and their IDs alone, and a smaller share is
    part of a larger one, so that curves over shares compare like with like.
    """
    if not 0 < share <= 1:
        raise EmoclustError(
            f"labels must be above 0 and at most 1, not {share}"
        )
    keys = [
        hashlib.sha256(f"{seed}|{name}".encode()).digest()
        for name in table["ID"]
    ]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    ranks = table.iloc[order].groupby("emotion").cumcount()
    sizes = table.groupby("emotion")["ID"].transform("size")
    kept = ranks.reindex(table.index) < np.maximum(1, (share * sizes).round())
    return table[kept]


def repeated(table, n_rows):
    """Repeat utterances until there are about ``n_rows``, as with all labels.

    Repetitions have IDs of their own, so that they are cropped differently.
    """
    times = max(1, round(n_rows / len(table)))
    table = table.assign(utterance_id=table["ID"])
    tables = [table] + [
        table.assign(ID=table["ID"] + f"#{number}")
        for number in range(2, times + 1)
    ]
    return pandas.concat(tables, ignore_index=True)
