"""What becomes of classes, by names and by a YAML."""

import pathlib

import numpy as np
import pandas as pd
import pytest
from data_prep.errors import EmoclustError
from emoclust_lobes.evaluate.classes import (
    common_classes,
    read_mapping,
    refuse_others,
)

ROOT = pathlib.Path(__file__).parents[3]


def test_names_are_of_the_table():
    mapping = read_mapping("anger=ang,boredom=", "C", "")
    assert mapping == (None, {"anger": "ang", "boredom": None})
    chances = pd.DataFrame({"ang": [0.6, 0.1, 0.5], "sad": [0.4, 0.9, 0.5]})
    emotions = pd.Series(["anger", "sad", "boredom"])
    same, truth = common_classes(chances, emotions, mapping)
    assert truth.tolist()[:2] == ["ang", "sad"] and pd.isna(truth[2])
    pd.testing.assert_frame_equal(same, chances)


def test_a_yaml_is_of_both_sides():
    path = str(ROOT / "hparams/crosscorpus.yaml")
    mapping = read_mapping(path, "RAVDESS", "emodb")
    codes = ["ang", "cal", "dis", "fea", "hap", "neu", "sad", "sur"]
    chances = pd.DataFrame([np.arange(1, 9) / 36], columns=codes)
    kept, truth = common_classes(chances, pd.Series(["neu"]), mapping)
    assert list(kept) == ["ang", "hap", "neu", "sad"]
    assert kept.iloc[0].tolist() == pytest.approx(np.array([1, 5, 6, 7]) / 19)
    assert truth.tolist() == ["neu"]
    for corpora in (("Nowhere", "emodb"), ("RAVDESS", "nowhere")):
        with pytest.raises(EmoclustError, match="has no corpus .*owhere"):
            read_mapping(path, *corpora)
    # Predictions do not tell their corpus: they are in the shared classes
    assert read_mapping(path, None, "emodb")[0] is None


def test_probabilities_of_classes_that_become_one_are_added(tmp_path):
    path = tmp_path / "m.yaml"
    path.write_text(
        "corpora:\n"
        "  a: {emotions: {hap: joy, exc: joy, sad: sad}}\n"
        "  b: {emotions: {happy: joy, sad: sad}}\n"
    )
    mapping = read_mapping(str(path), "a", "b")
    chances = pd.DataFrame({"hap": [0.3], "exc": [0.3], "sad": [0.4]})
    kept, truth = common_classes(chances, pd.Series(["happy"]), mapping)
    assert kept.to_dict("list") == {"joy": [0.6], "sad": [0.4]}
    assert truth.tolist() == ["joy"]


def test_what_a_mapping_does_not_say_is_refused(tmp_path):
    chances = pd.DataFrame({"ang": [1.0], "sad": [0.0]})
    with pytest.raises(EmoclustError, match="becomes of joy of the table"):
        common_classes(chances, pd.Series(["joy"]), (None, {"rage": "ang"}))
    with pytest.raises(EmoclustError, match="becomes of ang of the model"):
        common_classes(chances, pd.Series(["sad"]), ({"sad": "sad"}, None))
    with pytest.raises(EmoclustError, match="1 predictions are entirely"):
        both = {"ang": None, "sad": "sad"}
        common_classes(chances, pd.Series(["sad"]), (both, None))
    path = tmp_path / "bad.yaml"
    path.write_text("classes: [a]")
    with pytest.raises(EmoclustError, match="cannot be read as corpora"):
        read_mapping(str(path), "a", "b")
    with pytest.raises(EmoclustError, match="no emotion in common"):
        refuse_others(["ang"], pd.Series([None, None]), "t.csv")
