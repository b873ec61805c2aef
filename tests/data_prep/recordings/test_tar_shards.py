"""Recordings in tars: where they are, and that no more is read."""

import json
import os
import shutil
import subprocess
import tracemalloc

import pytest
import soundfile
import torch
from data_prep.manifests.manifest import (
    Source,
    Utterance,
    read_manifest,
    write_manifest,
)
from data_prep.recordings.audio_files import AUDIO_SUFFIXES
from data_prep.recordings.probe import probe
from data_prep.recordings.tar_shards import (
    audio_status,
    list_members,
    name_audio,
    open_audio,
    split_address,
)
from emoclust_lobes.analysis.listen import embed_audio, link
from emoclust_lobes.analysis.utterances import level
from emoclust_lobes.audio.reading import read_utterance
from emoclust_lobes.embeddings.cache import read_cache
from emoclust_lobes.embeddings.extraction import embed_utterances
from emoclust_lobes.synthetic import pack_tars

from tests.data_prep.tars import FORMATS, info_of, put

NAMES = [
    "id1/video/00001.wav",
    "id1/video/00002.FLAC",
    "id2/é b,c/1.ogg",
    "103-1240-0000.mp3",
    f"id3/{'long/' * 30}1.opus",
]


@pytest.fixture
def pool(make, tmp_path):
    """Recordings in every format, as files."""
    for number, name in enumerate(NAMES):
        kwargs = {"format": "OGG", "subtype": "OPUS"}
        make.noise(
            tmp_path / "pool" / name,
            24000 + number,
            24000,
            **(kwargs if name.endswith("opus") else {}),
        )
    return tmp_path / "pool"


@pytest.mark.parametrize("form", FORMATS)
def test_each_member_is_the_file_it_was(pool, tmp_path, form):
    if form == "ustar":  # has no room for such a name
        (pool / NAMES[-1]).unlink()
    (tar,) = pack_tars(pool, tmp_path, n_tars=1, format=FORMATS[form])
    members = list_members(tar, AUDIO_SUFFIXES)
    assert sorted(members) == sorted(NAMES[: 4 if form == "ustar" else 5])
    for name, (place, speaker) in members.items():
        address, file = f"{tar}/{place}", str(pool / name)
        assert speaker == ""
        assert open_audio(address).read() == (pool / name).read_bytes()
        assert probe(address) == probe(file)
        assert torch.equal(read_utterance(address), read_utterance(file))
        assert torch.equal(
            read_utterance(address, 100, 9000), read_utterance(file, 100, 9000)
        )
        assert level(address) == level(file)
        assert audio_status(address)[1] == os.stat(tar).st_mtime_ns
        row = {"start": "", "stop": ""}
        assert embed_audio({**row, "wav": address}) == embed_audio(
            {**row, "wav": file}
        )
        assert link({**row, "wav": address}, tar.parent) == tar.name
        if len(name) < 100 and name.isascii():
            assert name_audio(address) == f"{tar}: {name}"
        else:
            assert name_audio(address).startswith(f"{tar}: id")


@pytest.mark.skipif(not shutil.which("tar"), reason="needs the program tar")
def test_what_the_program_tar_writes_is_read(pool, tmp_path):
    (pool / "id1/._00001.wav").write_bytes(b"\0\5\x16\7Mac OS X")
    (pool / "readme.txt").write_text("no recording")
    tar = tmp_path / "all.tar"
    subprocess.run(["tar", "cf", tar, "-C", pool, "."], check=True)
    members = list_members(tar, AUDIO_SUFFIXES)
    assert sorted(members) == sorted(NAMES)
    for name, (place, _) in members.items():
        content = open_audio(f"{tar}/{place}").read()
        assert content == (pool / name).read_bytes()


def test_names_end_at_the_first_dot_as_in_webdataset(tmp_path):
    contents = {
        "s0_0.mic1.flac": b"x",
        "s0_0.mic2.flac": b"x",
        "s0_0.json": b'{"speaker": "Kim"}',
        "v1.2/s1.mic1.flac": b"x",
        "v1.2/s1.spk": b"Lee",
        "v1.json": b'{"speaker": "nobody"}',  # the dot of a folder is none
        "s2.a.flac": b"x",
        "s2.a.json": b'{"speaker": "Ann"}',
    }
    tar = put(tmp_path / "t.tar", *contents.items())
    members = list_members(tar, AUDIO_SUFFIXES)
    assert {name: speaker for name, (_, speaker) in members.items()} == {
        "s0_0.mic1.flac": "Kim",
        "s0_0.mic2.flac": "Kim",
        "v1.2/s1.mic1.flac": "Lee",
        "s2.a.flac": "Ann",
    }


def test_files_beside_recordings_say_who_speaks(tmp_path):
    contents = {
        "000.flac": b"x",
        "000.json": json.dumps({"spk_id": "Kim", "speaker": "Lee"}).encode(),
        "001.json": b'{"speaker": 7}',
        "001.flac": b"x",
        "002.spk": "Zoë\n".encode(),
        "002.flac": b"x",
        "a/003.flac": b"x",
        "a/003.json": b'{"text": "hello"}',
        "a/004.flac": b"x",
        "a/004.json": b'["a list"]',
        "a/005.flac": b"x",
        "meta.json": b"[" * 100_000,  # of no recording, nor JSON
    }
    tar = put(tmp_path / "a.tar", *contents.items())
    speakers = {
        name: speaker
        for name, (_, speaker) in list_members(tar, (".flac",)).items()
    }
    assert speakers == {
        "000.flac": "Kim",
        "001.flac": "7",
        "002.flac": "Zoë",
        "a/003.flac": "",
        "a/004.flac": "",
        "a/005.flac": "",
    }


def test_memory_does_not_grow_with_the_tar(make, tmp_path):
    recording = make.noise(tmp_path / "1.wav", 16000).read_bytes()
    tar, size = tmp_path / "a.tar", 4 << 30
    with open(tar, "wb") as stream:  # four gigabytes that take no room
        stream.write(info_of("big.bin", size=size).tobuf())
        stream.seek(size, os.SEEK_CUR)
        header = info_of("id1/1.wav", size=len(recording)).tobuf()
        stream.write(header + recording)
        stream.write(bytes(1024 + -len(recording) % 512))
    read_utterance(str(tmp_path / "1.wav"))
    tracemalloc.start()
    ((name, (place, _)),) = list_members(tar, (".wav",)).items()
    assert probe(f"{tar}/{place}") == (16000, 16000, 1)
    assert len(read_utterance(f"{tar}/{place}")) == 16000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert name == "id1/1.wav"
    assert split_address(f"{tar}/{place}")[1][0] == size + 1024
    assert peak < 4 << 20


def test_messages_name_the_recording(pool, tmp_path):
    tar = put(tmp_path / "a.tar", ("id1/1.wav", b"nothing"))
    with pytest.raises(RuntimeError) as error:
        read_utterance(f"{tar}/512:7")
    assert f"{tar}: id1/1.wav: Error opening {tar}: id1/1.wav" in str(
        error.value
    )
    with pytest.raises(ValueError, match="truncated: 3 bytes are missing"):
        read_utterance(f"{tar}/10240:3")
    (tar,) = pack_tars(pool, tmp_path / "tars", n_tars=1)
    address = f"{tar}/{list_members(tar, ('.wav',))[NAMES[0]][0]}"
    message = "id1/video/00001.wav holds no audio in samples 24000 to 24000"
    with pytest.raises(ValueError, match=message):
        read_utterance(address, 24000, 24000)


def test_a_manifest_has_one_more_column_where_there_are_tars(tmp_path):
    rows = [
        Utterance(ID="a", duration=1, wav="x.tar/512:100", spk_id="s"),
        Utterance(ID="b", duration=1, wav="b.wav", spk_id="s"),
    ]
    (tmp_path / "x.tar").write_bytes(bytes(612))
    source = Source(str(tmp_path / "pool.csv"), str(tmp_path))
    write_manifest(tmp_path, {"pool": rows}, {"fingerprint": "0"})
    lines = (tmp_path / "pool.csv").read_text().splitlines()
    columns = lines[0].split(",")
    assert columns[-1] == "member" not in columns[:-1]
    empty = (len(columns) - 7) * ","
    assert lines[1] == f"a,1.000000,$data_root/x.tar,,,s{empty},512:100"
    assert lines[2] == f"b,1.000000,$data_root/b.wav,,,s{empty},"
    table = read_manifest(source)
    assert "member" not in table
    paths = [f"{tmp_path}/x.tar/512:100", f"{tmp_path}/b.wav"]
    assert table["wav"].tolist() == paths
    write_manifest(tmp_path, {"pool": rows[1:]}, {"fingerprint": "0"})
    lines = (tmp_path / "pool.csv").read_text().splitlines()
    assert lines[0].split(",") == columns[:-1]


def test_a_file_in_a_folder_called_tar_is_a_file(make, tmp_path):
    path = make.noise(tmp_path / "a.tar" / "1.wav")
    assert split_address(path) == (str(path), None)
    assert probe(path) == (800, 16000, 1)
    assert soundfile.info(path).frames == len(read_utterance(str(path)))


def test_a_touched_tar_and_another_place_are_embedded_again(tmp_path, make):
    for name in ("id1/1.wav", "id1/2.wav"):
        make.noise(tmp_path / "pool" / name)
    (tar,) = pack_tars(tmp_path / "pool", tmp_path, n_tars=1)
    places = [place for place, _ in list_members(tar, (".wav",)).values()]
    source = Source(str(tmp_path / "pool.csv"), str(tmp_path))

    def computed(place):
        row = Utterance(
            ID="a", duration=0.05, wav=f"{tar.name}/{place}", spk_id="s"
        )
        write_manifest(tmp_path, {"pool": [row]}, {"fingerprint": "0"})
        embed_utterances([source], tmp_path / "embeddings", "stats")
        return len(read_cache(tmp_path / "embeddings", "stats").vectors)

    assert [computed(places[0]), computed(places[0])] == [1, 1]
    assert computed(places[1]) == 2
    os.utime(tar, ns=(0, 0))
    assert computed(places[1]) == 3
