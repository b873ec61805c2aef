"""The ends of speech: against what was put into a file."""

import numpy as np
import pytest
import soundfile
from data_prep.corpora.generic import prepare_generic
from data_prep.manifests.manifest import Source, read_manifest
from data_prep.pools.preparation import pool_sources, prepare_pools
from data_prep.recordings.silence import speech_ends

RATE = 16000


def save(path, before, after, noise=1e-4, channels=1):
    """Two seconds of a tone, and noise for so many frames around it."""
    random = np.random.default_rng(0)
    tone = 0.5 * np.sin(np.arange(2 * RATE))
    parts = [np.zeros(320 * before), tone, np.zeros(320 * after)]
    audio = np.concatenate(parts)
    audio += noise * random.normal(size=len(audio))
    soundfile.write(path, np.stack([audio] * channels, axis=1), RATE)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("before", "after"), [(0, 0), (25, 0), (7, 31)])
def test_speech_is_found_between_silences(tmp_path, before, after, channels):
    path = str(tmp_path / "a.wav")
    save(path, before, after, channels=channels)
    first, end = speech_ends(path, 0, soundfile.info(path).frames, 35)
    assert (first, end) == (320 * before, 320 * before + 2 * RATE)
    # So loud a noise is none to cut off
    save(path, before, after, noise=0.1)
    whole = speech_ends(path, 0, soundfile.info(path).frames, 35)
    assert whole == (0, 2 * RATE + 320 * (before + after))


def test_a_part_of_a_file_is_cut_inside(tmp_path):
    path = str(tmp_path / "a.wav")
    save(path, 50, 50)
    assert speech_ends(path, 3200, 20000, 35) == (16000, 20000)
    assert speech_ends(path, 16000 + 320, 20000, 35) == (16320, 20000)


def test_without_any_sound_nothing_is_cut(tmp_path):
    path = str(tmp_path / "a.wav")
    soundfile.write(path, np.zeros(1000), RATE)
    assert speech_ends(path, 0, soundfile.info(path).frames, 35) == (0, 1000)
    assert speech_ends(path, 100, 900, 35) == (100, 900)


def test_a_manifest_has_the_speech_of_corpus_and_pool(tmp_path):
    corpus, pool = tmp_path / "corpus", tmp_path / "calls"
    for folder in [*(corpus / f"s{n}" for n in range(3)), pool]:
        for emotion in ("ang", "sad"):
            (folder / emotion).mkdir(parents=True)
            path = folder / emotion / "1.wav"
            save(path, 7 + len(list(tmp_path.rglob("*.wav"))), 31)
    options = {"folds": 3, "trim_silence": 35}
    prepare_generic(corpus, tmp_path / "fold", **options)
    prepare_pools([str(pool)], corpus, tmp_path / "fold")
    [external] = pool_sources([str(pool)], corpus, tmp_path / "fold")
    test = Source(str(tmp_path / "fold/test.csv"), str(corpus))
    for source in (test, external):
        table = read_manifest(source)
        assert table["duration"].tolist() == [2.0, 2.0]
        lengths = table["stop"].astype(int) - table["start"].astype(int)
        assert lengths.tolist() == [2 * RATE, 2 * RATE]
    # And without, whole files
    prepare_generic(corpus, tmp_path / "fold", folds=3)
    assert read_manifest(test)["stop"].tolist() == ["", ""]
