"""Which utterances are still those that were computed."""

import multiprocessing
import os
import pathlib

import pandas
import pytest
from data_prep.storage.files import read_json
from emoclust_lobes.audio import signatures
from emoclust_lobes.audio.signatures import audio_digest, sign_utterances


def test_a_signature_is_of_the_file_and_the_segment(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(bytes(44))
    rows = [["a", str(path), 0, 800], ["b", str(path), 400, 1200]]
    rows += [["c", str(path), "", ""], ["d", "gone.wav", "", ""]]
    table = pandas.DataFrame(rows, columns=["ID", "wav", "start", "stop"])
    found, signatures, problems = sign_utterances(table)
    assert found["ID"].tolist() == ["a", "b", "c"]
    status = path.stat()
    file = [status.st_size, status.st_mtime_ns]
    segments = [[-1, 800], [400, 1200], [-1, -1]]  # 0 is where the file begins
    assert signatures.tolist() == [[*file, *segment] for segment in segments]
    assert problems == ["gone.wav: No such file or directory"]
    path.write_bytes(bytes(46))
    _, changed, _ = sign_utterances(table)
    assert (changed[:, 0] == 46).all()


def test_other_audio_of_the_same_size_is_noticed_and_a_copy_is_not(tmp_path):
    paths = [tmp_path / name for name in ("a.wav", "b.wav")]
    for number, path in enumerate(paths):
        path.write_bytes(bytes([number]) * 400)
    table = pandas.DataFrame({"ID": ["a", "b"], "wav": map(str, paths)})
    table = table.assign(start="", stop="")
    cache = tmp_path / "audio"
    digest = audio_digest(table, cache)
    # A copy elsewhere, with other times of change
    moved = tmp_path / "moved"
    moved.mkdir()
    for path in paths:
        (moved / path.name).write_bytes(path.read_bytes())
    there = table.assign(wav=[str(moved / x.name) for x in paths])
    assert audio_digest(there[::-1], cache) == digest
    assert audio_digest(table, cache) == digest
    paths[1].write_bytes(bytes([7]) * 400)
    os.utime(paths[1], ns=(1, 1))
    assert audio_digest(table, cache) != digest
    # Another segment is other audio, too
    paths[1].write_bytes(bytes([1]) * 400)
    assert audio_digest(table, cache) == digest
    assert audio_digest(table.assign(stop=[80, ""]), cache) != digest
    paths[0].unlink()
    with pytest.raises(FileNotFoundError, match=r"a\.wav"):
        audio_digest(table, cache)


def test_runs_that_share_a_folder_read_a_corpus_once(tmp_path, monkeypatch):
    read = []
    monkeypatch.setattr(
        signatures,
        "_digest",
        lambda wav, really=signatures._digest: read.append(wav) or really(wav),
    )
    paths = [str(tmp_path / f"{n}.wav") for n in range(6)]
    for number, path in enumerate(paths):
        pathlib.Path(path).write_bytes(bytes([number]) * 400)
    table = pandas.DataFrame({"ID": list("abcdef"), "wav": paths})
    table = table.assign(start="", stop="")
    folds = [table[:4], table[2:], table[::2]]
    digests = [audio_digest(each, tmp_path / "audio") for each in folds]
    assert sorted(read) == paths
    assert len(set(digests)) == 3
    for number, each in enumerate(folds):  # each by itself says the same
        alone = audio_digest(each, tmp_path / f"alone_{number}")
        assert alone == digests[number]
    (tmp_path / "audio/digests.json").write_text("{")
    assert audio_digest(table[:4], tmp_path / "audio") == digests[0]


def test_processes_at_once_lose_no_digest(tmp_path):
    tables = []
    for number in range(4):
        path = tmp_path / f"{number}.wav"
        path.write_bytes(bytes([number]) * 400)
        row = {"ID": "a", "wav": str(path), "start": "", "stop": ""}
        tables.append(pandas.DataFrame([row]))
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        jobs = [(table, tmp_path / "audio") for table in tables]
        assert len(set(pool.starmap(audio_digest, jobs))) == 4
    known = read_json(tmp_path / "audio/digests.json")
    assert sorted(known) == [table["wav"][0] for table in tables]
