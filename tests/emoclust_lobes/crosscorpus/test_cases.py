"""Who trains and who is tested, read off the names of the files."""

import os

import hypothesis.strategies as st
import pandas as pd
import pytest
from data_prep.corpora.generic import prepare_generic
from data_prep.manifests.manifest import Source, read_manifest
from emoclust_lobes.crosscorpus.cases import ADAPT, Case, case_table, plan_cases
from emoclust_lobes.protocol.plan import ProtocolError
from hypothesis import given

SHARED = ["ang", "hap", "neu", "sad"]
CASES = plan_cases({"ravdess": 3, "emodb": 5}, ADAPT)
names = [case.name for case in CASES]


@given(
    st.dictionaries(st.sampled_from("abcde"), st.integers(1, 6), min_size=1),
    st.sampled_from([["none"], ["other"], ["none", "other"]]),
)
def test_a_matrix_has_every_pair_and_fold_once(n_folds, adapt):
    cases = plan_cases(n_folds, adapt)
    folders = [case.name for case in cases]
    assert len(set(folders)) == len(cases)
    wanted = set()
    for train in n_folds:
        for test in n_folds:
            folds = range(1, n_folds[test] + 1)
            if "none" in adapt:
                numbers = folds if train == test else [0]
                wanted |= {(train, test, "none", x) for x in numbers}
            if "other" in adapt and train != test:
                wanted |= {(train, test, "other", x) for x in folds}
    assert set(cases) == wanted


@pytest.fixture(scope="module")
def tables(prepared):
    return {
        case: case_table(case, *prepared)
        for case in CASES
        if case.fold <= len(prepared[1][case.test])
    }


@pytest.mark.parametrize("case", CASES, ids=names)
def test_a_case_is_what_the_files_say(tables, case, emotion_of):
    table = tables[case]
    speakers, unlabeled = {}, set()
    for row in table.itertuples():
        speaker, emotion = emotion_of(row.path)
        assert row.speaker == speaker
        corpus = speaker.partition("/")[0]
        speakers.setdefault(row.split, set()).add(speaker)
        if row.split == "test":
            assert corpus == case.test and row.emotion == emotion
        elif corpus == case.train:
            assert row.emotion == (emotion if emotion in SHARED else "")
        else:
            # What stage 1 sees of the target, and nothing more
            assert row.split == "train" and row.emotion == ""
            assert corpus == case.test and case.adapt == "other"
            unlabeled.add(speaker)
        if row.split == "valid":
            assert corpus == case.train and row.emotion in SHARED
    assert bool(unlabeled) == (case.adapt == "other")
    assert set(speakers) == {"train", "valid", "test"}
    assert not speakers["train"] & (speakers["valid"] | speakers["test"])
    assert not speakers["valid"] & speakers["test"]
    assert not table["path"].duplicated().any()


def test_sentences_of_two_corpora_are_not_the_same(tables):
    """Another than RAVDESS may call one of its own 01, too."""
    table = tables[Case("ravdess", "emodb", "other", 1)]
    for column in ("sentence", "session"):
        known = table[table[column] != ""]
        corpora = known["speaker"].str.split("/").str[0]
        assert (known[column].str.split("/").str[0] == corpora).all()
    said = table["sentence"].str.split("/").str[-1]
    assert {"01", "a01"} <= set(said)  # of RAVDESS, of EMO-DB


def test_each_pair_of_a_column_tests_the_same_once(
    tables, corpora_folder, emotion_of
):
    wanted = {}
    for name in ("ravdess", "emodb"):
        paths = (
            x.relative_to(corpora_folder).as_posix()
            for x in (corpora_folder / name).rglob("*.wav")
        )
        wanted[name] = sorted(x for x in paths if emotion_of(x)[1] in SHARED)
    pairs = {}
    for case, table in tables.items():
        tested = table.loc[table["split"] == "test", "path"]
        pairs.setdefault(case[:3], []).extend(tested)
    assert len(pairs) == 6
    for (_, test, _), paths in pairs.items():
        assert sorted(paths) == wanted[test]


def test_rows_that_are_compared_have_the_same_labels(tables):
    def labeled(case):
        table = tables[case]
        return table[(table["emotion"] != "") & (table["split"] != "test")]

    alone = labeled(Case("ravdess", "emodb", "none", 0))
    for fold in range(1, 6):
        adapted = labeled(Case("ravdess", "emodb", "other", fold))
        pd.testing.assert_frame_equal(alone, adapted)


def test_folds_that_test_somebody_twice_are_refused(prepared):
    corpora, folds, root = prepared
    twice = {**folds, "emodb": [folds["emodb"][0]] * 2}
    with pytest.raises(ProtocolError, match="16 recordings twice"):
        case_table(Case("ravdess", "emodb", "none", 0), corpora, twice, root)


def test_two_corpora_that_share_recordings_are_refused(prepared):
    corpora, folds, root = prepared
    again = {**corpora, "emodb": corpora["ravdess"]}
    case = Case("ravdess", "emodb", "none", 0)
    with pytest.raises(ProtocolError, match="must not share recordings"):
        case_table(case, again, {**folds, "emodb": folds["ravdess"]}, root)


@pytest.mark.parametrize("case", [CASES[3], CASES[4]], ids=names[3:5])
def test_a_table_is_an_experiment(tables, prepared, case, tmp_path):
    root = prepared[2]
    path = tmp_path / f"{case.name}.csv"
    path.parent.mkdir()
    tables[case].to_csv(path, index=False)
    prepare_generic(
        str(root), tmp_path, table=os.path.relpath(path, root), classes=SHARED
    )
    found = {
        split: read_manifest(Source(str(tmp_path / f"{split}.csv"), root))
        for split in ("train", "valid", "test", "pool")
    }
    wanted = tables[case]
    for split in ("train", "valid", "test"):
        rows = wanted[(wanted["split"] == split) & (wanted["emotion"] != "")]
        assert found[split]["emotion"].tolist() == (
            rows.sort_values("path")["emotion"].tolist()
        )
    seen = set(wanted.loc[wanted["split"] == "train", "speaker"])
    assert set(found["pool"]["spk_id"]) == seen
