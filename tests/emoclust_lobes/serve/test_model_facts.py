"""What is said about a model."""

import json

import pytest
from emoclust_lobes.serve.model_facts import model_facts


@pytest.fixture
def tell(tmp_path, model_folder):
    """Function that changes the numbers, and tells."""

    def make(enrolment=False, **changes):
        metrics = json.loads((model_folder / "metrics.json").read_text())
        text = json.dumps(metrics | changes)
        (tmp_path / "metrics.json").write_text(text)
        return model_facts(tmp_path, metrics["classes"], enrolment)

    return make


def test_measured_numbers_stand_beside_chance(tell):
    told = tell(uar=0.6789)
    assert "4 emotions: angry, happy, neutral, sad." in told
    assert "Synthetic &lt;speech&gt; (intended labels)" in told
    assert "1,234 clips of people it had not learned from" in told
    assert "<b>68 %</b>" in told and "UAR 0.679" in told
    assert "Guessing gives 25 %" in told
    assert "off by 4 points" in told


def test_enrolled_model_is_told_by_its_score_without_clips(tell):
    told = tell(enrolment=True, uar=0.9, enrolled_uar={"0": 0.6, "all": 0.9})
    assert "UAR 0.600" in told and "0.9" not in told


def test_percentages_that_were_not_calibrated_are_a_hint(tell):
    told = tell(calibration={"temperature": 1.0, "valid": None, "test": {}})
    assert "take the percentages as a hint" in told
    assert "70" not in told


def test_published_folder_without_numbers_says_so(tmp_path):
    told = model_facts(tmp_path, ["ang"], False)
    assert "does not say what it learned from" in told
