"""Good and bad audio files, in every format that a corpus may have."""

import struct
import tarfile

import numpy
import pytest
import soundfile
import torch
from data_prep.errors import ManifestError, UnusableAudio
from data_prep.recordings.audio_files import (
    find_files,
    probe_files,
    tell_channels,
)
from data_prep.recordings.probe import probe
from data_prep.recordings.tar_shards import list_members
from emoclust_lobes.audio.reading import read_utterance
from emoclust_lobes.predict.inputs import Clip
from emoclust_lobes.turns.windows import read_windows

from speechbrain.dataio.preprocess import AudioNormalizer

FORMATS = {
    "wav": {},
    "flac": {},
    "mp3": {},
    "ogg": {},
    "opus": {"format": "OGG", "subtype": "OPUS"},
}
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n"


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("channels", [1, 2])
def test_length_is_what_a_full_read_gives(make, tmp_path, ending, channels):
    path = tmp_path / f"a.{ending}"
    make.noise(path, 24000, 24000, channels, **FORMATS[ending])
    audio, rate = soundfile.read(path)
    assert probe(path) == (len(audio), rate, channels)
    assert (len(audio), rate) == (24000, 24000)


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("part", [0.02, 0.3, 0.7, 0.97])
def test_a_truncated_file_is_refused(make, tmp_path, ending, part):
    path = make.noise(tmp_path / f"a.{ending}", 48000, **FORMATS[ending])
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    with pytest.raises(UnusableAudio, match="truncated|not audio"):
        probe(path)


def test_a_truncated_wav_is_told_by_one_missing_byte(make, tmp_path):
    path = make.noise(tmp_path / "a.wav")
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    with pytest.raises(UnusableAudio, match="truncated: 1 bytes are missing"):
        probe(path)
    # Whatever follows the samples, such as tags, is no reason to complain.
    path.write_bytes(content + b"LIST" + struct.pack("<I", 4) + b"INFO")
    assert probe(path) == (800, 16000, 1)


@pytest.mark.parametrize("riff", [0, 4, 2**31 - 1, 2**32 - 1])
@pytest.mark.parametrize(
    "length", [0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]
)
def test_a_wav_out_of_a_pipe_is_read_to_its_end(make, tmp_path, riff, length):
    path = make.noise(tmp_path / "a.wav")
    content = bytearray(path.read_bytes())
    content[4:8] = struct.pack("<I", riff)
    place = content.index(b"data") + 4
    content[place : place + 4] = struct.pack("<I", length)
    path.write_bytes(content)
    assert probe(path) == (800, 16000, 1)


def without_length(path, riff=36):
    """Write 0 where the length of a WAV's samples stands."""
    content = bytearray(path.read_bytes())
    place = content.index(b"data") + 4
    content[place : place + 4] = bytes(4)
    content[4:8] = struct.pack("<I", riff)
    path.write_bytes(content)
    return content[: place + 4]


@pytest.mark.parametrize("riff", [0, 36, 2**32 - 1])
def test_a_wav_of_length_0_is_read_to_its_end(make, tmp_path, riff):
    path = make.noise(tmp_path / "a.wav")
    wanted, _ = soundfile.read(path, dtype="float32")
    without_length(path, riff)
    before = path.read_bytes()
    assert probe(path) == (800, 16000, 1)
    assert read_utterance(path).tolist() == wanted.tolist()
    part = read_utterance(path, start=100, stop=350)
    assert part.tolist() == wanted[100:350].tolist()
    clip = Clip("a", str(path))
    windows = list(read_windows(clip, 1.0, 1.0, AudioNormalizer(16000)))
    assert torch.cat([x.waveform for x in windows]).tolist() == wanted.tolist()
    (tmp_path / "tars").mkdir()
    with tarfile.open(tmp_path / "tars/a.tar", "w") as tar:
        tar.add(path, "a.wav")
    ((place, _),) = list_members(tmp_path / "tars/a.tar", (".wav",)).values()
    packed = f"{tmp_path}/tars/a.tar/{place}"
    assert probe(packed) == (800, 16000, 1)
    assert read_utterance(packed).tolist() == wanted.tolist()
    assert path.read_bytes() == before


def test_a_wav_of_length_0_may_be_damaged(make, tmp_path):
    path = make.noise(tmp_path / "a.wav")
    head = without_length(path)
    info = b"LIST" + struct.pack("<I", 4) + b"INFO"
    for end in (b"", b"\1", info, 2 * info):
        path.write_bytes(head + end)
        with pytest.raises(UnusableAudio, match="^no samples$"):
            probe(path)
    path.write_bytes(head + bytes(1600))
    with pytest.raises(UnusableAudio, match="silent: every sample"):
        probe(path)
    # Samples that look like the name of a chunk, and end too soon for one
    path.write_bytes(head + b"AAAA" * 20)
    assert probe(path) == (40, 16000, 1)


def test_people_on_two_channels_are_told_of(make, tmp_path, caplog):
    """Nothing is said of one person on two channels."""
    for name, channels in [("mono", 1), ("two", 2), ("five", 5)]:
        make.noise(tmp_path / f"{name}.wav", channels=channels)
    sound, rate = soundfile.read(tmp_path / "mono.wav")
    both = numpy.stack([sound, sound], axis=1)
    soundfile.write(tmp_path / "alike.wav", both, rate)
    names = ["alike.wav", "mono.wav"]
    tell_channels("calls", probe_files(tmp_path, names))
    assert not caplog.records
    found = probe_files(tmp_path, [*names, "two.wav", "five.wav"])
    assert [n for *_, n in found.values()] == [1, 5, 1, 2]
    tell_channels("calls", found)
    (record,) = caplog.records
    told = record.getMessage()
    assert "calls: 2 of 4 recordings have several channels" in told
    assert "see five.wav, two.wav. Where each is another person" in told


def test_channels_that_cancel_are_silent(tmp_path):
    noise = numpy.random.default_rng(1).normal(0, 0.1, 9000)
    both = numpy.stack([noise, -noise], axis=1)
    for subtype in ("PCM_16", "FLOAT"):
        soundfile.write(tmp_path / "a.wav", both, 16000, subtype)
        with pytest.raises(UnusableAudio, match="its channels cancel"):
            probe(tmp_path / "a.wav")
    both[8999, 0] += 0.5
    soundfile.write(tmp_path / "a.wav", both, 16000)
    assert probe(tmp_path / "a.wav") == (9000, 16000, 2)


@pytest.mark.parametrize(
    "kind",
    [
        {"format": "WAV", "subtype": "GSM610"},
        {"format": "AU", "subtype": "G723_24"},
        {"format": "WAV", "subtype": "G721_32"},
    ],
    ids=lambda kind: kind["subtype"],
)
def test_what_has_no_parts_is_read_whole_only(make, tmp_path, kind):
    path = make.noise(tmp_path / "a.wav", 16000, 8000, **kind)
    audio, _ = soundfile.read(path)
    assert probe(path) == (len(audio), 8000, 1)
    with pytest.raises(UnusableAudio, match="no part can be read; convert it"):
        probe(path, seek=True)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    if kind["format"] == "WAV":
        with pytest.raises(UnusableAudio, match="truncated"):
            probe(path)


def test_no_exception_of_a_file_leaves_it(make, tmp_path, monkeypatch):
    make.noise(tmp_path / "a.wav")
    make.noise(tmp_path / "b.wav")
    seek = soundfile.SoundFile.read

    def read(self, *args, **kwargs):
        if str(self.name).endswith("b.wav"):
            raise MemoryError("no room")
        return seek(self, *args, **kwargs)

    monkeypatch.setattr(soundfile.SoundFile, "read", read)
    with pytest.raises(ManifestError) as error:
        probe_files(tmp_path, ["a.wav", "b.wav"])
    assert "  b.wav: cannot be read: MemoryError: no room" in str(error.value)
    content = bytearray((tmp_path / "a.wav").read_bytes())
    content[24:28] = struct.pack("<I", 2**31 - 1)
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(UnusableAudio, match="2147483647 samples a second"):
        probe(tmp_path / "a.wav")


def test_a_sphere_file_is_audio_though_it_begins_with_text(make, tmp_path):
    path = make.noise(tmp_path / "a.wav", format="NIST")
    assert path.read_bytes().startswith(b"NIST_1A")
    assert probe(path) == (800, 16000, 1)


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "empty file"),
        (LFS.encode(), "Git LFS pointer, not the audio itself"),
        (b"<!DOCTYPE html>\n<html>", "text, not audio; it begins with '<!DOC"),
        ("Größe? Nicht da.".encode() * 9, "text, not audio; it begins with"),
        (bytes(range(256)) * 9, "not audio: "),
    ],
    ids=["empty", "LFS", "HTML", "text", "binary"],
)
def test_what_is_no_audio_is_named(tmp_path, ending, content, reason):
    path = tmp_path / f"a.{ending}"
    path.write_bytes(content)
    with pytest.raises(UnusableAudio) as error:
        probe(path)
    assert str(error.value).startswith(reason)


def test_all_bad_files_are_reported_at_once(make, tmp_path):
    names = [f"{number:02d}.wav" for number in range(40)]
    for name in names:
        make.noise(tmp_path / name)
    for name in names[:30]:
        (tmp_path / name).write_text(LFS)
    with pytest.raises(ManifestError) as error:
        probe_files(tmp_path, reversed(names))
    lines = str(error.value).splitlines()
    assert lines[0] == f"30 audio files in {tmp_path} cannot be used:"
    assert [line.split(":")[0].strip() for line in lines[1:21]] == names[:20]
    assert lines[21].strip() == "and 10 more"
    assert "git lfs pull" in lines[22]
    assert len(lines) == 23
    (tmp_path / names[0]).write_bytes(b"")
    with pytest.raises(ManifestError, match="Copy or download") as error:
        probe_files(tmp_path, names)
    assert f"  {names[0]}: empty file" in str(error.value)
    assert set(probe_files(tmp_path, names[30:])) == set(names[30:])


def test_files_are_found_whatever_leads_to_them(make, tmp_path):
    for name in ("b/x.wav", "a/2.FLAC", "a/10.wav", "a/notes.txt"):
        make.text(tmp_path / name, "")
    make.text(tmp_path / "a/._10.wav", "")
    make.text(tmp_path / ".cache/1.wav", "")
    (tmp_path / "a/up").symlink_to(tmp_path)
    (tmp_path / "a/self").symlink_to(tmp_path / "a/self")
    (tmp_path / "c").symlink_to(tmp_path / "b")
    (tmp_path / "b/gone.wav").symlink_to(tmp_path / "nowhere.wav")
    assert find_files(tmp_path) == [
        "a/10.wav",
        "a/2.FLAC",
        "b/gone.wav",
        "b/x.wav",
        "c/gone.wav",
        "c/x.wav",
    ]
    assert find_files(tmp_path / "nowhere") == []
