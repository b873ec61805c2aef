"""Uploaded clips: classified and deleted, or refused in a sentence."""

import shutil

import numpy as np
import pytest
import soundfile
from emoclust_lobes.serve.clips import Clips
from emoclust_lobes.serve.html import result_html, spoken


@pytest.fixture
def clips(predictor, tmp_path):
    """With a limit of nine seconds."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    return Clips(predictor, folder, max_seconds=9.0)


@pytest.fixture
def upload(clips):
    """Function that makes a file lie where uploads do."""

    def make(content, name="clip.wav"):
        path = clips.folder / "0123abcd" / name
        path.parent.mkdir()
        path.write_bytes(content)
        return path

    return make


def left(clips):
    """Whatever lies in the folder of uploads."""
    return list(clips.folder.rglob("*"))


def test_clip_is_classified_as_by_the_predictor_and_deleted(
    clips, upload, clip, predictor
):
    path = upload(clip.read_bytes())
    shown = clips.show(str(path))
    expected = predictor.predict_file(clip)
    assert shown == result_html(expected)
    assert spoken(expected.emotion) in shown
    assert left(clips) == []


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"hello world", "This file is not audio"),
        (b"", "The file is empty."),
        (b"version https://git-lfs.github.com/spec/v1", "is not audio"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "is not audio"),
    ],
)
def test_what_is_no_audio_is_refused_and_deleted(
    clips, upload, content, sentence
):
    assert sentence in clips.show(str(upload(content)))
    assert left(clips) == []


def test_silence_is_refused_with_the_reason(clips, upload, tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(16000), 16000)
    path = upload((tmp_path / "silent.wav").read_bytes())
    shown = clips.show(str(path))
    assert "This clip cannot be used: silent" in shown
    assert str(clips.folder) not in shown
    assert left(clips) == []


def test_clip_without_a_sample_is_refused(clips, upload, tmp_path):
    soundfile.write(tmp_path / "none.wav", np.zeros(0), 16000)
    path = upload((tmp_path / "none.wav").read_bytes())
    assert "0 seconds" in clips.show(str(path))
    assert left(clips) == []


def test_long_clip_is_refused_by_its_header(clips, upload, tmp_path):
    noise = np.random.default_rng(1).normal(scale=0.1, size=20 * 8000)
    soundfile.write(tmp_path / "long.flac", noise, 8000)
    # Only the header: whoever decodes it finds it damaged instead
    header = (tmp_path / "long.flac").read_bytes()[:200]
    shown = clips.show(str(upload(header, "long.flac")))
    assert "too long: 20 seconds. Up to 9 are taken here" in shown
    assert left(clips) == []


def test_nothing_outside_the_folder_is_read_or_deleted(clips, clip, tmp_path):
    inside = clips.folder / "0123abcd"
    inside.mkdir()
    deep = inside / "deeper"
    deep.mkdir()
    outside = tmp_path / "0123abcd"
    outside.mkdir()
    for path in (clips.folder / "a.wav", deep / "a.wav", outside / "a.wav"):
        shutil.copy(clip, path)
    link = inside / "link.wav"
    link.symlink_to(outside / "a.wav")
    before = sorted(tmp_path.rglob("*"))
    for path in (
        "/etc/hostname",
        clips.folder / "a.wav",
        deep / "a.wav",
        outside / "a.wav",
        inside / ".." / ".." / "0123abcd" / "a.wav",
        link,
        inside,
        clips.folder,
        inside / "missing.wav",
        "",
    ):
        assert "no longer there" in clips.show(str(path))
    assert sorted(tmp_path.rglob("*")) == before


def test_no_clip_is_no_error(clips):
    assert "There is no clip" in clips.show(None)
