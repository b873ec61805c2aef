"""The synthetic voice: is it what its speaker and its emotion ask for?

It is measured with methods that share nothing with how it is made:
autocorrelation for the pitch, linear prediction for the formants.
"""

import dataclasses

import numpy as np
import pytest
import scipy.linalg
import scipy.signal
from emoclust_lobes.synthetic import (
    EMOTIONS,
    Channel,
    Emotion,
    generator,
    make_sentence,
    make_speaker,
    speak,
    tree,
)
from emoclust_lobes.synthetic.sentences import VOWELS, Segment
from hypothesis import (
    given,
    settings,
    strategies as st,
)
from voice_oracles import formants, level_db, pitch_track

WOMAN = make_speaker("woman", "F", seed=1)
MAN = make_speaker("man", "M", seed=1)


def say(speaker, emotion="neu", sentence="IEO", take=1, **kwargs):
    """Speak without the variation of utterances, samples in [-1, 1]."""
    audio = speak(
        speaker, EMOTIONS[emotion], sentence, generator(take), **kwargs
    )
    return audio / 32768


def treble_db(audio):
    """Level of 1 to 4 kHz relative to what is below, on vowels."""
    f, power = scipy.signal.welch(audio, 16000, nperseg=512)
    treble, bass = power[(f > 1000) & (f < 4000)], power[(f > 50) & (f < 1000)]
    return 10 * np.log10(treble.sum() / bass.sum())


@pytest.mark.parametrize("speaker", [WOMAN, MAN], ids=["woman", "man"])
@pytest.mark.parametrize("emotion", sorted(EMOTIONS))
def test_median_pitch_is_what_speaker_and_emotion_ask_for(speaker, emotion):
    tracks = [say(speaker, emotion, f"S{i}", take=i) for i in range(3)]
    measured = np.median(np.concatenate([pitch_track(x) for x in tracks]))
    asked = speaker.pitch_hz * 2 ** (EMOTIONS[emotion].pitch_semitones / 12)
    assert abs(12 * np.log2(measured / asked)) < 0.7


def test_women_speak_higher_than_men_and_have_higher_formants():
    for i in range(6):
        woman, man = (make_speaker(f"{g}{i}", g, seed=2) for g in "FM")
        high, low = (np.median(pitch_track(say(s))) for s in (woman, man))
        assert high > 1.2 * low
        assert woman.formant_ratio > 1.05 * man.formant_ratio


@pytest.mark.parametrize("vowel", ["I", "E", "ae", "a", "V", "r"])
@pytest.mark.parametrize("ratio", [0.9, 1.0, 1.1])
def test_formants_lie_where_the_vowel_and_the_vocal_tract_put_them(
    vowel, ratio
):
    # Low and steady, so that the harmonics sample the resonances densely.
    speaker = dataclasses.replace(MAN, pitch_hz=80.0, formant_ratio=ratio)
    steady = [Segment(VOWELS[vowel], 6.0, 0.0)]
    audio = say(speaker, "neu", steady)
    middle = audio[len(audio) // 3 : len(audio) // 3 + 8000]
    found = formants(middle)
    for asked in VOWELS[vowel].formants_hz:
        # One take's articulation varies by 4 %.
        nearest = found[np.argmin(np.abs(found - asked * ratio))]
        assert nearest == pytest.approx(asked * ratio, rel=0.12)


def test_level_is_what_speaker_emotion_and_channel_ask_for():
    for emotion in EMOTIONS:
        audio = say(WOMAN, emotion, channel=Channel(level_db=-2.0))
        asked = WOMAN.level_dbfs + EMOTIONS[emotion].level_db - 2.0
        assert level_db(audio) == pytest.approx(asked, abs=0.05)


@pytest.mark.parametrize("speaker", [WOMAN, MAN], ids=["woman", "man"])
def test_anger_is_louder_brighter_and_faster_than_rest_than_sadness(speaker):
    def mean(measure, emotion):
        takes = [say(speaker, emotion, f"S{i}", take=i) for i in range(4)]
        return np.mean([measure(audio) for audio in takes])

    for measure in (level_db, treble_db, lambda audio: -len(audio)):
        angry, neutral, sad = (
            mean(measure, emotion) for emotion in ("ang", "neu", "sad")
        )
        assert angry > neutral > sad


def test_pitch_range_is_wide_in_happiness_and_narrow_in_sadness():
    def deviation(emotion):
        tracks = [
            pitch_track(say(MAN, emotion, f"S{i}", take=i)) for i in range(4)
        ]
        return np.mean([np.std(12 * np.log2(track)) for track in tracks])

    assert deviation("hap") > 1.2 * deviation("neu") > 1.5 * deviation("sad")


def test_surprise_rises_in_the_end_by_the_semitones_that_it_asks_for():
    surprise = EMOTIONS["sur"]
    level = dataclasses.replace(surprise, rise_semitones=0.0)
    for take in range(3):
        rising, flat = (
            pitch_track(
                speak(WOMAN, emotion, f"S{take}", generator(take)) / 32768
            )
            for emotion in (surprise, level)
        )

        def climb(track):
            tenth = len(track) // 10
            ends = np.median(track[:tenth]), np.median(track[-tenth:])
            return 12 * np.log2(ends[1] / ends[0])

        assert 5 < climb(rising) - climb(flat) < surprise.rise_semitones + 1


def test_breath_and_jitter_make_the_voice_less_periodic():
    def harmonicity(**change):
        speaker = dataclasses.replace(MAN, **change)
        audio = say(speaker, "neu", [Segment(VOWELS["a"], 6.0, 0.0)])[3000:9000]
        full = scipy.signal.correlate(audio, audio, method="fft")[5999:]
        full /= np.arange(6000, 0, -1)
        return full[16000 // 250 : 16000 // 80].max() / full[0]

    clean = harmonicity(breath_db=-60.0, jitter_percent=0.0)
    assert clean > harmonicity(breath_db=-10.0, jitter_percent=0.0) + 0.02
    assert clean > harmonicity(breath_db=-60.0, jitter_percent=5.0) + 0.02


@settings(max_examples=25, deadline=None)
@given(
    name=st.text(max_size=8),
    gender=st.sampled_from("FM"),
    emotion=st.sampled_from(sorted(EMOTIONS)),
    strength=st.floats(0, 2),
    seed=st.integers(0, 2**32),
)
def test_every_voice_is_finite_audible_and_not_clipped(
    name, gender, emotion, strength, seed
):
    rng = generator(seed, name)
    emotion = EMOTIONS[emotion].strengthened(strength)
    emotion = emotion.varied(rng, tree.DEVIATION)
    audio = speak(make_speaker(name, gender, seed), emotion, name, rng)
    assert audio.dtype == np.int16
    assert 0.8 < len(audio) / 16000 < 5
    assert 300 < np.abs(audio.astype(int)).max() < 32767
    quarters = np.array_split(audio / 32768, 4)
    assert min(level_db(quarter) for quarter in quarters) > -80


def test_an_emotion_of_no_strength_is_the_speakers_rest():
    for emotion in EMOTIONS.values():
        assert emotion.strengthened(0) == Emotion()
        assert emotion.strengthened(1) == emotion


def test_another_sample_rate_is_the_same_voice():
    low = say(WOMAN, "hap")
    high = say(WOMAN, "hap", sample_rate=48000)
    again = scipy.signal.resample_poly(high, 1, 3)
    assert len(high) == 3 * len(low)
    assert np.corrcoef(low, again)[0, 1] > 0.999


def test_neither_gender_is_an_error_that_says_so():
    with pytest.raises(ValueError, match="gender of A is 'x'"):
        make_speaker("A", "x", seed=1)


def test_sentences_differ_in_their_sounds():
    sentences = [make_sentence(name) for name in ("IEO", "TIE", "DFA", "WSI")]
    phones = {tuple(part.phone for part in line) for line in sentences}
    assert len(phones) == 4
