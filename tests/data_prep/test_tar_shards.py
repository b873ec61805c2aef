"""Recordings in tars: where they are, that no more is read, what is refused."""

import io
import json
import os
import shutil
import subprocess
import tarfile
import tracemalloc

import pytest
import soundfile
import torch
from data_prep.audio_files import AUDIO_SUFFIXES
from data_prep.audio_probe import probe
from data_prep.errors import ManifestError, UnusableAudio
from data_prep.manifest import Source, Utterance, read_manifest, write_manifest
from data_prep.tar_shards import (
    audio_status,
    list_members,
    name_audio,
    open_audio,
    split_address,
)
from emoclust_lobes.analysis.listen import embed_audio, link
from emoclust_lobes.analysis.utterances import level
from emoclust_lobes.audio import read_utterance
from emoclust_lobes.embedding_cache import read_cache
from emoclust_lobes.embeddings import embed_utterances
from emoclust_lobes.testing import pack_tars
from hypothesis import (
    HealthCheck,
    given,
    settings,
    strategies as st,
)

FORMATS = {
    "ustar": tarfile.USTAR_FORMAT,
    "gnu": tarfile.GNU_FORMAT,
    "pax": tarfile.PAX_FORMAT,
}
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


def put(path, *members, **kwargs):
    """Write a tar of (name, content) or (TarInfo, content)."""
    with tarfile.open(path, "w", **kwargs) as tar:
        for info, content in members:
            if isinstance(info, str):
                info = tarfile.TarInfo(info)
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


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


def info_of(name, **values):
    info = tarfile.TarInfo(name)
    for key, value in values.items():
        setattr(info, key, value)
    return info


SPARSE = {"GNU.sparse.map": "0,1", "GNU.sparse.size": "9"}
BAD_MEMBERS = {
    "an absolute path": (
        info_of("/etc/1.wav"),
        "/etc/1.wav is an absolute path",
    ),
    "a path out": (
        info_of("a/../../1.wav"),
        "a/../../1.wav is a path that leads out of it",
    ),
    "a symbolic link": (
        info_of("a/1.wav", type=tarfile.SYMTYPE, linkname="/etc/hosts"),
        "a/1.wav is a link",
    ),
    "a hard link": (
        info_of("a/1.wav", type=tarfile.LNKTYPE, linkname="a/0.wav"),
        "a/1.wav is a link",
    ),
    "a pipe": (
        info_of("a/1.wav", type=tarfile.FIFOTYPE),
        "a/1.wav is a device or a pipe",
    ),
    "a device": (
        info_of("a/1.wav", type=tarfile.CHRTYPE, devmajor=1, devminor=5),
        "a/1.wav is a device or a pipe",
    ),
    "a name that is there": (
        info_of("./a//0.wav"),
        "./a//0.wav is there twice",
    ),
    "a sparse file": (
        info_of("a/1.wav", pax_headers=SPARSE),
        "a/1.wav is a sparse file",
    ),
    "a label": (info_of("a/1.wav", type=b"V"), "a/1.wav is no file"),
}


@pytest.mark.parametrize("bad", BAD_MEMBERS)
def test_a_tar_with_anything_but_files_is_refused(tmp_path, bad):
    info, message = BAD_MEMBERS[bad]
    tar = put(tmp_path / "a.tar", ("a/0.wav", b"x" * 700), (info, b""))
    with pytest.raises(UnusableAudio) as error:
        list_members(tar, (".wav",))
    assert str(error.value) == message


def test_all_that_is_refused_in_a_tar_is_named(tmp_path):
    infos = [info_of(f"/{n}.wav") for n in range(7)]
    tar = put(tmp_path / "a.tar", *((info, b"") for info in infos))
    with pytest.raises(UnusableAudio) as error:
        list_members(tar, (".wav",))
    assert str(error.value).endswith("/4.wav is an absolute path and 2 more")


@pytest.mark.parametrize("mode", ["gz", "bz2", "xz"])
@pytest.mark.parametrize("ending", [".tar", "full"])
def test_a_compressed_tar_is_refused(tmp_path, mode, ending):
    path = tmp_path / f"a.tar{'' if ending == '.tar' else f'.{mode}'}"
    with tarfile.open(path, f"w:{mode}") as tar:
        tar.addfile(info_of("a/1.wav"))
    message = "compressed: to read single recordings takes an uncompressed .tar"
    with pytest.raises(UnusableAudio, match=message):
        list_members(path, (".wav",))


def test_a_tar_is_whole_or_refused_wherever_it_is_cut(tmp_path):
    contents = {"a/0.wav": b"x" * 700, "a/1.wav": b"y" * 512, "a/2.wav": b""}
    tar = put(tmp_path / "a.tar", *contents.items())
    whole = tar.read_bytes()
    members = list_members(tar, (".wav",))
    # Three headers, and three blocks of content; then, zeros
    last = 6 * 512
    for cut in [*range(0, last + 512, 64), 3 * 512 - 1, last + 511]:
        tar.write_bytes(whole[:cut])
        with pytest.raises(UnusableAudio, match=r"truncated|no tar"):
            list_members(tar, (".wav",))
    tar.write_bytes(whole[: last + 512])
    assert list_members(tar, (".wav",)) == members


def test_what_follows_the_end_is_not_passed_over(tmp_path):
    tars = [put(tmp_path / f"{x}.tar", (f"{x}/1.wav", b"z")) for x in "ab"]
    joined = tmp_path / "joined.tar"
    joined.write_bytes(b"".join(tar.read_bytes() for tar in tars))
    with pytest.raises(UnusableAudio, match="at byte 1024, or tars joined"):
        list_members(joined, (".wav",))


def test_a_size_below_zero_does_not_lead_round_in_circles(tmp_path):
    tar = put(tmp_path / "a.tar", ("a/0.wav", b"x"), (info_of("a/1.wav"), b""))
    content = bytearray(tar.read_bytes())
    header = info_of("a/1.wav", size=-1024).tobuf(tarfile.GNU_FORMAT)
    content[1024:1536] = header
    tar.write_bytes(content)
    with pytest.raises(UnusableAudio, match="damaged"):
        list_members(tar, (".wav",))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    form=st.sampled_from(list(FORMATS.values())),
    changes=st.lists(st.tuples(st.integers(0, 6000), st.binary(max_size=16))),
    cut=st.integers(0, 10240) | st.just(10240),
)
def test_a_tar_of_any_bytes_is_read_or_refused(tmp_path, form, changes, cut):
    path = put(
        tmp_path / "a.tar",
        ("id1/1.wav", b"x" * 600),
        (info_of("id1/2.wav", mtime=0.5, uname="é"), b""),
        ("1.json", b'{"speaker": "a"}'),
        format=form,
    )
    content = bytearray(path.read_bytes())
    for place, replacement in changes:
        content[place : place + len(replacement)] = replacement
    path.write_bytes(content[:cut])
    try:
        members = list_members(path, (".wav",))
    except UnusableAudio:
        return
    for name, (place, _) in members.items():
        assert ".." not in name.split("/") and not name.startswith("/")
        _, (offset, size) = split_address(f"{path}/{place}")
        assert offset + size <= len(content[:cut])
        assert len(open_audio(f"{path}/{place}").read()) == size


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
    assert probe(f"{tar}/{place}") == (16000, 16000)
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
    assert lines[0].endswith(",label_source,member")
    assert lines[1] == "a,1.000000,$data_root/x.tar,,,s,,,,,,512:100"
    assert lines[2] == "b,1.000000,$data_root/b.wav,,,s,,,,,,"
    table = read_manifest(source)
    assert "member" not in table
    paths = [f"{tmp_path}/x.tar/512:100", f"{tmp_path}/b.wav"]
    assert table["wav"].tolist() == paths
    write_manifest(tmp_path, {"pool": rows[1:]}, {"fingerprint": "0"})
    lines = (tmp_path / "pool.csv").read_text().splitlines()
    assert lines[0].endswith(",label_source")


def test_a_file_in_a_folder_called_tar_is_a_file(make, tmp_path):
    path = make.noise(tmp_path / "a.tar" / "1.wav")
    assert split_address(path) == (str(path), None)
    assert probe(path) == (800, 16000)
    assert soundfile.info(path).frames == len(read_utterance(str(path)))


def test_links_to_tars_lead_where_they_may(make, tmp_path, monkeypatch):
    make.noise(tmp_path / "pool/id1/1.wav")
    (tar,) = pack_tars(tmp_path / "pool", tmp_path / "elsewhere", n_tars=1)
    (place, _) = list_members(tar, (".wav",))["id1/1.wav"]
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.tar").symlink_to(tar)
    row = Utterance(ID="a", duration=1, wav=f"a.tar/{place}", spk_id="s")
    write_manifest(tmp_path, {"pool": [row]}, {"fingerprint": "0"})
    source = Source(str(tmp_path / "pool.csv"), str(tmp_path / "data"))
    with pytest.raises(ManifestError, match=f"links lead out .* to {tar}/"):
        read_manifest(source)
    monkeypatch.setenv("EMOCLUST_LINKS", str(tar.parent))
    (path,) = read_manifest(source)["wav"]
    assert len(read_utterance(path)) == 800


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
