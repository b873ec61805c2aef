"""The results of a matrix as files: gathered from its cases, and read.

``crosscorpus.json`` has the facts; ``runs.csv`` one row for each train corpus,
test corpus, way to adapt, system and seed, of all utterances that the folds of
the test corpus test on, each once; ``speakers.csv`` one for each of these and
test speaker.
"""

import pathlib

import numpy as np
import pandas as pd
from data_prep.storage.files import read_json
from emoclust_lobes.protocol.runs import Results, read_results, score_columns
from emoclust_lobes.protocol.schema import (
    HIT_TYPES,
    SCORE_TYPES,
    TEXT_TYPES,
    Condition,
    enrolled_rank,
    in_order,
    parse_confusions,
    read_folder,
    typed,
)

FACTS = "crosscorpus.json"
KEY = ["train", "test", "adapt", "system", "enrolled", "seed"]
_KEY_TYPES = {**dict.fromkeys(KEY, str), "seed": int}
RUN_TYPES = {**_KEY_TYPES, **SCORE_TYPES, "folds": int, **TEXT_TYPES}
SPEAKER_TYPES = {**_KEY_TYPES, **HIT_TYPES}


class Matrix(Results):
    """What a folder of results holds; ``facts`` are of ``crosscorpus.json``."""

    @property
    def rows(self):
        """(system, adapt, enrolled) of each matrix, in order."""
        order = self.facts["systems"]
        found = self.runs[["system", "adapt", "enrolled"]].drop_duplicates()
        return sorted(
            found.itertuples(index=False, name=None),
            key=lambda x: (order.index(x[0]), x[1], enrolled_rank(x[2])),
        )

    @property
    def as_protocol(self):
        """Its runs and speakers as those of a protocol of one fold."""
        return [
            table.assign(
                system=table[KEY[:4]].agg(" ".join, axis=1), labels=1.0, fold=1
            )
            for table in (self.runs, self.speakers)
        ]

    @property
    def deterministic(self):
        """What no seed changes, as ``as_protocol`` calls it."""
        fixed = self.runs["system"].isin(self.facts.get("deterministic", ()))
        rows = self.runs.loc[fixed, KEY[:4]].drop_duplicates()
        return rows.agg(" ".join, axis=1).tolist() if len(rows) else []


def condition_of(train, test, adapt, system, enrolled):
    """Tell what ``Matrix.as_protocol`` has of a system and two corpora."""
    return Condition(f"{train} {test} {adapt} {system}", 1.0, enrolled)


def gather_runs(output_folder, yaml, settings):
    """Pool the results of the cases that are there: runs and speakers.

    Only runs count of which all cases are there, with this YAML and settings.
    """
    runs = [pd.DataFrame(columns=[*RUN_TYPES, "cases"])]
    speakers = [pd.DataFrame(columns=SPEAKER_TYPES)]
    classes = []
    for path in sorted(output_folder.glob("*-to-*/*/protocol.json")):
        facts = read_json(path)
        if (facts["yaml"], facts["settings"]) != (yaml, settings):
            continue
        if not (path.parent / "runs.csv").exists():
            continue
        results = read_results(path.parent)
        case, classes = facts["case"], facts["classes"]
        pair = {x: case[x] for x in ("train", "test", "adapt")}
        runs.append(results.runs.assign(**pair, cases=facts["cases"]))
        speakers.append(results.speakers.assign(**pair))
    rows = [
        {**dict(zip(KEY, key, strict=True)), **pool_cases(group, classes)}
        for key, group in pd.concat(runs).groupby(KEY)
        if len(group) == group["cases"].iloc[0]
    ]
    pooled = typed(rows, RUN_TYPES)
    of_these = pd.concat(speakers)[list(SPEAKER_TYPES)].merge(
        pooled[KEY], on=KEY
    )
    return (
        in_order([pooled], KEY),
        in_order([typed(of_these, SPEAKER_TYPES)], [*KEY, "speaker"]),
    )


def pool_cases(cases, classes):
    """Score the cases of a run, which have tested other speakers, as one.

    The scores are those of all utterances, not means of the cases' scores.
    """
    confusion = parse_confusions(cases["confusion"]).sum(axis=0)
    truth, prediction = np.indices(confusion.shape).reshape(2, -1)
    names = np.array(classes)
    return {
        **score_columns(
            np.repeat(names[truth], confusion.flat),
            np.repeat(names[prediction], confusion.flat),
            classes,
        ),
        "valid_uar": cases["valid_uar"].mean(),
        "n_train": round(cases["n_train"].mean()),
        "folds": len(cases),
        "commit": " ".join(sorted(set(cases["commit"]))),
    }


def read_matrix(folder):
    """Read the results of a matrix; refuse them as ``read_results`` does."""
    folder = pathlib.Path(folder)
    return Matrix(*read_folder(folder, FACTS, RUN_TYPES, SPEAKER_TYPES))
