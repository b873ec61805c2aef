"""Tars that are refused: members that are no files, compression, damage."""

import tarfile

import hypothesis.strategies as st
import pytest
from data_prep.errors import UnusableAudio
from data_prep.recordings.tar_shards import (
    list_members,
    open_audio,
    split_address,
)
from hypothesis import HealthCheck, given, settings

from tests.data_prep.tars import FORMATS, info_of, put


def test_what_is_no_file_is_refused(tmp_path):
    label = info_of("a/1.wav", type=b"V")
    tar = put(tmp_path / "a.tar", ("a/0.wav", b"x" * 700), (label, b""))
    with pytest.raises(UnusableAudio, match="^a/1.wav is no file$"):
        list_members(tar, (".wav",))


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
