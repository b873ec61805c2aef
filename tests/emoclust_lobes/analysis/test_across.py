"""Pooled clusters and linear probes on planted structure."""

import numpy as np
import pytest
from emoclust_lobes.analysis.across import (
    AS_THEY_ARE,
    PROBES,
    WITHOUT_SPEAKER,
    _folds,
    cluster_pooled,
    probe,
    spaces,
)


def test_without_the_speakers_mean_every_speaker_is_centered(make_table, plant):
    table = make_table()
    both = spaces(table, plant(table))
    for points in both.values():
        np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, 1e-5)
    again = spaces(table, plant(table) + 10)[WITHOUT_SPEAKER]
    np.testing.assert_allclose(both[WITHOUT_SPEAKER], again, atol=1e-3)


def test_pooled_clusters_show_what_is_shared(make_table, plant):
    table = make_table()
    found = cluster_pooled(table, plant(table), 3, 5, 1, n_permutations=50)
    found = found.set_index(["space", "target"])["ami"]
    assert found[WITHOUT_SPEAKER, "emotion"] == pytest.approx(1)
    assert found[WITHOUT_SPEAKER, "speaker"] < 0.1
    table["planted"] = table["spk_id"]
    only_speakers = plant(table, "planted")
    found = cluster_pooled(table, only_speakers, 4, 5, 1, n_permutations=50)
    found = found.set_index(["space", "target"])
    assert found["ami"][AS_THEY_ARE, "speaker"] == pytest.approx(1)
    # Four speakers, two of each gender: exchanging genders changes nothing
    # much, whereas exchanging utterances would call this a great surprise.
    gender = found.loc[(AS_THEY_ARE, "gender")]
    assert gender["chance_high"] == pytest.approx(gender["ami"], abs=0.05)
    assert (AS_THEY_ARE, "session") not in found.index


def test_probes_find_what_is_planted_and_only_that(make_table, plant):
    table = make_table(n_speakers=6)
    found = probe(table, plant(table, noise=0.2), seed=1).set_index(
        ["target", "space"]
    )
    assert set(found.index) == {(x, y) for x, ys in PROBES.items() for y in ys}
    assert found["uar"]["emotion", WITHOUT_SPEAKER] > 0.95
    assert found["uar"]["speaker", AS_THEY_ARE] > 0.95
    assert found["uar"]["sentence", WITHOUT_SPEAKER] < 0.7
    assert found["chance"]["emotion", AS_THEY_ARE] == pytest.approx(1 / 3)
    assert found["chance"]["speaker", AS_THEY_ARE] == pytest.approx(1 / 6)
    assert (found["utterances"] == 108).all()


def test_folds_share_no_speaker_or_no_utterance(make_table):
    table = make_table(n_speakers=7)
    speakers = table["spk_id"].to_numpy(dtype=str)
    for target, column in (("emotion", "emotion"), ("speaker", "spk_id")):
        labels = table[column].to_numpy(dtype=str)
        folds = _folds(target, labels, speakers, 5, seed=1)
        assert len(folds) == 5
        tested = np.concatenate([test for _, test in folds])
        assert sorted(tested) == list(range(len(table)))
        for learn, test in folds:
            assert not set(learn) & set(test)
            if target == "emotion":
                assert not set(speakers[learn]) & set(speakers[test])


def test_probes_that_make_no_sense_are_left_out(make_table, plant):
    table = make_table(n_speakers=1)
    assert probe(table, plant(table), seed=1).empty
    table = make_table(n_speakers=4, emotions=("",))
    found = probe(table, plant(table, "sentence"), seed=1)
    assert set(found["target"]) == {"sentence", "gender", "speaker"}


def test_a_class_of_one_speaker_is_not_probed(make_table, plant):
    table = make_table()
    table.loc[table.index[:4], "emotion"] = "fea"
    found = probe(table, plant(table), seed=1).set_index("target")
    assert (found.loc["emotion", "classes"] == 3).all()
    assert (found.loc["emotion", "utterances"] == len(table) - 4).all()
