"""What is derived about utterances."""

import numpy as np
import pytest
import soundfile
from data_prep import prepare_ravdess
from data_prep.manifests.manifest import Utterance, write_manifest
from data_prep.pools.preparation import fold_sources
from emoclust_lobes.analysis import utterances
from emoclust_lobes.analysis.utterances import (
    describe_utterances,
    explain_missing,
    intensity,
    level,
    quarters,
)
from emoclust_lobes.synthetic import make_ravdess
from emoclust_lobes.synthetic.noise import write_noise
from hypothesis import (
    given,
    strategies as st,
)


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=40))
def test_quarters_keep_the_order_and_hold_a_quarter_at_most(values):
    found = quarters(values)
    assert set(found) <= {1, 2, 3, 4}
    order = np.argsort(values, kind="stable")
    assert (np.diff(found[order]) >= 0).all()
    if len(set(values)) == len(values):
        assert np.bincount(found).max() <= len(values) // 4 + 1
    for one, two in zip(values, found, strict=True):
        assert {q for x, q in zip(values, found, strict=True) if x == one} == {
            two
        }


def test_level_is_the_root_mean_square_of_the_segment(tmp_path):
    rng = np.random.default_rng(0)
    samples = np.r_[np.zeros(800), 0.1 * rng.normal(size=1600)]
    path = tmp_path / "a.wav"
    soundfile.write(path, samples, 16000, subtype="FLOAT")
    expected = 10 * np.log10(np.mean(samples[800:] ** 2))
    assert level(path, "800", "2400") == pytest.approx(expected, abs=0.01)
    assert level(path, "0", "800") == -120


def test_sentences_of_two_corpora_are_not_the_same(tmp_path):
    sources = []
    for corpus, said in (("A", ["01", ""]), ("B", ["01", "02"])):
        folder = tmp_path / corpus
        spoken = [
            Utterance(
                ID=f"{corpus}{n}",
                wav=f"{n}.wav",
                duration=0.5,
                spk_id=corpus,
                sentence=sentence,
            )
            for n, sentence in enumerate(said)
        ]
        for each in spoken:
            write_noise(folder / each.wav, samples=4000)
        write_manifest(folder / "m", {"pool": spoken}, {"corpus": corpus})
        sources.append((str(folder / "m/pool.csv"), str(folder)))
    one = describe_utterances(sources[:1], tmp_path / "l.csv")
    assert one["sentence"].tolist() == ["01", ""]
    both = describe_utterances(sources, tmp_path / "l.csv")
    assert both["sentence"].tolist() == ["A/01", "", "B/01", "B/02"]


def test_levels_are_measured_again_only_where_a_file_changed(
    make_corpus, tmp_path, monkeypatch
):
    sources, _ = make_corpus(n_speakers=1)
    first = describe_utterances(sources, tmp_path / "l.csv")
    measured = []
    monkeypatch.setattr(
        utterances, "level", lambda wav, *_: measured.append(wav) or -1.0
    )
    again = describe_utterances(sources, tmp_path / "l.csv")
    assert not measured
    assert again["loudness"].tolist() == first["loudness"].tolist()
    soundfile.write(first["wav"][3], np.zeros(2000), 16000)
    changed = describe_utterances(sources, tmp_path / "l.csv")
    assert measured == [first["wav"][3]]
    for damaged in ("", "ID,bytes\na,1\n", "\0\1\n"):
        (tmp_path / "l.csv").write_text(damaged)
        del measured[:]
        describe_utterances(sources, tmp_path / "l.csv")
        assert len(measured) == len(first)
    assert changed["loudness"][3] == -1


def test_intensity_is_found_where_names_tell_it(tmp_path):
    make_ravdess(tmp_path / "c", n_speakers=3, n_statements=1, n_repetitions=1)
    prepare_ravdess(tmp_path / "c", tmp_path / "m", expect_complete=False)
    sources = fold_sources(["own"], tmp_path / "c", tmp_path / "m")
    table = describe_utterances(sources, tmp_path / "l.csv")
    assert len(table) == 45 and table["ID"].is_unique
    assert (table["intensity"] == table["ID"].str[9:11]).all()
    assert set(table["intensity"]) == {"01", "02"}
    assert set(explain_missing(table)) == {"session", "sentence"}
    assert intensity("CREMA-D", "1001_IEO_ANG_HI") == "HI"
    assert intensity("CREMA-D", "1001_DFA_ANG_XX") == ""
    assert intensity("IEMOCAP", "Ses01F_impro01_F000") == ""


def test_what_is_missing_is_explained(make_table):
    table = make_table(emotions=("",))
    table["session"] = table["spk_id"]
    table["gender"] = "F"
    reasons = explain_missing(table)
    assert set(reasons) == {
        "emotion",
        "session",
        "intensity",
        "loudness",
        "gender",
    }
    assert reasons["emotion"] == "nobody says what it is in this corpus"
    assert reasons["session"].startswith("it is the same for all utterances")
    assert reasons["gender"] == "it is the same for all speakers"
