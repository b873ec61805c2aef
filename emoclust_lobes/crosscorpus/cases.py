"""What is trained on which corpus and tested on which: one table a case.

Training and development speakers are of a fold of the source corpus. Where a
case adapts, others of the target are added for stage 1, without labels. All
cases with one target score the same, each utterance once.
"""

import os
from typing import NamedTuple

import pandas
from data_prep.errors import name_some
from data_prep.manifests.manifest import Source, read_manifest
from emoclust_lobes.protocol.plan import ProtocolError

ADAPT = ("none", "other")
_SAME = ("gender", "session", "sentence", "emotion")
COLUMNS = {
    **{"wav": "path", "start": "start", "stop": "stop", "spk_id": "speaker"},
    **{name: name for name in _SAME},
}


class Case(NamedTuple):
    """One experiment: the corpora that train and test, and how it adapts.

    ``adapt`` is "none", or "other": with unlabeled speech of other target speakers
    than are tested; ``fold`` is of the target, or 0 for all of it.
    """

    train: str
    test: str
    adapt: str
    fold: int

    @property
    def name(self):
        """Its path below the output folder."""
        part = self.fold or "all"
        return f"{self.train}-to-{self.test}/{self.adapt}_{part}"


def plan_cases(n_folds, adapt):
    """List the cases of a matrix over corpora with some folds, row by row.

    Within a corpus there is one for each fold, between two corpora one for
    the whole target, and one for each fold of the target where it adapts.
    """
    cases = []
    for train in n_folds:
        for test, folds in n_folds.items():
            for kind in adapt:
                within = train == test
                if kind == "none" and not within:
                    cases.append(Case(train, test, kind, 0))
                elif kind == "none" or not within:
                    cases += [
                        Case(train, test, kind, fold)
                        for fold in range(1, folds + 1)
                    ]
    return cases


def case_table(case, corpora, folds, root):
    """List the recordings of a case, as a table of a user's own corpus.

    Paths are relative to ``root``; the corpus stands in front of speakers,
    sessions and sentences.
    """
    within = case.train == case.test
    source = folds[case.train][case.fold - 1 if within else 0]
    target = folds[case.test]
    tested = target if case.fold == 0 else [target[case.fold - 1]]

    def rows(name, csv, split, labeled=True):
        return _rows(corpora[name], csv, root, split, labeled)

    # pool.csv holds train.csv, and the training speakers' other speech
    parts = [rows(case.train, source / "pool.csv", "train")]
    if (source / "valid.csv").exists():
        parts.append(rows(case.train, source / "valid.csv", "valid"))
    parts += [rows(case.test, x / "test.csv", "test") for x in tested]
    if case.adapt == "other":
        parts.append(
            rows(case.test, tested[0] / "pool.csv", "train", labeled=False)
        )
    table = pandas.concat(parts, ignore_index=True)
    twice = table.loc[table.duplicated(["path", "start", "stop"]), "path"]
    if len(twice) > 0:
        raise ProtocolError(
            f"{case.name} has {len(twice):,} recordings twice: "
            f"{name_some(twice, 5)}. The folds of a corpus must test each "
            "speaker once, and two corpora must not share recordings."
        )
    return table


def _rows(corpus, csv, root, split, labeled):
    """Read a CSV of a corpus' manifest as rows of one split."""
    table = read_manifest(Source(str(csv), str(corpus.data_folder)))
    emotions = corpus.shared(table["emotion"])
    table["emotion"] = emotions if labeled else ""
    if split != "train":
        table = table[emotions != ""]
    table = table[list(COLUMNS)].rename(columns=COLUMNS)
    names = table[["speaker", "session", "sentence"]]
    return table.assign(
        path=[os.path.relpath(path, root) for path in table["path"]],
        **names.where(names == "", f"{corpus.name}/" + names),
        split=split,
    )
