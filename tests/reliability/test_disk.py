"""Disks that are full or read-only, and files that cannot grow."""

import errno
import resource
import signal

import numpy as np
import pandas
import pytest
import yaml
from data_prep.storage.files import read_json, replacing, write_json
from emoclust_lobes.cli import main
from emoclust_lobes.embeddings.cache import read_cache
from emoclust_lobes.embeddings.parts import Embeddings, merge_parts
from emoclust_lobes.features.shards import ShardWriter, read_index
from emoclust_lobes.synthetic.embeddings import add_embeddings, cached_ids
from stages import YAML
from workers import checkpointer_in, die_inside_a_save, save_twice


def with_limit(n_bytes, function, *arguments):
    """Do something while no file may be larger; return what was raised."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        with pytest.raises(EnvironmentError) as caught:
            function(*arguments)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    return repr(caught.value)


def rows(n):
    """Embeddings of n utterances."""
    ids = np.array([f"u{x}" for x in range(n)])
    vectors = np.ones((n, 64), dtype="float32")
    return Embeddings({"name": "e"}, ids, np.zeros((n, 4), "int64"), vectors)


def test_a_file_that_cannot_grow_keeps_what_it_held(tmp_path):
    path = tmp_path / "metrics.json"
    write_json(path, {"uar": 0.5})
    error = with_limit(10_000, write_json, path, ["x" * 20_000])
    assert error.startswith(f"OSError({errno.EFBIG}, ")
    assert read_json(path) == {"uar": 0.5}
    assert list(tmp_path.iterdir()) == [path]


def test_a_cache_that_cannot_grow_keeps_its_rows(tmp_path):
    add_embeddings(tmp_path, rows(3))
    rows(1000).save(tmp_path / "e/parts/1.npz")
    error = with_limit(10_000, merge_parts, tmp_path, "e")
    assert f"OSError({errno.EFBIG}, " in error
    assert cached_ids(read_cache(tmp_path, "e")) == ["u0", "u1", "u2"]
    merge_parts(tmp_path, "e")
    cache = read_cache(tmp_path, "e")
    np.testing.assert_array_equal(cache.vectors, np.ones((1003, 64)))


def test_a_part_without_room_keeps_what_it_held(tmp_path):
    path = tmp_path / "part.npz"
    rows(3).save(path)
    assert "OSError" in with_limit(10_000, rows(1000).save, path)
    assert Embeddings.load(path).ids.tolist() == ["u0", "u1", "u2"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_named_with_the_file(mount):
    folder = mount("small", "size=64k")
    write_json(folder / "first.json", {"uar": 0.5})
    for write in (
        lambda: write_json(folder / "first.json", ["x" * 100_000]),
        lambda: rows(1000).save(folder / "first.json"),
    ):
        with pytest.raises(OSError, match="first.json") as caught:
            write()
        assert "No space left" in str(caught.value)
        assert read_json(folder / "first.json") == {"uar": 0.5}
    write_json(folder / "second.json", {"uar": 0.6})  # there is room again


def test_parts_stay_until_the_cache_has_room_for_them(mount):
    folder = mount("small", "size=128k")
    (folder / "filler").write_bytes(bytes(60_000))
    part = folder / "e/parts/1.npz"
    rows(150).save(part)
    with pytest.raises(OSError, match=r"No space left.*vectors-.*\.f32"):
        merge_parts(folder, "e")
    assert part.exists()
    (folder / "filler").unlink()
    merge_parts(folder, "e")
    assert len(read_cache(folder, "e")) == 150
    assert not part.exists()


def test_numpy_does_not_say_why_but_the_file_is_named(mount):
    folder = mount("small", "size=256k")
    array = np.zeros(100_000)
    with pytest.raises(OSError, match="x.npy"):
        with replacing(folder / "x.npy", "wb") as stream:
            np.save(stream, array)
    assert not list(folder.iterdir())


def test_a_shard_without_room_is_not_in_the_index(mount):
    folder = mount("small", "size=256k")
    ids = rows(3).ids
    signatures = np.zeros((3, 4), dtype="int64")
    shards = ShardWriter(folder, pandas.Series(ids), signatures, 0.05)
    half = np.ones((1000, 32), dtype="float16")  # 64 kB
    shards.add(0, half)
    shards.add(1, half)
    with pytest.raises(OSError, match=".npy'"):
        shards.add(2, np.ones((4000, 32), dtype="float16"))
    assert read_index(folder)["ID"].tolist() == ["u0", "u1"]


@pytest.mark.slow
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_kill_inside_a_save_leaves_the_checkpoint_before(
    place, start, tmp_path
):
    process = start(die_inside_a_save, tmp_path, place)
    process.join(300)
    assert process.exitcode == -signal.SIGKILL
    assert list(tmp_path.glob("unfinished/CKPT*/CKPT.yaml"))  # it was inside
    checkpointer, net, _ = checkpointer_in(tmp_path)
    found = checkpointer.recover_if_possible()
    assert found.meta["value"] == 1.0
    assert (net.weight == 1).all()
    # The next save clears up, and counts
    checkpointer.save_and_keep_only(meta={"value": 3.0})
    assert len(list(tmp_path.iterdir())) == 1
    assert checkpointer.recover_if_possible().meta["value"] == 3.0


def test_a_checkpoint_is_read_once(tmp_path, monkeypatch):
    checkpointer, *_ = checkpointer_in(tmp_path)
    opened = []
    load = yaml.load
    monkeypatch.setattr(
        yaml, "load", lambda x, **y: opened.append(x.name) or load(x, **y)
    )
    for value in (1.0, 3.0, 2.0, 0.0):
        checkpointer.save_and_keep_only(
            meta={"value": value}, max_keys=["value"]
        )
    assert len(opened) == len(set(opened)) <= 4
    # Another process finds the best and the last
    found, *_ = checkpointer_in(tmp_path)
    assert found.find_checkpoint(max_key="value").meta["value"] == 3.0
    assert found.find_checkpoint().meta["value"] == 0.0


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path):
    error = with_limit(50_000, save_twice, tmp_path)
    assert f"no checkpoint could be written to {tmp_path}" in error
    assert "the one before is kept" in error
    (left,) = tmp_path.iterdir()
    assert "value: 1" in (left / "CKPT.yaml").read_text()


def test_a_folder_that_cannot_be_written_is_named_in_one_line(
    corpus, mount, capsys
):
    folder = mount("readable", "size=1m,ro")
    words = [f"--data_folder={corpus}", f"--output_folder={folder}/out"]
    code = main(["prepare", str(YAML), *words, "--expect_complete=False"])
    assert code == 2
    (line,) = capsys.readouterr().err.splitlines()[-1:]
    assert line.startswith("emoclust: error: [Errno 30] Read-only file system")
    assert str(folder) in line
