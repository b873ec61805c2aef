"""Two processes never write into one folder."""

import os
import socket
import threading

import numpy as np
import pytest
from data_prep import prepare_ravdess
from data_prep.manifests.summary import read_summary
from data_prep.pools.preparation import prepare_pools
from data_prep.storage import locks
from data_prep.storage.files import read_json, write_json
from data_prep.storage.locks import OWNER, FolderInUseError, locked
from emoclust_lobes.embeddings.cache import read_cache
from emoclust_lobes.synthetic import make_pool
from emoclust_lobes.synthetic.embeddings import cached_ids
from workers import count, embed, hold, hold_with_child, wait_for


@pytest.fixture
def held(start, tmp_path):
    """Function that lets another process lock a folder: its release."""

    def hold_it(folder, how=hold):
        ready, release = tmp_path / "ready", tmp_path / "release"
        process = start(how, folder, ready, release)
        wait_for(ready.exists)
        return process, release

    return hold_it


def test_a_second_process_stops_and_says_who_has_the_folder(held, tmp_path):
    process, release = held(tmp_path)
    with pytest.raises(FolderInUseError) as error:
        with locked(tmp_path):
            pass
    message = str(error.value)
    assert f"{tmp_path} is in use by process {process.pid}" in message
    assert f" on {socket.gethostname()} since 20" in message
    assert "output_folder" in message and "remove" not in message
    release.touch()
    process.join()
    with locked(tmp_path):
        assert read_json(tmp_path / OWNER)["pid"] == os.getpid()
    assert not (tmp_path / OWNER).exists()


def test_a_second_process_waits_where_it_shall(held, tmp_path, start):
    process, release = held(tmp_path)
    waiting = start(count, tmp_path, 1)
    waiting.join(0.5)
    assert waiting.is_alive() and not (tmp_path / "number").exists()
    release.touch()
    waiting.join(300)
    assert (tmp_path / "number").read_text() == "1"


def test_who_waits_says_for_whom(held, tmp_path, caplog):
    process, release = held(tmp_path)
    threading.Timer(0.5, release.touch).start()
    with locked(tmp_path, wait=True):
        pass
    # Others log more where an earlier test has trained in this process
    (line,) = (x.message for x in caplog.records if x.name == locks.__name__)
    assert f"in use by process {process.pid} on" in line
    assert line.endswith(": waiting for it")


@pytest.mark.parametrize("place", ["fold", "fold/pools/calls"])
def test_a_manifest_that_another_process_writes_is_waited_for(
    held, place, corpus, tmp_path, monkeypatch
):
    process, release = held(tmp_path / place)
    # It writes until it is waited for
    monkeypatch.setattr(locks.logger, "warning", lambda _: release.touch())
    pool, fold = tmp_path / "calls", tmp_path / "fold"
    make_pool(pool, n_speakers=2, n_sessions=1, n_utterances=2)
    prepare_ravdess(corpus, fold, expect_complete=False)
    prepare_pools([pool], corpus, fold)
    assert release.exists()
    process.join(300)
    assert read_summary(tmp_path / place)["utterances"]["pool"]


def test_the_lock_of_a_dead_process_is_taken_over(held, tmp_path, caplog):
    process, _ = held(tmp_path)
    process.kill()
    process.join()
    assert read_json(tmp_path / OWNER)["pid"] == process.pid
    with locked(tmp_path):
        pass
    assert f"was left by process {process.pid}" in caplog.text
    assert "which has ended" in caplog.text


def test_children_that_outlive_a_process_do_not_keep_its_lock(held, tmp_path):
    process, release = held(tmp_path, hold_with_child)
    process.kill()
    process.join()
    with locked(tmp_path):
        pass
    release.touch()  # ends the child


def test_a_process_on_another_machine_is_not_taken_over(tmp_path):
    owner = {"pid": 7, "host": "elsewhere", "since": "today", "command": "x"}
    write_json(tmp_path / OWNER, owner)
    for wait in (False, True):
        with pytest.raises(FolderInUseError, match="on elsewhere since today"):
            with locked(tmp_path, wait=wait):
                pass
    with pytest.raises(FolderInUseError, match=f"remove .*{OWNER}"):
        with locked(tmp_path):
            pass
    assert read_json(tmp_path / OWNER) == owner
    (tmp_path / OWNER).unlink()
    with locked(tmp_path):
        pass


def test_a_process_may_lock_twice(tmp_path, start):
    with locked(tmp_path):
        with locked(tmp_path, wait=True):
            pass
        assert read_json(tmp_path / OWNER)["pid"] == os.getpid()
        other = start(count, tmp_path, 1)
        other.join(0.5)
        assert other.is_alive()
    other.join(300)
    assert other.exitcode == 0


def test_an_error_gives_the_folder_back(tmp_path):
    with pytest.raises(ZeroDivisionError):
        with locked(tmp_path):
            raise ZeroDivisionError
    with locked(tmp_path):
        pass


def test_a_folder_that_cannot_be_written_needs_no_lock(mount):
    folder = mount("readable", "size=1m,ro")
    with locked(folder):
        assert not list(folder.iterdir())


def test_many_writers_lose_nothing(start, tmp_path):
    writers = [start(count, tmp_path, 20) for _ in range(4)]
    for writer in writers:
        writer.join(300)
    assert (tmp_path / "number").read_text() == "80"


def test_a_cache_with_many_writers_has_all_rows(start, tmp_path):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(30, 4)).astype("float32")
    ids = np.array([f"u{n:02}" for n in range(30)])
    signatures = np.arange(120).reshape(30, 4)
    writers = [
        start(embed, tmp_path, ids[x], signatures[x], vectors[x])
        for x in (slice(0, 12), slice(8, 22), slice(18, 30))
    ]
    for writer in writers:
        writer.join(300)
        assert writer.exitcode == 0
    cache = read_cache(tmp_path, "stats")
    assert cached_ids(cache) == ids.tolist()
    assert cache.is_current(ids, signatures).all()
    np.testing.assert_array_equal(cache.select(ids), vectors)
    assert not list(tmp_path.rglob("parts"))
