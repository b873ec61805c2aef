"""Rows against scikit-learn, and files that survive merging."""

import json

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from emoclust_lobes.protocol.runs import merge_runs, read_results, run_rows
from emoclust_lobes.protocol.schema import parse_confusions, parse_hits
from hypothesis import given
from sklearn.metrics import balanced_accuracy_score, confusion_matrix

CLASSES = ["ang", "hap", "neu", "sad"]
KEY = {"system": "none", "labels": 1.0, "enrolled": "", "fold": 1, "seed": 3}


def _rows(predictions, speakers, **kwargs):
    options = {**KEY, "n_train": 40, **kwargs}
    return run_rows(predictions, speakers, CLASSES, **options)


@pytest.fixture
def copy(folder, tmp_path):
    """A folder of results that may be changed."""
    for path in folder.glob("*.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


@pytest.mark.filterwarnings("ignore::UserWarning")  # one class alone
@given(
    st.lists(
        st.tuples(
            st.sampled_from(CLASSES),
            st.sampled_from(CLASSES),
            st.sampled_from(["anna", "007", "b b"]),
        ),
        min_size=1,
    )
)
def test_rows_say_what_was_predicted(utterances):
    table = pd.DataFrame(utterances, columns=["truth", "prediction", "who"])
    table["ID"] = [f"u{x}" for x in table.index]
    runs, speakers = _rows(table, table.set_index("ID")["who"])
    run = runs.iloc[0]
    truth, prediction = table["truth"], table["prediction"]
    assert run["uar"] == pytest.approx(
        balanced_accuracy_score(truth, prediction), abs=1e-6
    )
    np.testing.assert_array_equal(
        parse_confusions([run["confusion"]])[0],
        confusion_matrix(truth, prediction, labels=CLASSES),
    )
    for row in speakers.itertuples():
        for place, label in enumerate(CLASSES):
            right = all_ = 0
            for spoken, guessed, who in utterances:
                if who == row.speaker and spoken == label:
                    all_ += 1
                    right += guessed == spoken
            assert parse_hits([row.hits])[0, place].tolist() == [right, all_]
    for recall, label in zip(run["recalls"].split(), CLASSES):
        of_class = truth == label
        if not of_class.any():
            assert recall == "-"
        else:
            share = (prediction[of_class] == label).mean()
            assert float(recall) == pytest.approx(share, abs=1e-6)


def test_what_cannot_be_counted_is_refused(make_predictions):
    rng = np.random.default_rng(0)
    predictions, speakers = make_predictions(rng, 1, 0.5)
    with pytest.raises(ValueError, match="speakers of 5 utterances.*1-0"):
        _rows(predictions, speakers.iloc[5:])
    with pytest.raises(ValueError, match="predicted twice"):
        _rows(pd.concat([predictions, predictions]), speakers)
    with pytest.raises(ValueError, match="not 'many'"):
        _rows(predictions, speakers, enrolled="many")


def test_files_are_read_as_they_were_made(made, results):
    runs, speakers = made
    by = ["system", "labels", "enrolled", "fold", "seed"]
    for made, read in ((runs, results.runs), (speakers, results.speakers)):
        columns = [*by, "speaker"] if "speaker" in made else by
        pd.testing.assert_frame_equal(
            made.sort_values(columns, ignore_index=True),
            read.sort_values(columns, ignore_index=True),
            check_exact=True,
        )
    assert results.classes == CLASSES
    numbers = results._replace(facts={"title": "x"})
    assert numbers.classes == ["1", "2", "3", "4"]


def test_the_order_of_merging_does_not_matter(folder, tmp_path, made):
    runs, speakers = made
    rng = np.random.default_rng(0)
    for part in rng.permutation(4):
        chosen = runs["fold"] + runs["seed"] == part + 1
        of_part = speakers["fold"] + speakers["seed"] == part + 1
        merge_runs(
            tmp_path,
            runs[chosen].sample(frac=1, random_state=0),
            speakers[of_part].sample(frac=1, random_state=0),
        )
    for name in ("runs.csv", "speakers.csv"):
        assert (tmp_path / name).read_text() == (folder / name).read_text()


def test_clips_are_sorted_as_numbers(results):
    rows = results.runs[results.runs["system"] == "a baseline"]
    assert list(dict.fromkeys(rows["enrolled"])) == [
        "",
        "0",
        "1",
        "2",
        "10",
        "all",
    ]


def test_a_run_replaces_its_like(copy, make_predictions):
    before = read_results(copy)
    rng = np.random.default_rng(1)
    new = _rows(*make_predictions(rng, 1, 1.0, n_speakers=2), seed=1)
    merge_runs(copy, *new)
    after = read_results(copy)
    assert len(after.runs) == len(before.runs)
    assert len(after.speakers) == len(before.speakers) - 1
    both = after.runs.merge(before.runs, how="outer", indicator=True)
    changed = both[both["_merge"] != "both"]
    assert set(changed["system"]) == {"none"} and len(changed) == 2
    assert set(changed["uar"]) == {1.0, changed["uar"].min()}


def test_an_odd_share_of_labels_is_the_same_run_again(
    tmp_path, make_predictions
):
    rng = np.random.default_rng(1)
    (tmp_path / "protocol.json").write_text('{"title": "x"}')
    for _ in range(2):
        merge_runs(
            tmp_path, *_rows(*make_predictions(rng, 1, 0.5), labels=1 / 3)
        )
    results = read_results(tmp_path)
    assert results.runs["labels"].tolist() == [0.333333]
    assert results.runs["valid_uar"].isna().all()


def test_a_refused_merge_leaves_the_files_alone(copy, make_predictions):
    rng = np.random.default_rng(1)
    runs, speakers = _rows(*make_predictions(rng, 1, 0.5), seed=8)
    before = (copy / "runs.csv").read_bytes()
    with pytest.raises(ValueError, match="do not tell of the same test"):
        merge_runs(copy, runs, speakers.iloc[1:])
    with pytest.raises(ValueError, match="there twice"):
        merge_runs(copy, pd.concat([runs, runs]), speakers)
    with pytest.raises(ValueError, match="in one table, not in both"):
        merge_runs(copy, runs, speakers.assign(seed=9))
    other = runs.assign(confusion="1 0;0 1")
    with pytest.raises(ValueError, match="number of classes"):
        merge_runs(copy, other, speakers)
    assert (copy / "runs.csv").read_bytes() == before


def test_a_folder_that_is_not_whole_is_refused(copy):
    text = (copy / "runs.csv").read_text()
    (copy / "runs.csv").write_text(text.replace("seed", "sead", 1))
    with pytest.raises(ValueError, match="runs.csv has the columns"):
        read_results(copy)
    (copy / "runs.csv").write_text(text.replace(",1,0,", ",1,zero,", 1))
    with pytest.raises(ValueError, match="runs.csv cannot be read"):
        read_results(copy)
    (copy / "runs.csv").unlink()
    with pytest.raises(FileNotFoundError, match="runs.csv is missing"):
        read_results(copy)
    (copy / "protocol.json").write_text(json.dumps({"note": "x"}))
    with pytest.raises(FileNotFoundError):
        read_results(copy)
