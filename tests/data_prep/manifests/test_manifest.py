"""The manifest on disk: its schema, its summary, and what is read of it."""

import collections
import csv
import json
import os

import pandas
import pytest
from data_prep import (
    COLUMNS,
    ManifestError,
    Source,
    Utterance,
    prepare_iemocap,
    read_manifest,
    read_manifests,
)
from data_prep.annotations.ratings import RATINGS
from data_prep.manifests.manifest import write_manifest
from data_prep.manifests.summary import read_summary
from emoclust_lobes.audio.reading import read_utterance

from speechbrain.dataio.dataset import DynamicItemDataset
from speechbrain.utils.data_pipeline import provides, takes

CONTRACT = (
    "ID,duration,wav,start,stop,spk_id,gender,session,sentence,emotion,"
    "label_source,votes,arousal,valence,dominance,intensity"
)


def test_columns_are_those_of_the_contract(prepared):
    corpus, folder = prepared
    assert ",".join(COLUMNS) == CONTRACT
    for name in ("train.csv", "valid.csv", "test.csv", "pool.csv"):
        content = (folder / name).read_bytes()
        assert content.startswith(f"{CONTRACT}\n".encode())
        assert b"\r" not in content
        assert str(corpus).encode() not in content


def test_rows_read_as_text_with_paths_that_open(prepared):
    corpus, folder = prepared
    table = read_manifest(Source(str(folder / "test.csv"), str(corpus)))
    row = table[table["ID"] == "1001_IEO_SAD_XX"].iloc[0]
    assert row.to_dict() == {
        "ID": "1001_IEO_SAD_XX",
        "duration": pytest.approx(811 / 16000, abs=1e-6),
        "wav": f"{corpus}/AudioWAV/1001_IEO_SAD_XX.wav",
        "start": "",
        "stop": "",
        "spk_id": "1001",
        "gender": "M",
        "session": "",
        "sentence": "IEO",
        "emotion": "sad",
        "label_source": "intended",
        **dict.fromkeys(["votes", *RATINGS], ""),
    }
    assert all(map(os.path.isfile, table["wav"]))
    assert list(table["ID"]) == sorted(table["ID"])


def test_several_manifests_read_as_one_with_each_id_once(prepared):
    corpus, folder = prepared
    sources = [
        Source(str(folder / f"{name}.csv"), str(corpus))
        for name in ("pool", "train", "test")
    ]
    table = read_manifests(sources)
    pool, train, test = map(read_manifest, sources)
    assert set(train["ID"]) <= set(pool["ID"])
    assert list(table["ID"]) == [*pool["ID"], *test["ID"]]
    assert list(table.index) == list(range(len(table)))
    numbered = read_manifests(sources, numbered=True)
    assert numbered.columns[-1] == "manifest"
    places = numbered.pop("manifest")
    assert list(places) == [0] * len(pool) + [2] * len(test)
    pandas.testing.assert_frame_equal(numbered, table)


def test_speechbrain_loads_the_rows_and_the_audio(prepared):
    corpus, folder = prepared

    @takes("wav", "start", "stop")
    @provides("signal")
    def load(wav, start, stop):
        return read_utterance(wav, start, stop)

    dataset = DynamicItemDataset.from_csv(
        str(folder / "valid.csv"), replacements={"data_root": str(corpus)}
    )
    dataset.add_dynamic_item(load)
    dataset.set_output_keys(["id", "signal", "duration", "emotion"])
    table = read_manifest(Source(str(folder / "valid.csv"), str(corpus)))
    assert len(dataset) == len(table) == 24
    for item, row in zip(dataset, table.itertuples(), strict=True):
        assert item["id"] == row.ID
        assert item["emotion"] == row.emotion
        assert len(item["signal"]) == round(item["duration"] * 16000)


def test_a_row_has_all_values_and_nothing_where_nothing_is_known():
    whole = Utterance(ID="a", wav="b/a.wav", spk_id="s", duration=0.1234567)
    assert whole.row() == ["a", "0.123457", "$data_root/b/a.wav", "", ""] + (
        ["s", *[""] * 10]
    )
    part = Utterance(ID="a", wav="a.wav", spk_id="s", start=0, stop=8000)
    assert part.row()[3:5] == [0, 8000]


def write(folder, names, emotion=""):
    """Write a pool of utterances of these names, and return its CSV."""
    rows = [
        Utterance(
            ID=name,
            duration=1.23456,
            wav=f"{name}.wav",
            spk_id="s",
            emotion=emotion,
        )
        for name in names
    ]
    folder.mkdir(exist_ok=True)
    write_manifest(folder, {"pool": rows}, {"fingerprint": "0"})
    return str(folder / "pool.csv")


@pytest.mark.parametrize("root", ["/", "/data", "/data/", "/X", "in/here"])
def test_paths_go_on_from_the_root(tmp_path, monkeypatch, root):
    monkeypatch.chdir(tmp_path)
    table = read_manifest(Source(write(tmp_path, "ab"), root))
    expected = [os.path.join(os.path.abspath(root), f"{x}.wav") for x in "ab"]
    assert table["wav"].tolist() == expected


def test_a_manifest_that_is_not_there_is_named(tmp_path):
    path = f"{tmp_path}/train.csv"
    with pytest.raises(ManifestError, match=f"no manifest {path}: prepare it"):
        read_manifest(Source(path, "/data"))


def test_no_manifest_reads_as_one_without_rows(tmp_path):
    empty = read_manifest(Source(write(tmp_path, ""), ""))
    pandas.testing.assert_frame_equal(read_manifests([]), empty)
    assert list(empty.columns) == list(COLUMNS)


def test_seconds_are_told_to_the_millisecond(tmp_path):
    write(tmp_path, "ab")
    assert read_summary(tmp_path)["seconds"] == {"pool": 2.469}


def test_summary_counts_what_the_files_hold(iemocap, tmp_path):
    prepare_iemocap(iemocap, tmp_path, expect_complete=False)
    summary = read_summary(tmp_path)
    assert summary["classes"] == ["ang", "hap", "neu", "sad"]
    assert set(summary["files"]) == {
        path.name for path in tmp_path.glob("*.csv")
    }
    for split, counts in summary["counts"].items():
        with open(tmp_path / f"{split}.csv", newline="") as stream:
            rows = list(csv.DictReader(stream))
        expected = collections.Counter(
            (row["emotion"], row["spk_id"]) for row in rows
        )
        flat = {
            (emotion, speaker): count
            for emotion, speakers in counts.items()
            for speaker, count in speakers.items()
        }
        assert flat == expected
        assert summary["utterances"][split] == len(rows)
        seconds = sum(float(row["duration"]) for row in rows)
        assert summary["seconds"][split] == pytest.approx(seconds, abs=1e-3)
    assert set(summary["counts"]["pool"]) == {"", "ang", "hap", "neu", "sad"}
    assert "" not in summary["counts"]["train"]


def test_manifest_json_is_plain_and_has_no_path(prepared):
    corpus, folder = prepared
    text = (folder / "manifest.json").read_text()
    assert str(corpus.parent) not in text
    summary = json.loads(text)
    assert summary["arguments"] == {
        "fold": 1,
        "classes": 6,
        "label_source": "intended",
        "target": "class",
        "expect_complete": False,
        "trim_silence": None,
    }
    assert summary["corpus"] == "CREMA-D"
    assert len(summary["fingerprint"]) == 64
