"""What stage 2 reads: labeled utterances, or a share of them for training."""

import hashlib
import pathlib

import numpy as np
import pandas
from data_prep.manifests.manifest import SPLITS, Source, read_manifest
from data_prep.manifests.summary import read_summary
from emoclust_lobes.contrast.samplers import numbers_of
from emoclust_lobes.ser.label_propagation import propagate_labels


def labeled_splits(
    manifest_folder, data_folder, share, seed, pool=None, across_speakers=False
):
    """Read the splits of a fold, as stage 2 trains and tests on them.

    Arguments
    ---------
    manifest_folder : str or pathlib.Path
        The fold's manifest.
    data_folder : str or pathlib.Path
        What ``$data_root`` stands for in it.
    share : float
        Share of the training labels that are used, as for ``labeled_share``.
    seed : int
        Seed of the run.
    pool, across_speakers
        Of ``propagate_labels``, where the labels spread over clusters.

    Returns
    -------
    dict
        ``train``, ``valid`` (unless the protocol has no development speakers)
        and ``test`` -> manifest with two more columns: ``emotion_index``, the
        emotion's place in the class set, and ``utterance_id``, the ID in the
        manifest. Training utterances are ``repeated``, and have also their
        number, ``row``, their speaker's, ``speaker``, and ``spread``: whether
        the label comes from others of the cluster.

    Example
    -------
    >>> from data_prep import prepare_ravdess
    >>> from emoclust_lobes.synthetic import make_ravdess
    >>> folder = getfixture("tmp_path")
    >>> sizes = {"n_speakers": 3, "n_statements": 1, "n_repetitions": 1}
    >>> corpus, _ = folder / "corpus", make_ravdess(folder / "corpus", **sizes)
    >>> prepare_ravdess(corpus, folder / "fold", expect_complete=False)
    >>> splits = labeled_splits(folder / "fold", corpus, share=0.5, seed=1)
    >>> train = splits["train"]
    >>> len(splits["test"]), len(train), train["row"].nunique() < len(train)
    (15, 16, True)
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
    classes = read_summary(folder)["classes"]
    for split, table in tables.items():
        table["emotion_index"] = table["emotion"].map(classes.index)
        if split != "train":
            table["utterance_id"] = table["ID"]
    return tables


def labeled_share(table, share, seed):
    """Keep the labels of a share of the training utterances.

    The share is taken of each class, rounded to whole utterances but at least
    one. Which utterances it keeps depends on the seed and on their IDs alone,
    and a smaller share is a part of a larger one, so that curves over shares
    compare like with like.

    Arguments
    ---------
    table : pandas.DataFrame
        Training manifest, with ``ID`` and ``emotion``.
    share : float
        Above 0, at most 1.
    seed : int
        Seed of the run.

    Returns
    -------
    pandas.DataFrame
        The rows that are kept, in their order.

    Raises
    ------
    ValueError
        When there is no such share.

    Example
    -------
    >>> table = pandas.DataFrame(
    ...     {"ID": [f"u{n}" for n in range(40)], "emotion": ["ang", "sad"] * 20}
    ... )
    >>> sorted(labeled_share(table, 0.1, seed=1)["emotion"])
    ['ang', 'ang', 'sad', 'sad']
    """
    if not 0 < share <= 1:
        raise ValueError(f"labels must be above 0 and at most 1, not {share}")
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
    """Repeat utterances until there are about as many as with all labels.

    An epoch then has as many steps whatever share of the labels is used.
    Repetitions have IDs of their own, so that they are cropped differently.

    Arguments
    ---------
    table : pandas.DataFrame
        Training manifest, with ``ID``.
    n_rows : int
        How many rows there are with all labels.

    Returns
    -------
    pandas.DataFrame
        The rows, ``round(n_rows / len(table))`` times, with the column
        ``utterance_id`` for the ID in the manifest.

    Example
    -------
    >>> repeated(pandas.DataFrame({"ID": ["a", "b"]}), 4)["ID"].tolist()
    ['a', 'b', 'a#2', 'b#2']
    """
    times = max(1, round(n_rows / len(table)))
    table = table.assign(utterance_id=table["ID"])
    tables = [table] + [
        table.assign(ID=table["ID"] + f"#{number}")
        for number in range(2, times + 1)
    ]
    return pandas.concat(tables, ignore_index=True)
