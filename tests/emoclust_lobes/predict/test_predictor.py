"""Predictions against SpeechBrain's classifier and a slow enrolment."""

import numpy as np
import pytest
import torch
from emoclust_lobes.audio.reading import read_utterance
from emoclust_lobes.predict import PredictError
from emoclust_lobes.predict.inputs import Clip
from emoclust_lobes.predict.predictor import Predictor

CLASSES = ["ang", "hap", "neu", "sad"]


@pytest.fixture
def noise(tmp_path, write_noise):
    """Function that writes clips of so many samples, and names them."""

    def make(*lengths, speaker=""):
        clips = []
        for number, samples in enumerate(lengths):
            name = f"{speaker}{number}.wav"
            path = write_noise(tmp_path / name, samples, seed=number)
            clips.append(Clip(name, str(path), speaker))
        return clips

    return make


@pytest.mark.parametrize(
    "window, spans",
    [
        (3.0, [(0, 20000)]),
        (0.5, [(0, 8000), (4000, 12000), (8000, 16000), (12000, 20000)]),
    ],
)
def test_a_file_is_the_mean_of_its_windows_at_the_temperature(
    window, spans, model_folder, model, noise
):
    (clip,) = noise(20000)
    predictor = Predictor(model_folder, window=window, hop=0.25)
    found = predictor.predict_file(clip.path)
    rows = []
    for span, part in zip(spans, found.windows, strict=True):
        scores, *_ = model.classify_batch(read_utterance(clip.path, *span))
        rows.append(torch.softmax(scores[0] / 1.7, dim=-1).tolist())
        assert part[:2] == (span[0] / 16000, span[1] / 16000)
        assert [*part[2].values()] == pytest.approx(rows[-1], abs=1e-5)
    mean = np.mean(rows, axis=0)
    assert list(found.probabilities) == CLASSES
    assert [*found.probabilities.values()] == pytest.approx(mean, abs=1e-5)
    assert found.emotion == CLASSES[mean.argmax()]
    assert found.confidence == max(found.probabilities.values())
    assert found.seconds == 1.25


def enrolled_slowly(model, clip, others):
    """Probabilities of a clip of one window among others of its speaker."""
    normalize = model.mods.classifier.normalization
    vector, *rest = [
        model.encode_batch(read_utterance(each.path))[0, 0]
        for each in (clip, *others)
    ]
    mean = 2.0 * normalize.prior_mean
    variance = 2.0 * normalize.prior_variance
    for each in rest:
        mean = mean + each
        variance = variance + (each - sum(rest) / len(rest)) ** 2
    weight = 2.0 + len(rest)
    placed = (vector - mean / weight) / (variance / weight).sqrt()
    scores = model.mods.classifier.classifier(placed)
    return torch.softmax(scores / 1.7, dim=-1).tolist()


def probabilities(predictor, *args, **kwargs):
    problems = []
    found = list(predictor.predict(*args, problems, **kwargs))
    assert not problems
    return {each.path: [*each.probabilities.values()] for each in found}


def test_enrolled_clips_are_those_of_the_speaker_but_the_scored_one(
    enrolled_folder, enrolled_model, noise
):
    clips = noise(9000, 12000, 8000)
    predictor = Predictor(enrolled_folder)
    found = probabilities(predictor, clips[:2], enrol=clips[1:])
    first, second, third = clips
    for clip, others in [(first, [second, third]), (second, [third])]:
        expected = enrolled_slowly(enrolled_model, clip, others)
        assert found[clip.name] == pytest.approx(expected, abs=1e-4)


def test_each_speaker_is_enrolled_for_itself(
    enrolled_folder, enrolled_model, noise
):
    kim, ana = noise(9000, 12000, 8000, speaker="kim"), noise(8500, speaker="a")
    predictor = Predictor(enrolled_folder)
    mixed = [kim[0], ana[0], *kim[1:]]
    found = probabilities(predictor, mixed, by_speaker=True)
    assert list(found) == [clip.name for clip in mixed]
    for clip in kim:
        others = [each for each in kim if each != clip]
        expected = enrolled_slowly(enrolled_model, clip, others)
        assert found[clip.name] == pytest.approx(expected, abs=1e-4)
    # Nobody else is known of her: the same as without enrolment.
    alone = predictor.predict_file(ana[0].path)
    expected = enrolled_slowly(enrolled_model, ana[0], [])
    assert found[ana[0].name] == pytest.approx(expected, abs=1e-4)
    assert [*alone.probabilities.values()] == pytest.approx(expected, abs=1e-4)


def test_a_clip_under_another_name_is_not_enrolled_for_itself(
    enrolled_folder, enrolled_model, noise, tmp_path
):
    first, second = noise(9000, 12000)
    (tmp_path / "link.wav").symlink_to(first.path)
    link = Clip("link.wav", str(tmp_path / "link.wav"))
    predictor = Predictor(enrolled_folder)
    found = probabilities(predictor, [first], enrol=[link, second])
    expected = enrolled_slowly(enrolled_model, first, [second])
    assert found[first.name] == pytest.approx(expected, abs=1e-4)


def test_a_model_that_knows_no_enrolment_says_so(model_folder, noise):
    clips = noise(9000, 12000)
    for kwargs in ({"enrol": clips}, {"by_speaker": True}):
        with pytest.raises(PredictError, match="was not trained with enrolm"):
            list(Predictor(model_folder).predict(clips, [], **kwargs))


def test_enrolment_of_nothing_usable_is_refused(enrolled_folder, noise):
    missing = Clip("missing.wav", "missing.wav")
    with pytest.raises(PredictError, match="missing.wav: No such file"):
        list(
            Predictor(enrolled_folder).predict(noise(9000), [], enrol=[missing])
        )


def test_an_unusable_file_is_refused_with_its_reason(model_folder, tmp_path):
    path = tmp_path / "empty.wav"
    path.touch()
    with pytest.raises(PredictError) as refused:
        Predictor(model_folder).predict_file(path)
    assert str(refused.value) == f"{path}: empty file"


@pytest.mark.parametrize(
    "lengths",
    [
        {"window": 0},
        {"hop": 0},
        {"window": 1, "hop": 1.5},
        {"window": float("inf")},
        {"window": float("nan")},
        {"batch_seconds": 0},
    ],
)
def test_lengths_that_make_no_sense_are_refused(lengths, model_folder):
    with pytest.raises(PredictError, match="longer than 0 s"):
        Predictor(model_folder, **lengths)
